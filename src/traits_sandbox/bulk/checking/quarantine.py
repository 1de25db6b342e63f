"""Writes all bad rows to a folder, with the reasons: as CSV for people, and as NDJSON with the rows unchanged.

Keys and rows are untrusted: nothing is written outside the folder, and no cell is one that a spreadsheet runs as a
formula.
"""

import csv
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO
from unicodedata import normalize

import msgspec

from traits_sandbox.bulk.checking.merging import moved
from traits_sandbox.bulk.checking.spool import spooled, unwritable
from traits_sandbox.bulk.row_form import RowFault
from traits_sandbox.bulk.storage.paths import local_path, on_disk
from traits_sandbox.bulk.values import At, BadRow, FileReport, Task, TaskResult, UncheckedRoot
from traits_sandbox.errors import UsageError
from traits_sandbox.system import WINDOWS

COLUMNS: Final = ("file", "line", "offset", "fields", "rules", "messages", "row")
TABLE: Final = ".bad.csv"
ROWS: Final = ".bad.ndjson"
UNCHECKED: Final = "nothing-checked.csv"
"""The name of the table of URIs below which nothing was checked. Keys of checked files begin with a folder."""

_SPOOL: Final = ".spool"
_LONGEST_PART: Final = 200
_LONGEST_PATH: Final = 1000
# Windows allows 260 characters for a whole path by default.
_LONGEST_ON_WINDOWS: Final = 259 - len(f"/{ROWS}")

# Characters that begin a formula in a spreadsheet, full-width ones included.
_FORMULA: Final = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
_UNSAFE: Final = re.compile(r"[^\w.=@+,~ -]|^[. -]|[. ]$")
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[\d¹²³]) *(?:\..*)?|", re.IGNORECASE)


class QuarantinedRow(msgspec.Struct, frozen=True):
    """A bad row in NDJSON: `row` is its text as in the file, so that it can be corrected and sent again."""

    file: str
    line: int
    offset: int | None
    faults: tuple[RowFault, ...]
    row: str


class Quarantine:
    """A new folder for the bad rows of a check."""

    def __init__(self, folder: Path, uris: Iterable[str] = ()) -> None:
        """Make the folder ready; raises UsageError if it is not empty, lies below one of the URIs or is read-only."""
        self._folder = folder.resolve()
        self._spool = self._folder / _SPOOL
        for uri in uris:
            root = local_path(uri)
            if root is not None and self._folder.is_relative_to(root.resolve()):
                raise UsageError(f"--quarantine {folder} lies below {uri}: it would be read as part of the load")
        self._made = not self._folder.exists()
        self._make(folder)
        self._taken = set[str]()

    def _make(self, folder: Path) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if any(self._folder.iterdir()):
                raise UsageError(f"--quarantine {folder} is not empty; name a new folder")
            self._spool.mkdir()
        except OSError as error:
            raise unwritable(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove temporary files, and after an error also the folder if it is still empty."""
        shutil.rmtree(self._spool, ignore_errors=True)
        if error and self._made:
            with suppress(OSError):
                self._folder.rmdir()

    def spooling(self, tasks: Iterable[Task]) -> tuple[Task, ...]:
        """Return tasks that write their bad rows here."""
        replace = msgspec.structs.replace
        return tuple(replace(task, spool=str(self._spool / str(number))) for number, task in enumerate(tasks))

    def fill(
        self, files: Iterable[FileReport], tasks: Iterable[Task], outcomes: Mapping[At, Sequence[TaskResult]]
    ) -> None:
        """Write the bad rows of each file; tasks and outcomes are in the order of the parts of each file.

        Raises:
            UsageError: there is no room, or the folder is gone.

        """
        spools: defaultdict[At, list[str]] = defaultdict(list)
        for task in tasks:
            spools[task.at].append(task.spool)
        try:
            for file in files:
                if not file.good:
                    self._write(file, _rows(spools[file.at], outcomes[file.at]))
        except OSError as error:
            raise unwritable(error) from None

    def list_unchecked(self, roots: Iterable[UncheckedRoot]) -> None:
        """Write a table of the URIs below which nothing was checked, if there are any; raises as `fill` does."""
        rows = [(root.root, "", "", "", root.reason, f"{root.message}; {root.next_step}", "") for root in roots]
        if not rows:
            return
        try:
            with _new(str(self._folder / UNCHECKED)) as table:
                cells = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n")
                cells.writerows([COLUMNS, *(map(_harmless, row) for row in rows)])
        except OSError as error:
            raise unwritable(error) from None

    def _write(self, file: FileReport, rows: Iterator[BadRow]) -> None:
        stem = self._stem(file)
        with _new(f"{stem}{TABLE}") as table:
            cells = csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n")
            cells.writerow(COLUMNS)
            if file.bad_rows:
                with _new(f"{stem}{ROWS}") as lines:
                    for bad in rows:
                        cells.writerow(map(_harmless, _cells(file, bad)))
                        lines.write(_line(file, bad))
            if file.error:
                cells.writerow(map(_harmless, (file.key, "", "", "", file.error_kind, file.error, "")))

    def _stem(self, file: FileReport) -> Path:
        """Return the start of the path for the rows of a file; it is unique, whatever the key is."""
        name = "/".join(map(safe, file.key.split("/")))
        alike = normalize("NFKC", name).casefold()
        path = self._folder / on_disk(name)
        if (
            fits(name, room=room_below(str(self._folder), windows=WINDOWS))
            and alike not in self._taken
            and _is_free(path)
        ):
            self._taken.add(alike)
            return path
        return self._folder / blake2b("\0".join(file.at).encode(errors="replace"), digest_size=16).hexdigest()


def room_below(folder: str, *, windows: bool) -> int:
    """Return how long the path of a file below the folder may be."""
    return min(_LONGEST_PATH, _LONGEST_ON_WINDOWS - len(folder)) if windows else _LONGEST_PATH


def fits(name: str, *, room: int) -> bool:
    """Return whether a path with slashes is short enough for every system."""
    lengths = [len(part.encode()) for part in name.split("/")]
    return sum(lengths) + len(lengths) - 1 <= room and max(lengths) <= _LONGEST_PART


def _is_free(path: Path) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        return False
    return not any(Path(f"{path}{suffix}").exists() for suffix in (TABLE, ROWS))


def safe(part: str) -> str:
    """Return a part of a key as a file name for every system; different parts get different names."""
    name = _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode(errors="replace")), part)
    return f"%{name}" if _RESERVED.fullmatch(part) else name


def _new(path: str) -> TextIO:
    return open(path, "x", encoding="utf-8", errors="backslashreplace", newline="")


def _rows(spools: Iterable[str], outcomes: Iterable[TaskResult]) -> Iterator[BadRow]:
    """Yield the bad rows of a file, numbered by its lines."""
    before = 0
    for spool, outcome in zip(spools, outcomes, strict=True):
        for bad in spooled(spool):
            yield moved(bad, before)
        before += outcome.lines


def _cells(file: FileReport, bad: BadRow) -> tuple[str, ...]:
    fields, rules, messages = (
        "; ".join(dict.fromkeys(part(each) for each in bad.violations))
        for part in (attrgetter("name"), attrgetter("rule"), attrgetter("sentence"))
    )
    offset = "" if bad.offset is None else str(bad.offset)
    return file.key, str(bad.line), offset, fields, rules, messages, bad.text


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _line(file: FileReport, bad: BadRow) -> str:
    faults = tuple(RowFault.of(bad, violation) for violation in bad.violations)
    row = QuarantinedRow(file=file.key, line=bad.line, offset=bad.offset, faults=faults, row=bad.text)
    return msgspec.json.encode(row).decode() + "\n"
