"""A bucket of one of three clouds as a storage: it sends LIST, GET and HEAD only, and retries for some seconds."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from traits_sandbox.bulk.storage.cloud_errors import (
    is_not_partial,
    is_out_of_range,
    named_in,
    reason_of,
    rejected_key,
)
from traits_sandbox.bulk.storage.cloud_options import client_options, unset_empty
from traits_sandbox.bulk.storage.cloud_reasons import ABOUT_ONE_OBJECT, CloudReason
from traits_sandbox.bulk.storage.protocol import (
    Access,
    GoneReason,
    ObjectError,
    ObjectGone,
    StorageAction,
    require_unchanged,
    storage_error,
)
from traits_sandbox.bulk.values import Stored
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required
from traits_sandbox.settings.storage_locations import location_of
from traits_sandbox.settings.storage_uris import CloudName
from traits_sandbox.trust import certificates

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PAGE: Final = 1000
# The module of the exception that reports a panic in Rust; this class is not an Exception.
_PANIC: Final = "pyo3_runtime"

# A server that does not answer fails after about ten seconds; one that sends very slowly fails a little later.
_CLIENT: Final = {"allow_http": True, "connect_timeout": "3s", "read_timeout": "10s", "timeout": "120s"}
_RETRIES: Final = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
# Google Cloud Storage decompresses what is stored with `Content-Encoding: gzip`, unless the client accepts gzip itself.
_AS_STORED: Final = {"default_headers": {"Accept-Encoding": "gzip"}}


class Bucket:
    """The objects below a prefix of a bucket."""

    def __init__(self, uri: str, access: Access) -> None:
        """Prepare to list and read; nothing is sent yet.

        Raises:
            UsageError: the URI has no bucket, or an option or a credential is not valid.

        """
        unset_empty(os.environ)
        self.uri, self._access, self._location = uri, access, location_of(uri)
        self._options = client_options(self._location, access, os.environ)
        self._store = self._open()
        self._as_stored: ObjectStore | None = None
        self._encodings: dict[str, str] = {}

    def files(self) -> list[Stored]:
        """Return every object, also one that cannot be read because of its key.

        If only obstore can list the bucket, such a key hides other objects, and has a fault that says so.
        """
        from obstore.exceptions import InvalidPathError

        with _mapping_errors(self.uri, StorageAction.LIST):
            try:
                pages = self._store.list(chunk_size=_PAGE)
                found = [stored for page in pages for stored in map(_stored, page)]
                if not self._drops_slashes():
                    return _without_markers(found)
            except InvalidPathError:
                pass
            from traits_sandbox.bulk.storage.whole_listing import whole_listing

            whole = whole_listing(self._location, self._options, os.environ, self._access.ca_file)
            return _without_markers(list(self._list_by_level(None)) if whole is None else whole)

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return some bytes of an object, if it has not changed after it was listed."""
        with _mapping_errors(self.uri, StorageAction.READ):
            result = self._get(stored, start, end)
            _require_unchanged(stored, result.meta)
            if encoding := result.attributes.get("Content-Encoding"):
                self._encodings[stored.key] = encoding
            return bytes(result.bytes())

    def encoding(self, stored: Stored) -> str:
        """Return the `Content-Encoding` of an object as it was when it was last read."""
        return self._encodings.get(stored.key, "")

    def check(self, stored: Stored) -> None:
        """Raise ObjectGone if an object is no longer as it was listed."""
        with _mapping_errors(self.uri, StorageAction.READ):
            _require_unchanged(stored, self._store.head(stored.key))

    def _open(self, **client: Any) -> "ObjectStore":
        with required("bulk", by="bulk"):
            from obstore.exceptions import BaseError, UnknownConfigurationKeyError
            from obstore.store import AzureStore, GCSStore, S3Store
        stores: dict[CloudName, Any] = {"s3": S3Store, "gs": GCSStore, "az": AzureStore}
        try:
            opened: ObjectStore = stores[self._location.cloud](
                self._location.bucket,
                prefix=self._location.prefix or None,
                client_options={**_CLIENT, **client, **_certificates(self._access.ca_file)},
                retry_config=_RETRIES,
                **self._options,
            )
        except UnknownConfigurationKeyError as error:
            names = ", ".join(named_in(error, self._options))
            raise UsageError(f"{self.uri} cannot be opened: {CloudReason.UNKNOWN_OPTION} ({names})") from None
        except (BaseError, ValueError, TypeError, OSError) as error:
            raise UsageError(f"{self.uri} cannot be opened: {reason_of(error)}") from None
        return opened

    def _get(self, stored: Stored, start: int, end: int) -> Any:
        """Ask for some bytes of an object, also where the server would decompress the whole object."""
        from obstore.exceptions import GenericError

        try:
            store = self._as_stored if self._encodings.get(stored.key) and self._as_stored else self._store
            return store.get(stored.key, options={"range": (start, end)})
        except GenericError as error:
            if not is_not_partial(error):
                raise
        self._as_stored = self._as_stored or self._open(**_AS_STORED)
        return self._as_stored.get(stored.key, options={"range": (start, end)})

    def _drops_slashes(self) -> bool:
        """Return whether keys begin with a slash, which obstore drops from them."""
        return not self._location.prefix and "" in self._store.list_with_delimiter(None)["common_prefixes"]

    def _list_by_level(self, prefix: str | None) -> Iterator[Stored]:
        """List folder by folder, so that a key that obstore does not accept only hides the objects of its folder."""
        from obstore.exceptions import InvalidPathError

        try:
            level = self._store.list_with_delimiter(prefix)
        except InvalidPathError as error:
            yield _unlisted(prefix, error)
            return
        yield from map(_stored, level["objects"])
        for below in level["common_prefixes"]:
            if below in ("", prefix):  # obstore drops the slash with which these keys begin.
                yield _unlisted_below(prefix)
            else:
                yield from self._list_by_level(below)


def _certificates(ca_file: str) -> dict[str, bytes]:
    """Return the client option with the certificates of a file.

    Raises:
        UsageError: the file has no readable certificates.

    """
    return {"root_certificate": certificates(ca_file)} if ca_file else {}


def _stored(meta: Any) -> Stored:
    return Stored(key=meta["path"], size=meta["size"], etag=_etag(meta), modified=meta["last_modified"].timestamp())


def _without_markers(files: list[Stored]) -> list[Stored]:
    """Remove the empty objects with which web consoles mark folders; obstore drops the slash at their end.

    So an empty object without a suffix is a marker even if nothing is in its folder.
    """
    folders = {stored.key.rpartition("/")[0] for stored in files}
    folders |= {above for folder in folders for above in accumulate(folder.split("/"), "{}/{}".format)}
    return [stored for stored in files if stored.size or stored.fault or not _may_be_marker(stored.key, folders)]


def _may_be_marker(key: str, folders: set[str]) -> bool:
    return key in folders or "." not in key.rpartition("/")[2]


def _require_unchanged(stored: Stored, meta: Any) -> None:
    require_unchanged(stored, size=meta["size"], etag=_etag(meta))


def _etag(meta: Any) -> str:
    return (meta["e_tag"] or "").strip('"')


def _unlisted(prefix: str | None, error: Exception) -> Stored:
    key = rejected_key(error) or f"{prefix or ''}/"
    hidden = f"other objects directly in {prefix}/ are" if prefix else "other objects are"
    fault = (
        "its key has an empty part, a part . or .., or a control character, and the listing ends there: "
        f"{hidden} not read until it is renamed"
    )
    return Stored(key=quote(key, safe="/= "), size=0, fault=fault)


def _unlisted_below(prefix: str | None) -> Stored:
    fault = "its key begins with a slash, so the objects below are not read until they are renamed"
    return Stored(key=f"{prefix or ''}//", size=0, fault=fault)


@contextmanager
def _mapping_errors(uri: str, action: StorageAction) -> Iterator[None]:
    """Turn errors of obstore into our own, without the addresses and credentials in their texts."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        if action is StorageAction.LIST:
            raise storage_error(uri, action, "it does not exist") from None
        raise ObjectGone(GoneReason.MISSING) from None
    except (BaseError, OSError, ValueError) as error:
        if action is StorageAction.READ and is_out_of_range(error):
            raise ObjectGone(GoneReason.CHANGED) from None
        reason = reason_of(error, action)
        if action is StorageAction.READ and reason in ABOUT_ONE_OBJECT:
            raise ObjectError(f"it cannot be {action} ({reason})") from None
        raise storage_error(uri, action, reason) from None
    except BaseException as error:
        if type(error).__module__ != _PANIC:
            raise
        raise storage_error(uri, action, CloudReason.UNKNOWN) from None
