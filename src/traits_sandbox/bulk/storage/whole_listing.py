"""Lists a bucket with every key as it is, also with keys that obstore refuses, which end its own listing.

This needs credentials that are values: keys, tokens or none. Where obstore gets them from elsewhere, for example from
the metadata service of a virtual machine, or where anything fails, there is no such listing.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Final
from urllib.error import URLError
from urllib.parse import unquote
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener
from xml.etree.ElementTree import Element, ParseError, fromstring

from msgspec.structs import replace

from traits_sandbox.bulk.storage.page_requests import MARKERS, PageRequests
from traits_sandbox.bulk.values import Stored
from traits_sandbox.settings.storage_uris import Location
from traits_sandbox.trust import trust

_TIMEOUT: Final = 20.0
_LARGEST_PAGE: Final = 64 * 2**20


class _NoRedirect(HTTPRedirectHandler):
    """Follows no redirect, because the credentials would go to another server."""

    def redirect_request(self, *_: object) -> None:
        """Return no request, so that the redirect is an error."""


def whole_listing(
    location: Location, options: Mapping[str, str], environment: Mapping[str, str], ca_file: str
) -> list[Stored] | None:
    """Return all objects below a place in a cloud, or None if they cannot be listed in this way."""
    requests = PageRequests.of(location, options, environment)
    if requests is None:
        return None
    try:
        found = [stored for page in _pages(requests, ca_file) for stored in _objects(page)]
    except (URLError, HTTPException, OSError, ParseError, ValueError, KeyError):
        return None
    prefix = f"{location.prefix}/" if location.prefix else ""
    return [_below(stored, prefix) for stored in found if stored.key.startswith(prefix) and stored.key[-1:] != "/"]


def _pages(requests: PageRequests, ca_file: str) -> Iterator[Element]:
    handlers = [HTTPSHandler(context=trust(ca_file))] if requests.secure else []
    opener = build_opener(_NoRedirect, *handlers)
    marker, seen = "", set[str]()
    while marker not in seen:
        seen.add(marker)
        url, headers = requests.next_page(marker)
        request = Request(url, headers=headers)  # noqa: S310  # the scheme was checked with the options
        with opener.open(request, timeout=_TIMEOUT) as reply:
            page = _without_namespaces(fromstring(reply.read(_LARGEST_PAGE)))  # noqa: S314  # expat limits entities
        yield page
        marker = next((text for name in MARKERS if (text := page.findtext(name))), "")
        if not marker:
            return


def _without_namespaces(page: Element) -> Element:
    for element in page.iter():
        element.tag = element.tag.rpartition("}")[2]
    return page


def _objects(page: Element) -> Iterator[Stored]:
    encoded = page.findtext("EncodingType") == "url"
    for each in page.iter("Contents"):
        key = each.findtext("Key") or ""
        yield _stored(each, unquote(key) if encoded else key, "Size", "LastModified", "ETag")
    for each in page.iter("Blob"):
        name = each.find("Name")
        if name is None or each.find("Properties") is None:
            continue
        key = unquote(name.text or "") if name.get("Encoded") == "true" else name.text or ""
        yield _stored(each, key, "Properties/Content-Length", "Properties/Last-Modified", "Properties/Etag")


def _stored(each: Element, key: str, size: str, modified: str, etag: str) -> Stored:
    return Stored(
        key=key,
        size=int(each.findtext(size) or 0),
        etag=(each.findtext(etag) or "").strip('"'),
        modified=_epoch(each.findtext(modified) or ""),
    )


def _epoch(text: str) -> float:
    """Return the epoch seconds of a time as RFC 3339 or as RFC 2822 has it."""
    return (datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)).timestamp()


def _below(stored: Stored, prefix: str) -> Stored:
    return replace(stored, key=stored.key.removeprefix(prefix))
