"""Rows of a CSV file: UTF-8 with an optional byte order mark, commas, quoted as in RFC 4180.

A row that cannot be read becomes a row with a violation, and reading continues with the next line. At most MAX_ROW
bytes of the file are in memory at a time.
"""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import SEEK_CUR
from typing import BinaryIO

from traits_sandbox.errors import Rule, Violation

MAX_ROW = 2**20

_SKIPPED_AT_ONCE = 2**16
_FIRST_BLOCK = 16
_BLANK_LINES = (b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The cells of a row, the line on which it starts (from 1), and its size in bytes.

    A row that could not be read has a violation and no cells. A blank line is a row without cells.
    """

    line: int
    size: int
    cells: Sequence[str] = ()
    violation: Violation | None = None

    @property
    def is_blank(self) -> bool:
        """Return whether the row is empty, which is not a violation."""
        return not self.cells and not self.violation


def read_rows(file: BinaryIO, *, before: int = 0) -> Iterator[CsvRow]:
    """Yield all rows, header and blank lines included; `before` is the number of lines that precede them."""
    lines = _CsvLines(file, before)
    reader = csv.reader(lines, strict=True)
    while True:
        start = lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield _unreadable(start, lines.size, lines.problem or _not_csv(lines.row, start, lines.number))
        else:
            yield _unreadable(start, lines.size, lines.problem) if lines.problem else CsvRow(start, lines.size, cells)


def _unreadable(line: int, size: int, message: str) -> CsvRow:
    return CsvRow(line, size, violation=Violation("", Rule.CSV, message, line=line))


class _CsvLines:
    """The lines of a file as text, `number` of them so far; `row`, `size` and `problem` are of the current row."""

    def __init__(self, file: BinaryIO, number: int) -> None:
        self._file = file
        self.number = number
        self.row: list[str] = []
        self.size = 0
        self.problem = ""

    def begin_row(self) -> int:
        """Begin a new row; return the line on which it starts."""
        self.row, self.size, self.problem = [], 0, ""
        return self.number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(MAX_ROW - self.size + 1)
        if not self.size and line in _BLANK_LINES:
            self._skip_blank_lines()
        if not line:
            raise StopIteration
        self.number += 1
        self.size += len(line)
        if self.size > MAX_ROW:
            self._skip_rest(line)
            self.problem = f"must be at most {MAX_ROW} bytes long"
            raise csv.Error
        text = self._text(line.removeprefix(BOM_UTF8) if self.number == 1 else line)
        self.row.append(text)
        return text

    def _skip_blank_lines(self) -> None:
        """Skip the blank lines that follow a blank one, in blocks, because there may be millions."""
        block_size = _FIRST_BLOCK
        while block := self._file.read(block_size):
            rest = len(block.lstrip(b"\r\n"))
            self.number += block.count(b"\n", 0, len(block) - rest)
            if rest:
                self._file.seek(-rest, SEEK_CUR)
                return
            block_size = min(2 * block_size, MAX_ROW)

    def _skip_rest(self, line: bytes) -> None:
        while line and not line.endswith(b"\n"):
            line = self._file.readline(_SKIPPED_AT_ONCE)

    def _text(self, line: bytes) -> str:
        if b"\0" in line:
            self.problem = "must be UTF-8 text, holds a NUL byte"
        try:
            return line.decode()
        except UnicodeDecodeError:
            # Imported late: only refused rows need it.
            from traits_sandbox.derive.content.detector import invalid_byte

            if found := invalid_byte(line, whole=True):
                self.problem = f"must be UTF-8 text, holds the byte {found.detail} at column {found.column}"
            # Invalid bytes are escaped, so that the quotation marks still show where the row ends.
            return line.decode(errors="surrogateescape")


def _not_csv(row: list[str], start: int, end: int) -> str:
    # Imported late: only refused rows need it.
    from traits_sandbox.handlers.csv.problems import problem_of

    extent = f"; its quotation marks make lines {start} to {end} one row" if end > start else ""
    return f"is not CSV as in RFC 4180: {problem_of(''.join(row))}{extent}"
