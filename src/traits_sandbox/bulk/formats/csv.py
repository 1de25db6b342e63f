"""Judges CSV: as uploads are judged, but for those rows that are surely good.

The columns are the fields of the category's record, a header row names them. An empty cell is an absent value, a list
is JSON in its cell. Only the lines that the sieve doubts are read one by one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

from traits_sandbox.bulk.checking.judging import ROW, CategoryRules, FileStats
from traits_sandbox.bulk.formats.lines import Lines, whole_lines
from traits_sandbox.bulk.formats.sieve import DOUBTED, SURE, Sieve
from traits_sandbox.bulk.formats.tables import require_polars
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import Unreadable, blocks
from traits_sandbox.bulk.values import Fault, Task
from traits_sandbox.contract.model import Dialect
from traits_sandbox.handlers.csv.columns import CsvColumns, HeaderFault, columns_of
from traits_sandbox.handlers.csv.rows import CsvRow, read_rows

_BLANK_LINES: Final = (b"", b"\r")
# As cells, rows take many times their bytes.
_ROWS_AT_ONCE: Final = 2000


def judge(task: Task, source: FileSource, category: CategoryRules, tally: FileStats) -> None:
    """Judge the rows of a file."""
    require_polars()
    judge_lines(whole_lines(blocks(source, task.stored, task.place.compression)), category, tally)


def judge_lines(pieces: Iterator[Lines], category: CategoryRules, tally: FileStats) -> None:
    """Judge the rows of a file's lines; raises Unreadable if the first of them is no header row."""
    feed = Feed(pieces, tally)
    if (header := header_of(feed)) is None:
        return
    names = [cell.strip(" ") for cell in header.cells]
    rows = _CsvRows(feed, columns_for(header, category), category, tally)
    sieve = Sieve(category, names)
    while feed.more():
        rows.judge(sieve.sift(feed.data, tally.sketch, passed=feed.passed))
    filled = [name for name in names if name]
    tally.saw(filled, category.unknown(filled), rows=tally.rows)


class Feed:
    """The lines of a file, piece by piece, and the binary file that reads on from the present one.

    `data` is the present piece; `passed` of its `count` lines were read, or passed over. These are counted by whoever
    takes the piece apart first.
    """

    def __init__(self, pieces: Iterator[Lines], tally: FileStats) -> None:
        self._pieces, self._tally = pieces, tally
        self._lines = list[bytes]()
        self._rest, self._row = b"", list[bytes]()
        self._before = 0
        self.data = b""
        self.passed = 0
        self.count: int | None = 0

    @property
    def number(self) -> int:
        """Return how many lines of the file were passed."""
        return self._before + self.passed

    def more(self) -> bool:
        """Tell whether there are lines that were not passed; in the present piece, or now in the next one."""
        if self.passed != self.count:
            return True
        self._tally.lines = self.number
        if (lines := next(self._pieces, None)) is None:
            return False
        self._tally.read(lines.data)
        # What is cut off an overlong line need not be seen: it is refused for what is there.
        self.data = lines.data + b"\n" if lines.overlong else lines.data
        self._before, self.passed, self.count, self._lines = self.number, 0, None, []
        return True

    def readline(self, limit: int) -> bytes:
        """Return a line, or at most as much of it as the limit allows; nothing at the end of the file."""
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
        """Pass the blank lines that come next."""
        while self.more():
            lines, passed = self.lines, self.passed
            while passed < len(lines) and lines[passed] in _BLANK_LINES:
                passed += 1
            self.passed = passed
            if passed < len(lines):
                return

    def row(self) -> tuple[CsvRow, bytes]:
        """Read a row that does not begin with a blank line; return its bytes too."""
        self._row = []
        row = next(read_rows(cast("BinaryIO", self), before=self.number))
        return row, b"".join(self._row)

    @property
    def lines(self) -> list[bytes]:
        """Return the lines of the present piece, without their ends."""
        if not self._lines:
            self._lines = self.data.split(b"\n")
            if not self._lines[-1]:
                self._lines.pop()
            self.count = len(self._lines)
        return self._lines


@dataclass(frozen=True, slots=True)
class _DoubtfulRow:
    """A row that must be looked at, the record that it makes (None if it makes none), and what is wrong with it so."""

    line: int
    text: bytes
    record: Any
    fault: str


class _CsvRows:
    """Judges the rows of a feed, piece by piece."""

    def __init__(self, feed: Feed, columns: CsvColumns, category: CategoryRules, tally: FileStats) -> None:
        self._feed, self._columns, self._category, self._tally = feed, columns, category, tally

    def judge(self, states: bytearray) -> None:
        """Judge the lines of the present piece from where it stands; a row may take some of the next with it."""
        feed, data, doubted = self._feed, self._feed.data, list[_DoubtfulRow]()
        feed.count = len(states)
        while feed.data is data and (at := states.find(DOUBTED, feed.passed)) >= 0:
            self._pass_over(states, at)
            if row := self._doubted():
                doubted.append(row)
            if len(doubted) == _ROWS_AT_ONCE:
                self._refuse(doubted)
                doubted = []
        if feed.data is data:
            self._pass_over(states, len(states))
        self._refuse(doubted)

    def _pass_over(self, states: bytearray, end: int) -> None:
        self._tally.rows += states.count(SURE, self._feed.passed, end)
        self._feed.passed = end

    def _doubted(self) -> _DoubtfulRow | None:
        line = self._feed.number + 1
        row, text = self._feed.row()
        if row.is_blank:
            return None
        self._tally.rows += 1
        fault = row.fault or self._columns.fault(row.cells)
        record = None if fault else next(record for _, record in self._columns.records(row.cells))
        return _DoubtfulRow(line, text, record, fault)

    def _refuse(self, doubted: list[_DoubtfulRow]) -> None:
        whole = [row for row in doubted if not row.fault]
        bad = {whole[index].line for index in self._category.schema.invalid([row.record for row in whole])}
        for row in doubted:
            if row.fault:
                faults = [Fault(line=row.line, field=ROW, rule="csv", message=row.fault)]
            elif row.line in bad:
                faults = self._category.faults(row.record, row.line)
            else:
                continue
            self._tally.refuse(row.line, row.text.rstrip(b"\r\n").decode(errors="replace"), faults)


def header_of(feed: Feed) -> CsvRow | None:
    """Return the first row that is not blank, None if there is none."""
    row = None
    while row is None or row.is_blank:
        feed.pass_blank()
        if not feed.more():
            return None
        row, _ = feed.row()
    return row


def columns_for(header: CsvRow, category: CategoryRules) -> CsvColumns:
    """Return what the columns are for; raises Unreadable unless the header tells."""
    dialect = Dialect(name=category.folder, record=category.record.heading)
    try:
        if header.fault:
            raise HeaderFault(f"must begin with a header row: line {header.line} {header.fault}")
        return columns_of(category.contract, (dialect,), header.cells)
    except HeaderFault as fault:
        raise Unreadable("header", str(fault)) from None
