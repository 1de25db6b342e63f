"""What the path of a file says: its category, its format, and what is odd about its name."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from traits_sandbox.bulk.values import Compression, FileFormat, FilePlace, Notice
from traits_sandbox.contract.model import Contract

FORMATS: Final[dict[str, FileFormat]] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
}
COMPRESSIONS: Final[dict[str, Compression]] = {".gz": "gz", ".zst": "zst"}

# Epoch seconds to nanoseconds, a calendar date with or without dashes, or a UUID of versions 1, 6 or 7 or a ULID.
_TIMED = re.compile(
    r"(?<!\d)(?:\d{10}|\d{13}|\d{16}|\d{19}|20\d\d-?[01]\d-?[0-3]\d(?:[T_-]?\d{2}[:_-]?\d{2}(?:[:_-]?\d{2})?Z?)?)(?!\d)"
    r"|(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])"
    r"|(?<![0-9A-Z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Z])",
)
T = TypeVar("T")

PARTITION = re.compile(r"[^=/]+=[^/]*")
# The last is what stands for bytes that are no UTF-8.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ufffd]")


class FolderLayout:
    """Reads paths below a root, by the folders that the contract knows."""

    def __init__(self, contract: Contract) -> None:
        self._folders = {category.folder for category in contract.categories}

    def read(self, key: str) -> FilePlace | Notice | None:
        """Return what a path says, a notice if nothing can be made of it, None if it is to be passed over silently."""
        *above, name = key.split("/")
        if any(part.startswith(("_", ".")) and part != ".." for part in (*above, name)) or not name:
            return None
        if ".." in above or name == ".." or _UNFIT.search(key):
            message = "its path has .. or control characters, or is no UTF-8, so it is not read"
            return Notice(kind="unfit-key", message=message, key=key)
        folder = above[0] if above else ""
        if folder not in self._folders:
            known = ", ".join(sorted(self._folders))
            where = f"lies in the unknown folder {folder!r}" if folder else "lies in no folder"
            return Notice(kind="unknown-folder", message=f"it {where}; known are {known}", key=key)
        return self._of_name(key, folder, name, tuple(part for part in above[1:] if PARTITION.fullmatch(part)))

    def _of_name(self, key: str, folder: str, name: str, partitions: tuple[str, ...]) -> FilePlace | Notice:
        stem, compression = _parted(name, COMPRESSIONS)
        stem, found = _parted(stem, FORMATS)
        if found == "parquet" and compression:
            return Notice(
                kind="unknown-suffix", message="Parquet compresses within; it is not read when packed again", key=key
            )
        if not found or not stem:
            known = ", ".join((*FORMATS, *COMPRESSIONS))
            return Notice(
                kind="unknown-suffix", message=f"its suffix is not one of {known}, so it is not read", key=key
            )
        return FilePlace(folder=folder, format=found, compression=compression or "", partitions=partitions)


def untimed(key: str) -> Notice | None:
    """Return a notice if a file lies flat in its folder and its name does not tell when it was made."""
    if key.count("/") != 1 or _TIMED.search(key.rpartition("/")[2]):
        return None
    message = "a file that lies flat in its folder should carry a timestamp or a time-based UUID in its name"
    return Notice(kind="untimed-name", message=message, key=key)


def _parted(name: str, suffixes: Mapping[str, T]) -> tuple[str, T | None]:
    for suffix, meant in suffixes.items():
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], meant
    return name, None
