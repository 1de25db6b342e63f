"""Judges CSV as uploads are judged, but recognises most valid rows without reading their cells.

The header row names the columns, which are the fields of the category's record. An empty cell is an absent value; a
list is JSON in its cell. Only lines that the sieve does not recognise are read one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats.content import naming_content
from traits_sandbox.bulk.formats.lines import Lines, whole_lines
from traits_sandbox.bulk.formats.sieve import DOUBTED, SURE, Sieve
from traits_sandbox.bulk.formats.tables import require_polars
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import Unreadable, blocks
from traits_sandbox.bulk.values import Task
from traits_sandbox.contract.model import Dialect
from traits_sandbox.derive.places import on_line
from traits_sandbox.derive.records import may_be_deep
from traits_sandbox.errors import Violation
from traits_sandbox.handlers.csv.columns import CsvColumns
from traits_sandbox.handlers.csv.headers import Destination, HeaderError, columns_of
from traits_sandbox.handlers.csv.rows import CsvRow, read_rows

_BLANK_LINES: Final = (b"", b"\r")
# Cells need many times the bytes of their row.
_ROWS_AT_ONCE: Final = 2000


def judge(task: Task, source: FileSource, category: CategoryRules, stats: FileStats) -> None:
    """Judge the rows of a file."""
    require_polars()
    with naming_content(task, source, category):
        judge_lines(whole_lines(blocks(source, task.stored, task.place.compression)), category, stats)


def judge_lines(pieces: Iterator[Lines], category: CategoryRules, stats: FileStats) -> None:
    """Judge the rows of a file's lines; raises Unreadable if the first one is not a header row."""
    feed = Feed(pieces, stats)
    if (header := header_of(feed)) is None:
        return
    names = [cell.strip(" ") for cell in header.cells]
    rows = _CsvRows(feed, columns_for(header, category), category, stats)
    sieve = Sieve(category, names)
    while feed.more():
        rows.judge(sieve.sift(feed.data, stats.sketch, passed=feed.passed))
    filled = [name for name in names if name]
    stats.add_columns(filled, category.unknown(filled), rows=stats.rows)


class Feed:
    """The lines of a file, piece by piece, and a binary file that reads on from the current line.

    `data` is the current piece; `passed` of its `count` lines were read or skipped. `count` is None until the piece is
    split into lines.
    """

    def __init__(self, pieces: Iterator[Lines], stats: FileStats) -> None:
        self._pieces, self._stats = pieces, stats
        self._lines = list[bytes]()
        self._rest, self._row = b"", list[bytes]()
        self._before = 0
        self.data = b""
        self.passed = 0
        self.count: int | None = 0

    @property
    def number(self) -> int:
        """Return the number of lines of the file that were read or skipped."""
        return self._before + self.passed

    def more(self) -> bool:
        """Return whether there are more lines; move on to the next piece if this one has none."""
        if self.passed != self.count:
            return True
        self._stats.lines = self.number
        if (lines := next(self._pieces, None)) is None:
            return False
        self._stats.read(lines.data)
        # The rest of a line that is too long is not needed: the part that was read is already refused.
        self.data = lines.data + b"\n" if lines.overlong else lines.data
        self._before, self.passed, self.count, self._lines = self.number, 0, None, []
        return True

    def readline(self, limit: int) -> bytes:
        """Return the next line, cut at the limit; nothing at the end of the file."""
        if not self._rest:
            if not self.more():
                return b""
            line = self.lines[self.passed]
            is_last = self.passed == len(self.lines) - 1 and not self.data.endswith(b"\n")
            self._rest = line if is_last else line + b"\n"
            self._row.append(self._rest)
            self.passed += 1
        part, self._rest = self._rest[:limit], self._rest[limit:]
        return part

    def pass_blank(self) -> None:
        """Skip the blank lines that follow."""
        while self.more():
            lines, passed = self.lines, self.passed
            while passed < len(lines) and lines[passed] in _BLANK_LINES:
                passed += 1
            self.passed = passed
            if passed < len(lines):
                return

    def row(self) -> tuple[CsvRow, bytes]:
        """Read one row, which does not begin with a blank line; return it with its bytes."""
        self._row = []
        row = next(read_rows(cast("BinaryIO", self), before=self.number))
        return row, b"".join(self._row)

    @property
    def lines(self) -> list[bytes]:
        """Return the lines of the current piece, without their ends."""
        if not self._lines:
            self._lines = self.data.split(b"\n")
            if not self._lines[-1]:
                self._lines.pop()
            self.count = len(self._lines)
        return self._lines


@dataclass(frozen=True, slots=True)
class _DoubtfulRow:
    """A row that the sieve did not recognise, with its record, or the violation of a row that has none."""

    line: int
    text: bytes
    record: Any
    violation: Violation | None


class _CsvRows:
    """Judges the rows of a feed, piece by piece."""

    def __init__(self, feed: Feed, columns: CsvColumns, category: CategoryRules, stats: FileStats) -> None:
        self._feed, self._columns, self._category, self._stats = feed, columns, category, stats

    def judge(self, states: bytearray) -> None:
        """Judge the rest of the current piece; its last row may continue in the next one."""
        feed, data, doubtful = self._feed, self._feed.data, list[_DoubtfulRow]()
        feed.count = len(states)
        while feed.data is data and (at := states.find(DOUBTED, feed.passed)) >= 0:
            self._skip(states, at)
            if row := self._doubtful():
                doubtful.append(row)
            if len(doubtful) == _ROWS_AT_ONCE:
                self._refuse(doubtful)
                doubtful = []
        if feed.data is data:
            self._skip(states, len(states))
        self._refuse(doubtful)

    def _skip(self, states: bytearray, end: int) -> None:
        self._stats.rows += states.count(SURE, self._feed.passed, end)
        self._feed.passed = end

    def _doubtful(self) -> _DoubtfulRow | None:
        row, text = self._feed.row()
        if row.is_blank:
            return None
        self._stats.rows += 1
        found = self._columns.violation(row)
        record = None if found else next(record for _, record in self._columns.records(row.cells))
        return _DoubtfulRow(row.line, text, record, found)

    def _refuse(self, doubtful: list[_DoubtfulRow]) -> None:
        whole = [row for row in doubtful if not row.violation]
        records = [row.record for row in whole]
        deep = may_be_deep([row.text for row in whole])
        refused = self._category.refused(records, lambda index: on_line(whole[index].line), deep)
        by_line = {whole[index].line: found for index, found in refused.items()}
        by_line |= {row.line: [row.violation] for row in doubtful if row.violation}
        for row in doubtful:
            if found := by_line.get(row.line):
                self._stats.refuse(row.text.rstrip(b"\r\n").decode(errors="replace"), found)


def header_of(feed: Feed) -> CsvRow | None:
    """Return the first row that is not blank, or None."""
    row = None
    while row is None or row.is_blank:
        feed.pass_blank()
        if not feed.more():
            return None
        row, _ = feed.row()
    return row


def columns_for(header: CsvRow, category: CategoryRules) -> CsvColumns:
    """Return the columns of a category; raises Unreadable if the header does not fit it."""
    dialect = Dialect(name=category.folder, record=category.record.heading)
    others = [
        Destination(f"the folder {each.folder}", "move it there", (Dialect(name=each.folder, record=each.record),))
        for each in category.contract.categories
    ]
    try:
        if header.violation:
            raise HeaderError(f"must begin with a header row: line {header.line} {header.violation.message}")
        return columns_of(category.contract, (dialect,), header.cells, others)
    except HeaderError as error:
        raise Unreadable("header", str(error)) from None
