"""Columns of a CSV file, and how its rows become records."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import Any

import orjson

from traits_sandbox.contract.model import Dialect, FieldType, Record
from traits_sandbox.derive.bodies import MAX_UNKNOWN
from traits_sandbox.derive.records import UnknownField
from traits_sandbox.derive.sentences import nearest
from traits_sandbox.errors import Rule, Violation
from traits_sandbox.handlers.csv.rows import CsvRow
from traits_sandbox.json_types import JsonObject

ParseCell = Callable[[str], Any]

# Decimal or scientific notation in ASCII digits. `float` alone also accepts `1_000`, `nan` and other digits.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


class CsvColumns:
    """The columns of a file in one dialect.

    Cells fill a record's fields and free attributes; each non-empty cell of a metric becomes a separate record. An
    empty cell is an absent value.
    """

    def __init__(self, record: Record, dialect: Dialect, header: Sequence[str]) -> None:
        names = renamed(dialect, header)
        types = {field.name: field.type for field in record.fields}
        if dialect.metrics:
            types = {name: types[name] for name in types if name not in (dialect.name_field, dialect.value_field)}
        self.record = record
        self.width = len(header)
        self._dialect = dialect
        self._fields = [
            (index, name, _CONVERTERS.get(types.get(name, "string"), str))
            for index, name in enumerate(names)
            if name in types or (record.attributes and name)
        ]
        self._metrics = [(index, name) for index, name in enumerate(names) if name in dialect.metrics]
        used = {index for index, *_ in (*self._fields, *self._metrics)}
        unused = (index for index in range(self.width) if index not in used)
        known = (*types, *dialect.metrics, *dialect.renames)
        self.unknown = tuple(_unknown(index + 1, header[index], known) for index in islice(unused, MAX_UNKNOWN))

    def violation(self, row: CsvRow) -> Violation | None:
        """Return the violation of a row that is not CSV, or has not one cell for each column."""
        if row.violation or len(row.cells) == self.width:
            return row.violation
        message = f"must have {self.width} cells like the header, has {len(row.cells)}"
        return Violation("", Rule.CSV, message, line=row.line)

    def records(self, cells: Sequence[str]) -> Iterator[tuple[str, JsonObject]]:
        """Yield the records of a row, each with the column of its metric; empty if the whole row is one record."""
        row = {name: convert(cell) for index, name, convert in self._fields if (cell := cells[index])}
        if not self._dialect.metrics:
            yield "", row
        for index, metric in self._metrics:
            if cell := cells[index]:
                yield metric, {**row, self._dialect.name_field: metric, self._dialect.value_field: number(cell)}

    def column_of(self, field: str, metric: str) -> str:
        """Return the column that filled a field of a metric's record."""
        return metric if metric and field == self._dialect.value_field else field


def number(text: str) -> Any:
    """Return a text as a number. Any other text is returned unchanged; the record's schema then refuses it."""
    if not _NUMBER.fullmatch(text):
        return text
    if _WHOLE.fullmatch(text):
        return int(text)
    value = float(text)
    return value if isfinite(value) else text


def json_value(text: str) -> Any:
    """Return the value of a JSON text. Any other text is returned unchanged; the record's schema then refuses it."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


_CONVERTERS: Mapping[FieldType, ParseCell] = {"int": number, "float": number, "list": json_value}


def renamed(dialect: Dialect, header: Sequence[str]) -> list[str]:
    """Return the fields or metrics that the columns of a header name."""
    return [dialect.renames.get(name, name) for name in header]


def _unknown(position: int, name: str, known: Sequence[str]) -> UnknownField:
    return UnknownField(f"column {position}", name, nearest(name, known))
