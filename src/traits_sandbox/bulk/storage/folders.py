"""A local folder as a storage. Names that no object key can have are listed too; `layout` reports them."""

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from traits_sandbox.bulk.storage.paths import as_key, on_disk
from traits_sandbox.bulk.storage.protocol import (
    GoneReason,
    ObjectGone,
    StorageAction,
    require_unchanged,
    storage_error,
)
from traits_sandbox.bulk.values import Stored


class Folder:
    """The files below a folder. Links are followed, but no folder is listed twice."""

    def __init__(self, root: Path, uri: str) -> None:
        self._root, self._uri = root, uri

    def files(self) -> list[Stored]:
        """Return every file; a folder that cannot be listed is returned as a file with a fault."""
        unlisted: list[Stored] = []
        files = [stored for path in self._paths(unlisted) if (stored := self._stored(path))]
        return files + unlisted

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return some bytes of a file, if it has not changed after it was listed."""
        with self._mapping_errors(StorageAction.READ), (self._root / on_disk(stored.key)).open("rb") as file:
            self._require_unchanged(stored, os.fstat(file.fileno()))
            file.seek(start)
            data = file.read(end - start)
            self._require_unchanged(stored, os.fstat(file.fileno()))
        return data

    def encoding(self, _: Stored) -> str:
        """Return an empty text: files on this machine have no `Content-Encoding`."""
        return ""

    def check(self, stored: Stored) -> None:
        """Raise ObjectGone if a file is no longer as it was listed."""
        with self._mapping_errors(StorageAction.READ):
            self._require_unchanged(stored, (self._root / on_disk(stored.key)).stat())

    def _paths(self, unlisted: list[Stored]) -> Iterator[Path]:
        def skip(error: OSError) -> None:
            if Path(error.filename) == self._root:
                raise error
            if not isinstance(error, FileNotFoundError):
                key, fault = self._key(Path(error.filename)), f"it cannot be listed ({_reason(error)})"
                unlisted.append(Stored(key=key, size=0, fault=fault))

        seen = set[Hashable]()
        with self._mapping_errors(StorageAction.LIST):
            for folder, folders, names in os.walk(self._root, followlinks=True, onerror=skip):
                if (place := identity(folder, os.stat(folder))) in seen:
                    folders.clear()
                    continue
                seen.add(place)
                yield from (Path(folder, name) for name in names)

    def _key(self, path: Path) -> str:
        return as_key(path.relative_to(self._root))

    def _stored(self, path: Path) -> Stored | None:
        """Return a listed file, or None if it is not a regular file or has just been removed."""
        try:
            status = path.stat()
        except OSError:
            return None
        if not S_ISREG(status.st_mode):
            return None
        return Stored(key=self._key(path), size=status.st_size, etag=_etag(status), modified=status.st_mtime)

    @staticmethod
    def _require_unchanged(stored: Stored, status: os.stat_result) -> None:
        require_unchanged(stored, size=status.st_size, etag=_etag(status))

    @contextmanager
    def _mapping_errors(self, action: StorageAction) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            if action is StorageAction.LIST:
                raise storage_error(self._uri, action, "it does not exist") from None
            raise ObjectGone(GoneReason.MISSING) from None
        except OSError as error:
            raise storage_error(self._uri, action, _reason(error)) from None


def identity(folder: str, status: os.stat_result) -> Hashable:
    """Return a value that is the same for all paths of a folder; some file systems of Windows have no inodes."""
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
