"""A typed decoder for the common case: it parses and judges a push in less time than parsing alone takes.

It may only accept what the closed JSON Schema accepts, and it may give up on anything: whatever it does not
take, the schema decides. Types, bounds and unknown names are msgspec's; text formats are judged by the field's
own schema, a column at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from traits_sandbox.contract.model import Contract, Field, Operation, Record
from traits_sandbox.derive.json_schema import Schema, field_schema

ColumnValues = dict[str, list[Any]]

_TYPES: dict[str, Any] = {"string": str, "int": int, "float": float, "Timestamp": str}


class TypedDecoder:
    """Decodes the bodies of one push into rows with attributes instead of dictionaries."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        assert operation.body is not None
        self._record = contract.record(operation.body.record)
        row = _row_type(contract, self._record)
        limits = Meta(min_length=contract.min_records, max_length=contract.max_records)
        rows = ("rows", Annotated[list[row], limits])  # type: ignore[valid-type]
        names = {"rows": operation.body.collection}
        body = msgspec.defstruct("Body", [rows], rename=names, forbid_unknown_fields=True)
        self._decoder = msgspec.json.Decoder(body)
        self._formatted = [field for field in self._record.fields if _has_format(field)]
        self._getters = {f.name: attrgetter(_attribute(self._record, f.name)) for f in self._record.fields}

    def decode(self, raw: bytes, holds: Callable[[ColumnValues], bool]) -> Sequence[Any] | None:
        """Return the rows of a valid body without unknown fields, or None: then somebody else must decide.

        `holds` judges the columns of the fields that have a text format, by `format_schema`.
        """
        try:
            body: Any = self._decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        rows: Sequence[Any] = body.rows
        columns = {field.name: [v for v in self.column(rows, field.name) if v is not None] for field in self._formatted}
        return rows if holds(columns) else None

    def column(self, rows: Sequence[Any], name: str) -> list[Any]:
        """Return the values of one field, None where a row does not have it."""
        values = map(self._getters[name], rows)
        return [None if value is UNSET else value for value in values]

    def format_schema(self) -> Schema:
        """Return the schema of the columns that `decode` hands out."""
        columns = {field.name: {"type": "array", "items": field_schema(field)} for field in self._formatted}
        return {"type": "object", "properties": columns}


def typed_decoder(contract: Contract, operation: Operation) -> TypedDecoder | None:
    """Return a typed decoder for a push, or None where it could not judge as the schema does."""
    assert operation.body is not None
    if any(record.attributes for record in _reached(contract, operation.body.record)):
        return None
    nested = list(_reached(contract, operation.body.record))[1:]
    if any(_has_format(field) for record in nested for field in record.fields):
        return None
    return TypedDecoder(contract, operation)


def _reached(contract: Contract, heading: str) -> Iterator[Record]:
    record = contract.record(heading)
    yield record
    for field in record.fields:
        if field.item:
            yield from _reached(contract, field.item)


def _row_type(contract: Contract, record: Record) -> type[msgspec.Struct]:
    # Attributes are numbered: a field's name need not be a Python name.
    names = {_attribute(record, field.name): field.name for field in record.fields}
    fields = sorted((_member(contract, record, field) for field in record.fields), key=len)
    return msgspec.defstruct(record.heading, fields, rename=names, forbid_unknown_fields=True, gc=False)


def _member(contract: Contract, record: Record, field: Field) -> tuple[str, Any] | tuple[str, Any, Any]:
    name, value = _attribute(record, field.name), _value_type(contract, field)
    return (name, value) if field.required else (name, value | UnsetType, UNSET)


def _value_type(contract: Contract, field: Field) -> Any:
    if field.type == "list":
        return list[_row_type(contract, contract.record(field.item))]  # type: ignore[misc]
    if field.allowed:
        # A spelling that has an alias is left to the slow path, which rewrites it.
        return Literal[tuple(value for value in field.allowed if value not in field.aliases)]
    bounds = {"ge": field.minimum, "gt": field.exclusive_minimum, "min_length": field.min_length}
    given: dict[str, Any] = {name: bound for name, bound in bounds.items() if bound is not None}
    return Annotated[_TYPES[field.type], Meta(**given)]


def _attribute(record: Record, name: str) -> str:
    return f"f{[field.name for field in record.fields].index(name)}"


def _has_format(field: Field) -> bool:
    return field.type == "Timestamp" or bool(field.format)
