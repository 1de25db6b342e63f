"""Lenient readings: how a lenient server may read a body that breaks the contract.

Nothing is judged here. A refused body is rewritten by the rules of the contract, every change is reported, and the
strict schema judges it again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from traits_sandbox.contract.model import Contract, Field, Operation, Record
from traits_sandbox.derive.places import JsonPath, dotted
from traits_sandbox.derive.sentences import excerpt
from traits_sandbox.json_types import JsonObject

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# A larger number of seconds is read as milliseconds; it is in the year 5138.
_MILLISECONDS_FROM = 10**11


@dataclass(frozen=True, slots=True)
class Reading:
    """One place that was read in a lenient way."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: lenient: {self.message}"


class LenientReader:
    """Rewrites the bodies of one operation."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        assert operation.body is not None
        self._contract = contract
        self._names = contract.leniency.names
        self._collection = operation.body.collection
        self._record = contract.record(operation.body.record) if operation.body.record else None
        self._fields = operation.body.fields

    def rewrite(self, body: Any) -> tuple[Any, tuple[Reading, ...]]:
        """Return a body that is rewritten by the rules of the contract, and every changed place."""
        readings: list[Reading] = []
        if isinstance(body, dict):
            body = self._renamed(body, (self._collection,), (), readings)
            if self._record is None:
                body = self._row(body, self._fields, (), readings)
            elif isinstance(rows := body.get(self._collection), list):
                body |= {self._collection: list(self._rows(rows, self._record, (self._collection,), readings))}
        return body, tuple(readings)

    def _rows(self, rows: list[Any], record: Record, at: JsonPath, readings: list[Reading]) -> Iterator[Any]:
        for index, row in enumerate(rows):
            yield self._row(row, record.fields, (*at, index), readings) if isinstance(row, dict) else row

    def _row(self, row: JsonObject, fields: tuple[Field, ...], at: JsonPath, readings: list[Reading]) -> JsonObject:
        row = self._renamed(row, tuple(field.name for field in fields), at, readings)
        for field in fields:
            if field.name in row:
                self._field(row, field, (*at, field.name), readings)
        return row

    def _field(self, row: JsonObject, field: Field, at: JsonPath, readings: list[Reading]) -> None:
        """Rewrite one value in its row, or remove it."""
        value = row[field.name]
        if value is None:
            del row[field.name]
            readings.append(Reading(dotted(at), "null read as absent"))
        elif field.type == "list":
            row[field.name] = self._list(value, field, at, readings)
        elif (read := _CONVERSIONS.get(field.type)) and (text := read(value, field)) is not None:
            row[field.name] = text
            readings.append(Reading(dotted(at), f"{excerpt(value)} read as {excerpt(text)}"))

    def _list(self, value: Any, field: Field, at: JsonPath, readings: list[Reading]) -> Any:
        item = self._contract.record(field.item)
        if isinstance(value, list):
            return list(self._rows(value, item, at, readings))
        if isinstance(value, dict) and len(item.fields) == 2:
            name, content = (part.name for part in item.fields)
            readings.append(Reading(dotted(at), "an object read as a list of its members"))
            return [{name: key, content: _text(inner)} for key, inner in value.items()]
        return value

    def _renamed(self, row: JsonObject, known: tuple[str, ...], at: JsonPath, readings: list[Reading]) -> JsonObject:
        """Return a copy of an object with the names of earlier editions replaced."""
        renamed = dict(row)
        for old, new in self._names.items():
            if old in renamed and new in known and new not in renamed:
                renamed[new] = renamed.pop(old)
                readings.append(Reading(dotted((*at, old)), f"read as {new}"))
        return renamed


def _timestamp(value: Any, _: Field) -> str | None:
    """Return an ISO 8601 text or a number of seconds since the epoch as a timestamp; None if it is neither."""
    try:
        moment = _moment(value)
    except (ValueError, OverflowError):
        return None
    if moment is None:
        return None
    text = f"{moment:%Y-%m-%d %H:%M:%S}".zfill(19)  # strftime writes years below 1000 without leading zeros
    return None if text == value else text


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _EPOCH + timedelta(seconds=value / 1000 if abs(value) >= _MILLISECONDS_FROM else value)
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(value)
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _identifier(value: Any, field: Field) -> str | None:
    """Return a whole number as the text of an identifier; None for anything else, and for free text."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if field.min_length and is_number else None


def _text(value: Any) -> Any:
    """Return a value as text; unchanged, so that the schema refuses it, if it is too deep to be written."""
    try:
        return value if isinstance(value, str) else orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return value


_CONVERSIONS: dict[str, Callable[[Any, Field], str | None]] = {"Timestamp": _timestamp, "string": _identifier}
