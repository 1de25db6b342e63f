"""Says in our own words why a row is not CSV, after the reader has refused it."""

import csv
import re
from enum import StrEnum
from typing import Final

_QUOTED_CELL: Final = r'"[^"]*+(?:""[^"]*+)*+'
# Whole cells, each with the comma that follows it. Nothing is tried twice, so a long row takes little time.
_CELLS: Final = re.compile(rf'(?:(?:{_QUOTED_CELL}"|[^",\r\n][^,\r\n]*+|),)*+')
_LAST_CELL: Final = re.compile(rf'{_QUOTED_CELL}("?)|[^,\r\n]*+')
_LINE_ENDS: Final = "\r\n"


class CsvProblem(StrEnum):
    """Why a row is not CSV; the value is the end of a sentence."""

    LONG_CELL = f"a cell is longer than {csv.field_size_limit()} characters"
    OPEN_QUOTE = "a quotation mark is never closed"
    AFTER_QUOTE = "something other than a comma follows a closing quotation mark"
    LONE_CR = "a line ends with CR only; end lines with LF"
    OTHER = "its cells cannot be read"


def problem_of(row: str) -> CsvProblem:
    """Return why the text of a row, with the ends of its lines, is not CSV."""
    begin = _CELLS.match(row)
    last = _LAST_CELL.match(row, begin.end() if begin else 0)
    quoted = last is not None and last[0].startswith('"')
    if last and quoted and not last[1]:
        return CsvProblem.OPEN_QUOTE
    rest = row[last.end() :] if last else ""
    if quoted and rest and rest[0] not in _LINE_ENDS:
        return CsvProblem.AFTER_QUOTE
    if rest.strip(_LINE_ENDS):
        return CsvProblem.LONE_CR
    return CsvProblem.LONG_CELL if len(row) > csv.field_size_limit() else CsvProblem.OTHER
