"""The files below a URI, in a local folder or in a bucket of one of three clouds; they are only listed and read."""

from collections.abc import Callable, Iterator

from traits_sandbox.bulk.storage.clouds import Bucket
from traits_sandbox.bulk.storage.folders import Folder
from traits_sandbox.bulk.storage.paths import as_text, local_path
from traits_sandbox.bulk.storage.protocol import Access, GoneReason, ObjectError, ObjectGone, Storage, StorageError
from traits_sandbox.bulk.values import Stored
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required
from traits_sandbox.settings.storage_uris import INSTEAD, STORAGES, location_of

__all__ = ["Access", "FileSource", "ObjectError", "ObjectGone", "StorageError"]


class FileSource:
    """The files below one URI: a path, `file://`, or one of a cloud in any of its spellings."""

    def __init__(self, uri: str, access: Access | None = None, *, on_read: Callable[[int], None] | None = None) -> None:
        """Prepare to list and read; the storage is not contacted yet. `on_read` is called with the size of each read.

        Raises:
            UsageError: the URI is not one of a storage, or the folder does not exist.

        """
        self.uri = uri
        self._storage = _open(uri, access or Access())
        self._on_read = on_read
        path = local_path(uri)
        # All spellings of a URI have the same name.
        self.name = as_text(path.resolve().as_posix()) if path else location_of(uri).name

    @property
    def local(self) -> bool:
        """Return whether the files are on this machine, where they can be seen before they are complete."""
        return isinstance(self._storage, Folder)

    def files(self) -> Iterator[Stored]:
        """Yield every file below the URI in the order of their keys.

        Raises:
            StorageError: the storage cannot be listed.

        """
        yield from sorted(self._storage.files(), key=lambda stored: stored.key)

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return the bytes of a file from `start` up to `end`, or up to its end.

        Raises:
            StorageError: the file cannot be read.
            ObjectGone: it no longer exists, or changed after it was listed.

        """
        _require_readable(stored)
        end = min(end, stored.size)
        if start >= end:
            return b""
        data = self._storage.read(stored, start, end)
        if len(data) != end - start:
            raise ObjectGone(GoneReason.SHORTER)
        if self._on_read:
            self._on_read(len(data))
        return data

    def encoding(self, stored: Stored) -> str:
        """Return the `Content-Encoding` of a file that was read, in lower case; empty if it has none."""
        return self._storage.encoding(stored).lower()

    def check(self, stored: Stored) -> None:
        """Check that a file has not changed after it was listed.

        Each read checks this too, so only an empty file, of which nothing is read, needs a request.

        Raises:
            StorageError: the file cannot be read.
            ObjectGone: it no longer exists, or changed after it was listed.

        """
        _require_readable(stored)
        if not stored.size:
            self._storage.check(stored)


def _open(uri: str, access: Access) -> Storage:
    with required("bulk", by="bulk"):
        import obstore  # noqa: F401  # A local folder does not need it, but its files may need the rest of the extra.
    path = local_path(uri)
    if path is None:
        return Bucket(uri, access)
    if not path.is_dir():
        if instead := INSTEAD.get(uri.partition(":")[0].lower()):
            raise UsageError(f"{uri} is not {STORAGES}: {instead}")
        raise UsageError(f"there is no folder {path}; give the folder that contains the category folders")
    return Folder(path.resolve(), uri)


def _require_readable(stored: Stored) -> None:
    if stored.fault:
        raise StorageError(stored.fault)
