"""Recognises the lines of a piece of CSV that are surely valid rows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from traits_sandbox.bulk.checking.judging import CategoryRules
from traits_sandbox.bulk.checking.sketch import SIZE, Sketch
from traits_sandbox.bulk.formats.spelling import csv_row

if TYPE_CHECKING:
    from polars import Series

SURE: Final = ord("s")
BLANK: Final = ord("b")
DOUBTED: Final = ord("d")

# The module `csv` refuses longer cells.
_LONGEST: Final = 2**17
# An expression for more columns is too large, or takes long to compile.
_MOST_COLUMNS: Final = 200
_HASHES: Final = 2**32


class Sieve:
    """Recognises valid rows of a file with some columns, by one regular expression for a whole line."""

    def __init__(self, category: CategoryRules, columns: Sequence[str]) -> None:
        few = len(columns) <= _MOST_COLUMNS
        self._row = csv_row(category.document, columns) if few else ""

    def sift(self, data: bytes, sketch: Sketch, *, passed: int = 0) -> bytearray:
        """Return SURE, BLANK or DOUBTED for each line, and add the lines after the first `passed` ones to the sketch.

        A state holds if a row begins at the line. A sure row is that line alone; a doubted one may continue after it.
        """
        import polars as pl

        # Bytes that are not UTF-8 are replaced by U+FFFD, which no pattern accepts.
        text = data.decode(errors="replace")
        lines = pl.Series([text]).str.split("\n").explode()
        if text.endswith("\n"):
            lines = lines.head(-1)
        if "\r" in text:
            lines = lines.str.strip_suffix("\r")
        blank = lines == ""
        _add_to(lines.slice(passed).filter(~blank.slice(passed)), sketch)
        states = bytearray([SURE]) * len(lines)
        for state, found in ((DOUBTED, ~self._sure(lines)), (BLANK, blank)):
            for place in found.arg_true():
                states[place] = state
        return states

    def _sure(self, lines: "Series") -> "Series":
        import polars as pl

        if not self._row:
            return lines.is_null()
        try:
            return lines.str.contains(self._row) & (lines.str.len_bytes() < _LONGEST)
        except pl.exceptions.ComputeError:  # too large after all
            self._row = ""
            return lines.is_null()


def _add_to(rows: "Series", sketch: Sketch) -> None:
    hashes = rows.hash() % _HASHES
    sketch.add_hashes(hashes.filter(hashes < sketch.bound).unique().bottom_k(SIZE))
