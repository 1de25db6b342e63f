"""A bucket of one of three clouds as a storage: LIST, GET and HEAD, with short retries."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from traits_sandbox.bulk.storage.protocol import Access, ObjectGone, compare, faulty, mistaken
from traits_sandbox.bulk.values import Stored
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required
from traits_sandbox.reporting.masking import Masker

if TYPE_CHECKING:
    from obstore.store import ObjectStore

# What the option is called that names another server than the cloud's.
_ENDPOINTS: Final = {"s3": "endpoint", "gs": "base_url", "az": "endpoint"}
_ENVIRONMENT: Final = ("AWS_", "GOOGLE_", "AZURE_")
_PAGE: Final = 1000

# A server that does not answer is given up after about ten seconds, one that dribbles after some more.
_CLIENT: Final = {"allow_http": True, "connect_timeout": "3s", "read_timeout": "10s", "timeout": "120s"}
_RETRIES: Final = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}

# What is known of an error is found in its text, most of which is not for showing.
_REASONS: Final = {
    "NoSuchBucket": "no such bucket",
    "ContainerNotFound": "no such container",
    "no bucket named": "no such bucket",
    "InvalidAccessKeyId": "the access key is unknown",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "ExpiredToken": "the token has expired",
    "AuthorizationPermissionMismatch": "the token does not allow it",
    "AuthenticationFailed": "the credentials are wrong",
    "AuthorizationFailure": "the credentials are wrong",
    "PermanentRedirect": "the bucket is in another region",
    "BareRedirect": "the bucket is in another region",
    "token request": "there are no credentials",
    "169.254.169.254": "there are no credentials",
    "Missing": "there are no credentials",
    "pem file": "the private key is not one",
    "401 Unauthorized": "the credentials are wrong",
    "403 Forbidden": "the credentials do not allow it",
    "Connection refused": "connection refused",
    "dns error": "unknown host",
    "certificate": "its certificate is not trusted",
    "InvalidContentType": "it does not speak TLS",
    "TimedOut": "timed out",
    "kind: Timeout": "timed out",
    "kind: Connect": "no connection",
}
_STATUS: Final = re.compile(r"status code: (\d{3})")
_SHRUNK: Final = re.compile(r"status code: 416|Wanted range starting")
_UNLISTED: Final = re.compile(r'[Pp]ath "(.*?)"(?: contained|: Encountered)', re.DOTALL)


class Bucket:
    """The objects below a prefix of a bucket."""

    def __init__(self, uri: str, access: Access) -> None:
        """Prepare to list and read.

        Raises:
            UsageError: the URI names no bucket, or the credentials cannot be any.

        """
        self.uri = uri
        self._store = _opened(uri, access)

    def files(self) -> list[Stored]:
        """Return every object; one whose key obstore does not take is returned with a fault."""
        from obstore.exceptions import InvalidPathError

        with _told(self.uri, "listed"):
            try:
                pages = self._store.list(chunk_size=_PAGE)
                return _without_markers([stored for page in pages for stored in map(_stored, page)])
            except InvalidPathError:
                return _without_markers(list(self._around(None)))

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return some bytes of an object, provided that it is still the one that was listed."""
        with _told(self.uri, "read"):
            result = self._store.get(stored.key, options={"range": (start, end)})
            _compare(stored, result.meta)
            return bytes(result.bytes())

    def check(self, stored: Stored) -> None:
        """Raise ObjectGone unless an object is what was listed."""
        with _told(self.uri, "read"):
            _compare(stored, self._store.head(stored.key))

    def _around(self, prefix: str | None) -> Iterator[Stored]:
        """List level by level: one unfit key hides only what is listed with it."""
        from obstore.exceptions import InvalidPathError

        try:
            level = self._store.list_with_delimiter(prefix)
        except InvalidPathError as error:
            yield _unlisted(prefix, error)
            return
        yield from map(_stored, level["objects"])
        for below in level["common_prefixes"]:
            yield from self._around(below)


def _opened(uri: str, access: Access) -> "ObjectStore":
    with required("bulk", by="bulk"):
        from obstore.exceptions import BaseError
        from obstore.store import AzureStore, GCSStore, S3Store
    url = urlsplit(uri)
    stores: dict[str, Any] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
    if "@" in url.netloc or url.query or url.fragment:
        raise UsageError(f"a {url.scheme}:// URI holds no credentials: give them in the environment or as options")
    if url.scheme not in stores or not url.netloc:
        raise mistaken(uri)
    endpoint = {_ENDPOINTS[url.scheme]: access.endpoint} if access.endpoint else {}
    try:
        opened: ObjectStore = stores[url.scheme](
            url.netloc,
            prefix=url.path.strip("/") or None,
            client_options=_CLIENT,
            retry_config=_RETRIES,
            **{**access.options, **endpoint},
        )
    except (BaseError, ValueError, TypeError, OSError) as error:
        told = str(error).partition("\n")[0][:200]
        raise UsageError(f"{uri} cannot be opened: {_redactor(access)(told)}") from None
    return opened


def _redactor(access: Access) -> Masker:
    """Return what masks everything that was given, as a library may quote it in its errors."""
    given = [value for name, value in os.environ.items() if name.startswith(_ENVIRONMENT)]
    return Masker({value for value in (*given, *map(str, access.options.values())) if value})


def _stored(meta: Any) -> Stored:
    return Stored(key=meta["path"], size=meta["size"], etag=_etag(meta), modified=meta["last_modified"].timestamp())


def _without_markers(files: list[Stored]) -> list[Stored]:
    """Leave out the empty objects by which consoles mark a folder: obstore drops the slash at their end."""
    folders = {stored.key.rpartition("/")[0] for stored in files}
    folders |= {above for folder in folders for above in accumulate(folder.split("/"), "{}/{}".format)}
    return [stored for stored in files if stored.size or stored.fault or stored.key not in folders]


def _compare(stored: Stored, meta: Any) -> None:
    compare(stored, size=meta["size"], etag=_etag(meta))


def _etag(meta: Any) -> str:
    return (meta["e_tag"] or "").strip('"')


def _unlisted(prefix: str | None, error: Exception) -> Stored:
    found = _UNLISTED.search(str(error))
    key = found[1] if found else f"{prefix or ''}/"
    beside = f"no other object right in {prefix}/ is" if prefix else "no other object is"
    fault = (
        "its key has an empty part, a part . or .., or a control character, and the listing ends there: "
        f"{beside} read until it is renamed"
    )
    return Stored(key=quote(key, safe="/= "), size=0, fault=fault)


@contextmanager
def _told(uri: str, verb: str) -> Iterator[None]:
    """Turn what the storage says into errors of ours, without the addresses and credentials in it."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        if verb == "listed":
            raise faulty(uri, verb, "it does not exist") from None
        raise ObjectGone("it is no longer there") from None
    except (BaseError, OSError, ValueError) as error:
        if verb == "read" and _SHRUNK.search(str(error)):
            raise ObjectGone("it changed after it was listed") from None
        raise faulty(uri, verb, _why(str(error), type(error).__name__)) from None


def _why(told: str, kind: str) -> str:
    found = next((words for sign, words in _REASONS.items() if sign in told), "")
    status = _STATUS.search(told)
    return found or (f"it answers {status[1]}" if status else kind)
