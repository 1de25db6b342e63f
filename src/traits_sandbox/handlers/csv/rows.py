"""Rows of a CSV file: UTF-8 with an optional byte order mark, commas, quoted as in RFC 4180.

A row that cannot be read becomes a row with a fault, and reading goes on with the line after it. At most MAX_ROW
bytes of the file are held at a time, whatever it holds.
"""

import csv
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import SEEK_CUR
from typing import BinaryIO

MAX_ROW = 2**20

_SKIPPED_AT_ONCE = 2**16
_FIRST_BLOCK = 16
_BLANK_LINES = (b"\n", b"\r\n")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """The cells of a row, the line from 1 on which it starts, and its size in bytes.

    `fault` says what is wrong with a row that could not be read, as the rest of a sentence; it has no cells.
    A blank line is a row without cells.
    """

    line: int
    size: int
    cells: Sequence[str] = ()
    fault: str = ""

    @property
    def is_blank(self) -> bool:
        """Tell whether the row holds nothing, which is no fault."""
        return not self.cells and not self.fault


def read_rows(file: BinaryIO, *, before: int = 0) -> Iterator[CsvRow]:
    """Yield the rows of a file, header and blank lines and all; `before` it were so many lines already."""
    lines = _CsvLines(file, before)
    reader = csv.reader(lines, strict=True)
    while True:
        start = lines.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield CsvRow(start, lines.size, fault=lines.fault or _not_csv(error, start, lines.number))
        else:
            yield CsvRow(start, lines.size, () if lines.fault else cells, lines.fault)


class _CsvLines:
    """The lines of a file as text, `number` of them so far; `size` and `fault` are those of the present row."""

    def __init__(self, file: BinaryIO, number: int) -> None:
        self._file = file
        self.number = number
        self.size = 0
        self.fault = ""

    def begin_row(self) -> int:
        """Start to measure a new row; return the line on which it starts."""
        self.size, self.fault = 0, ""
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
            self.fault = f"must be at most {MAX_ROW} bytes long"
            raise csv.Error
        return self._text(line.removeprefix(BOM_UTF8) if self.number == 1 else line)

    def _skip_blank_lines(self) -> None:
        """Leave out the blank lines that follow a blank one: in blocks, as there may be millions."""
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
            self.fault = "must be UTF-8 text, holds a NUL byte"
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.fault = f"must be UTF-8 text, holds the byte 0x{line[error.start]:02x}"
            # Escaped, the bytes are no text, but the quotation marks still tell where the row ends.
            return line.decode(errors="surrogateescape")


def _not_csv(error: csv.Error, start: int, end: int) -> str:
    extent = f"; its quotation marks make lines {start} to {end} one row" if end > start else ""
    return f"is not CSV as in RFC 4180: {error}{extent}"
