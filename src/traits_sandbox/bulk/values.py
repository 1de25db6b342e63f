"""The values of bulk checks: stored files, tasks, results and the report.

All values can be sent to another process, and merged in any order with the same result.
"""

from typing import Any, Final, Literal

import msgspec

from traits_sandbox.errors import Violation

FileFormat = Literal["ndjson", "csv", "parquet"]
Compression = Literal["", "gz", "zst"]
STORAGE: Final = "storage"
UNLISTED: Final = "unlisted"
CONTENT: Final = "content"

At = tuple[str, str]
"""Which file: the URI of its root, and its path below that."""


class BulkValue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The base of every value: immutable, by keyword."""


class Stored(BulkValue, frozen=True, kw_only=True):
    """A file as a listing shows it. `key` is its path below the root, `size` in bytes, `modified` in epoch seconds.

    `fault` says, as a sentence, why it cannot be read, and what else may be missing from the listing because of it.
    """

    key: str
    size: int
    etag: str = ""
    modified: float = 0.0
    fault: str = ""


class FilePlace(BulkValue, frozen=True, kw_only=True):
    """The facts in the path of a file. `folder` is the category; `partitions` are its Hive partitions."""

    folder: str
    format: FileFormat
    compression: Compression = ""
    partitions: tuple[str, ...] = ()


class BadRow(BulkValue, frozen=True, kw_only=True):
    """A bad row: its line, its text (cut where it is long), and its violations.

    `line` counts from 1: lines of text, or rows of a Parquet file. `offset` is the byte at which the line begins, in
    NDJSON that is not compressed.
    """

    line: int
    text: str
    violations: tuple[Violation, ...]
    offset: int | None = None


class Notice(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """A remark that makes no row bad. `kind` is stable, `message` is a sentence.

    `key` is the path of its file below `root`; both are empty if it is not about one file.
    """

    kind: str
    message: str
    key: str = ""
    root: str = ""


class Task(BulkValue, frozen=True, kw_only=True):
    """A piece of work: a whole file, or the bytes of it from `start` up to `end` whose lines begin there.

    The key is relative to the URI `root`. `part` is its number among the parts of the file, from 0. All bad rows are
    written to the file `spool`, if there is one.
    """

    root: str
    stored: Stored
    place: FilePlace
    start: int = 0
    end: int = 0
    part: int = 0
    parts: int = 1
    spool: str = ""

    @property
    def at(self) -> At:
        """Return the identity of its file."""
        return self.root, self.stored.key


class TaskResult(BulkValue, frozen=True, kw_only=True):
    """The result of a task.

    `lines` counts the lines of text, so that lines of later parts can be numbered; lines in `bad` are counted from the
    first line of the part. `bad` has the first bad rows, `bad_rows` counts all of them, `fault_count` counts their
    violations, at most fifty for each row. `columns` are the names found, in the order of the first row that had them.
    `digest` identifies the content, `sketch` shows which rows two contents share, `size` is the number of bytes that
    were read. `error` says why the file could not be judged to its end.
    """

    key: str
    part: int = 0
    lines: int = 0
    rows: int = 0
    size: int = 0
    bad: tuple[BadRow, ...] = ()
    bad_rows: int = 0
    fault_count: int = 0
    columns: tuple[str, ...] = ()
    unknown: dict[str, int] = {}
    digest: bytes = b""
    sketch: bytes = b""
    error: str = ""
    error_kind: str = ""


class FileReport(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """The report of a file, or the reason why it was not judged.

    `key` is its path below `root`, one of the URIs. `bad` has the first bad rows, `bad_rows` counts all of them,
    `fault_count` counts their violations, at most fifty for each row. `unknown` counts the rows with each unknown
    field. `error` says why the file could not be read to its end, and `error_kind` is a stable word for the same.
    """

    key: str
    root: str = ""
    folder: str
    format: FileFormat
    size: int
    etag: str = ""
    compression: Compression = ""
    rows: int = 0
    bad_rows: int = 0
    fault_count: int = 0
    bad: tuple[BadRow, ...] = ()
    columns: tuple[str, ...] = ()
    unknown: dict[str, int] = {}
    digest: str = ""
    error: str = ""
    error_kind: str = ""
    notices: tuple[Notice, ...] = ()

    @property
    def at(self) -> At:
        """Return (root, key), which identify the file."""
        return self.root, self.key

    @property
    def good(self) -> bool:
        """Return whether every row was read and keeps the contract."""
        return not self.bad_rows and not self.error


class FolderReport(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """The sums of a category's files. A bad file has bad rows or could not be read to its end."""

    folder: str
    files: int = 0
    bad_files: int = 0
    rows: int = 0
    bad_rows: int = 0
    bytes: int = 0


class UncheckedRoot(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """A URI below which no row was checked.

    `reason` is a stable word, `message` says what is there instead of rows, and `next_step` what to do. `empty` means
    that nothing was left out: there are no files or no rows, which can be correct.
    """

    root: str
    reason: str
    message: str
    next_step: str
    empty: bool = False


class LoadReport(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """The report of a check. `notices` are about several files, or about files that are not checked.

    `unchecked` are the URIs below which no row was checked; with `allow_empty`, empty ones are accepted.
    """

    uris: tuple[str, ...]
    edition: str
    files: tuple[FileReport, ...]
    folders: tuple[FolderReport, ...]
    notices: tuple[Notice, ...] = ()
    unchecked: tuple[UncheckedRoot, ...] = ()
    allow_empty: bool = False
    seconds: float = 0.0

    @property
    def missing(self) -> tuple[UncheckedRoot, ...]:
        """Return the URIs below which rows are missing: those without rows that are not accepted as empty."""
        return tuple(root for root in self.unchecked if not (self.allow_empty and root.empty))

    @property
    def good(self) -> bool:
        """Return whether everything was read and keeps the contract."""
        return not self.missing and all(file.good for file in self.files)

    @property
    def exit_code(self) -> int:
        """Return 0 for a good load, 3 if no file could be read from its storage, 1 if a file is bad, else 2."""
        if self.files and all(file.error_kind == STORAGE for file in self.files):
            return 3
        if not all(file.good for file in self.files):
            return 1
        return 2 if self.missing else 0

    def as_json(self) -> Any:
        """Return the report as JSON values without its duration: the same load gives the same values."""
        return msgspec.to_builtins(msgspec.structs.replace(self, seconds=0.0))
