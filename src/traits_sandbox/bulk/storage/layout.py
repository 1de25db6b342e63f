"""Reads the path of a file: its category, its format and its compression, or a notice if it cannot be read."""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

from traits_sandbox.bulk.storage.folder_names import FolderNames
from traits_sandbox.bulk.values import Compression, FileFormat, FilePlace, Notice
from traits_sandbox.contract.model import Contract

FORMATS: Final[dict[str, FileFormat]] = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".csv": "csv",
    ".parquet": "parquet",
}
UNKNOWN_FOLDER: Final = "unknown-folder"
UNKNOWN_SUFFIX: Final = "unknown-suffix"
UNFIT_KEY: Final = "unfit-key"
"""The kinds of notices about files that are not read."""

COMPRESSIONS: Final[dict[str, Compression]] = {".gz": "gz", ".zst": "zst"}

# Epoch seconds to nanoseconds, a calendar date with or without dashes, or a UUID of versions 1, 6 or 7 or a ULID.
_TIMED = re.compile(
    r"(?<!\d)(?:\d{10}|\d{13}|\d{16}|\d{19}|20\d\d-?[01]\d-?[0-3]\d(?:[T_-]?\d{2}[:_-]?\d{2}(?:[:_-]?\d{2})?Z?)?)(?!\d)"
    r"|(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])"
    r"|(?<![0-9A-Z])[0-7][0-9A-HJKMNP-TV-Z]{25}(?![0-9A-Z])",
)
T = TypeVar("T")

PARTITION = re.compile(r"[^=/]+=[^/]*")
# Control characters, and the replacement character of bytes that are not UTF-8.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ufffd]")
# What clouds allow between two slashes, and no folder can have.
_UNFIT_PARTS = ("", ".", "..")


class FolderLayout:
    """Reads paths below a root whose folders are the categories of the contract."""

    def __init__(self, contract: Contract) -> None:
        self.folders = FolderNames(contract)

    def read(self, key: str) -> FilePlace | Notice | None:
        """Return the place of a file, a notice if it cannot be read, or None if its name is hidden.

        Names that start with `_` or `.` are hidden. They are skipped silently.
        """
        *above, name = key.split("/")
        if any(part.startswith(("_", ".")) and part not in _UNFIT_PARTS for part in (*above, name)) or not name:
            return None
        if any(part in _UNFIT_PARTS for part in (*above, name)) or _UNFIT.search(key):
            message = (
                "its path has an empty part, a part . or .., a control character or bytes that are not UTF-8, so it is "
                "not read: rename it"
            )
            return Notice(kind=UNFIT_KEY, message=message, key=key)
        folder = above[0] if above else ""
        if folder not in self.folders:
            return Notice(kind=UNKNOWN_FOLDER, message=f"it is {self._outside(folder)}", key=key)
        return self._read_name(key, folder, name, tuple(part for part in above[1:] if PARTITION.fullmatch(part)))

    def _outside(self, folder: str) -> str:
        if not folder:
            return f"not in a folder; known folders are {self.folders}"
        if meant := self.folders.meant(folder):
            return f"in the unknown folder {folder!r}: did you mean {meant}?"
        return f"in the unknown folder {folder!r}; known folders are {self.folders}"

    def _read_name(self, key: str, folder: str, name: str, partitions: tuple[str, ...]) -> FilePlace | Notice:
        stem, compression = _split_suffix(name, COMPRESSIONS)
        stem, found = _split_suffix(stem, FORMATS)
        if found == "parquet" and compression:
            message = "Parquet is compressed already, so a file that is compressed again is not read"
            return Notice(kind=UNKNOWN_SUFFIX, message=message, key=key)
        if not found or not stem:
            message = f"its suffix is not one of {', '.join((*FORMATS, *COMPRESSIONS))}, so it is not read"
            return Notice(kind=UNKNOWN_SUFFIX, message=message, key=key)
        return FilePlace(folder=folder, format=found, compression=compression or "", partitions=partitions)


def untimed(key: str) -> Notice | None:
    """Return a notice if a file is directly in its category folder and its name has no time."""
    if key.count("/") != 1 or _TIMED.search(key.rpartition("/")[2]):
        return None
    message = "a file directly in its category folder should have a timestamp or a time-based UUID in its name"
    return Notice(kind="untimed-name", message=message, key=key)


def _split_suffix(name: str, suffixes: Mapping[str, T]) -> tuple[str, T | None]:
    """Return a name without its suffix, and the meaning of the suffix; None if it is unknown."""
    for suffix, meaning in suffixes.items():
        if name.lower().endswith(suffix):
            return name[: -len(suffix)], meaning
    return name, None
