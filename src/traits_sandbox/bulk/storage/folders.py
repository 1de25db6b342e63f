"""A local folder as a storage. Names that no key may have are told, and left to those who read keys."""

import os
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

from traits_sandbox.bulk.storage.paths import as_key, on_disk
from traits_sandbox.bulk.storage.protocol import ObjectGone, compare, faulty
from traits_sandbox.bulk.values import Stored


class Folder:
    """The files below a folder. Links are followed, but into no folder twice."""

    def __init__(self, root: Path, uri: str) -> None:
        self._root, self._uri = root, uri

    def files(self) -> list[Stored]:
        """Return every file; a folder that cannot be listed is returned as one with a fault."""
        shut: list[Stored] = []
        files = [stored for path in self._paths(shut) if (stored := self._stored(path))]
        return files + shut

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        """Return some bytes of a file."""
        with self._told("read"), (self._root / on_disk(stored.key)).open("rb") as file:
            self._compare(stored, os.fstat(file.fileno()))
            file.seek(start)
            data = file.read(end - start)
            self._compare(stored, os.fstat(file.fileno()))
        return data

    def check(self, stored: Stored) -> None:
        """Raise ObjectGone unless a file is what was listed."""
        with self._told("read"):
            self._compare(stored, (self._root / on_disk(stored.key)).stat())

    def _paths(self, shut: list[Stored]) -> Iterator[Path]:
        def pass_over(error: OSError) -> None:
            if Path(error.filename) == self._root:
                raise error
            if not isinstance(error, FileNotFoundError):
                key, fault = self._key(Path(error.filename)), f"it cannot be listed ({_why(error)})"
                shut.append(Stored(key=key, size=0, fault=fault))

        seen = set[Hashable]()
        with self._told("listed"):
            for folder, folders, names in os.walk(self._root, followlinks=True, onerror=pass_over):
                if (place := identity(folder, os.stat(folder))) in seen:
                    folders.clear()
                    continue
                seen.add(place)
                yield from (Path(folder, name) for name in names)

    def _key(self, path: Path) -> str:
        return as_key(path.relative_to(self._root))

    def _stored(self, path: Path) -> Stored | None:
        """Return a file as a listing shows it; None if it is no file, or gone already."""
        try:
            status = path.stat()
        except OSError:
            return None
        if not S_ISREG(status.st_mode):
            return None
        return Stored(key=self._key(path), size=status.st_size, etag=_etag(status), modified=status.st_mtime)

    @staticmethod
    def _compare(stored: Stored, status: os.stat_result) -> None:
        compare(stored, size=status.st_size, etag=_etag(status))

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError):
            if verb == "listed":
                raise faulty(self._uri, verb, "it does not exist") from None
            raise ObjectGone("it is no longer there") from None
        except OSError as error:
            raise faulty(self._uri, verb, _why(error)) from None


def identity(folder: str, status: os.stat_result) -> Hashable:
    """Return what tells folders apart, however they are reached; some file systems of Windows number none of them."""
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)


def _etag(status: os.stat_result) -> str:
    return f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
