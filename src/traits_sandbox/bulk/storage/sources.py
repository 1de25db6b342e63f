"""Where files lie: a local folder, or a bucket of one of three clouds. They are listed and read, nothing else."""

from collections.abc import Callable, Iterator

from traits_sandbox.bulk.storage.clouds import Bucket
from traits_sandbox.bulk.storage.folders import Folder
from traits_sandbox.bulk.storage.paths import local_path
from traits_sandbox.bulk.storage.protocol import Access, ObjectGone, Storage, StorageFault
from traits_sandbox.bulk.values import Stored
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required

__all__ = ["Access", "FileSource", "ObjectGone", "StorageFault"]


class FileSource:
    """The files below one URI: a path, `file://`, `s3://bucket/prefix`, `gs://...`, `az://container/prefix`."""

    def __init__(self, uri: str, access: Access | None = None, *, on_read: Callable[[int], None] | None = None) -> None:
        """Prepare to list and read; nothing is asked of the storage yet. `on_read` is told how many bytes came.

        Raises:
            UsageError: the URI is none that can be read, or names a folder that does not exist.

        """
        self.uri = uri
        self._storage = _opened(uri, access or Access())
        self._on_read = on_read
        path = local_path(uri)
        # However it was spelled: the name of the same files is the same.
        self.name = path.resolve().as_posix() if path else uri.rstrip("/")

    @property
    def local(self) -> bool:
        """Tell whether the files are in a folder of this machine, where they may be seen half-written."""
        return isinstance(self._storage, Folder)

    def files(self) -> Iterator[Stored]:
        """Yield every file below the root, in the order of their paths.

        Raises:
            StorageFault: it cannot be listed.

        """
        yield from sorted(self._storage.files(), key=lambda stored: stored.key)

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return the bytes of a file from `start` up to `end`, or as far as it goes.

        Raises:
            StorageFault: it cannot be read.
            ObjectGone: it is no longer there, or no longer what was listed.

        """
        _require_readable(stored)
        end = min(end, stored.size)
        if start >= end:
            return b""
        data = self._storage.read(stored, start, end)
        if len(data) != end - start:
            raise ObjectGone("it became shorter while it was read")
        if self._on_read:
            self._on_read(len(data))
        return data

    def check(self, stored: Stored) -> None:
        """Make sure that a file is still what was listed; raises ObjectGone and StorageFault.

        A file of which something was read is known to be, as every read looks.
        """
        _require_readable(stored)
        if not stored.size:
            self._storage.check(stored)


def _opened(uri: str, access: Access) -> Storage:
    with required("bulk", by="bulk"):
        import obstore  # noqa: F401  # a local folder needs none of it, but what is in the files may
    path = local_path(uri)
    if path is None:
        return Bucket(uri, access)
    if not path.is_dir():
        raise UsageError(f"there is no folder {path}; give the folder that holds the category folders")
    return Folder(path.resolve(), uri)


def _require_readable(stored: Stored) -> None:
    if stored.fault:
        raise StorageFault(stored.fault)
