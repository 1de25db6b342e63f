"""A typed decoder for the common case: it parses and judges a push in less time than parsing alone takes.

It is built from the closed JSON Schema of the body. It never accepts a body that the schema refuses. It may reject a
valid body: the schema judges every body that the decoder rejects. For a schema with an unknown keyword, no decoder is
built.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.derive.keywords import is_plain_record, items_of, narrowing

ColumnValues = dict[str, list[Any]]
"""The values of some fields in all rows of a push, without absent ones."""

Aliases = Mapping[str, Mapping[str, str]]
"""The other spellings of a field's values that are accepted, by the field's name."""

_TYPES: Final[Mapping[str, Any]] = {"string": str, "integer": int, "number": float}
# The constraints of msgspec by JSON Schema's keywords, for each type.
_BOUNDS: Final = {"minimum": "ge", "exclusiveMinimum": "gt", "maximum": "le", "exclusiveMaximum": "lt"}
_CONSTRAINTS: Final[Mapping[str, Mapping[str, str]]] = {
    "string": {"minLength": "min_length", "maxLength": "max_length"},
    "integer": _BOUNDS,
    "number": _BOUNDS,
}
_INT64: Final = 2**63
_LENGTHS: Final = {"minItems": "min_length", "maxItems": "max_length"}


class Unsupported(Exception):
    """The schema has a keyword or a type that a typed decoder cannot judge."""


class TypedDecoder:
    """Decodes the bodies of one push into rows with attributes instead of dictionaries."""

    def __init__(self, schema: Schema, collection: str, aliases: Aliases) -> None:
        """Build the decoder from a body's closed schema; raises Unsupported."""
        definitions, listed = schema["$defs"], schema["properties"][collection]
        record = items_of(listed, definitions)
        if record is None or not is_plain_record({**schema, "$defs": {}}):
            raise Unsupported
        row = _row_type(record, definitions, aliases)
        rows = ("rows", Annotated[list[row], Meta(**_constraints(listed, _LENGTHS))])  # type: ignore[valid-type]
        body = msgspec.defstruct("Body", [rows], rename={"rows": collection}, forbid_unknown_fields=True)
        self._decoder = msgspec.json.Decoder(body)
        fields: Mapping[str, Schema] = record["properties"]
        self._patterns = {name: field for name, field in fields.items() if "pattern" in field}
        self._getters = {name: attrgetter(f"f{number}") for number, name in enumerate(fields)}

    def decode(self, raw: bytes, holds: Callable[[ColumnValues], bool]) -> Sequence[Any] | None:
        """Return the rows of a valid body without unknown fields, or None: then the schema must judge.

        `holds` judges the columns of the fields that have a pattern, by `column_schema`.
        """
        try:
            body: Any = self._decoder.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        rows: Sequence[Any] = body.rows
        columns = {name: [value for value in self.column(rows, name) if value is not None] for name in self._patterns}
        return rows if holds(columns) else None

    def column(self, rows: Sequence[Any], name: str) -> list[Any]:
        """Return the values of one field, None where a row does not have it."""
        values = map(self._getters[name], rows)
        return [None if value is UNSET else value for value in values]

    def column_schema(self) -> Schema:
        """Return the schema of the columns that `decode` passes to `holds`."""
        columns = {name: {"type": "array", "items": field} for name, field in self._patterns.items()}
        return {"type": "object", "properties": columns}


def typed_decoder(schema: Schema, collection: str, aliases: Aliases) -> TypedDecoder | None:
    """Return a typed decoder for bodies with a list of records, or None if it could not judge like the schema."""
    try:
        return TypedDecoder(schema, collection, aliases)
    except Unsupported:
        return None


def _row_type(
    record: Schema, definitions: Mapping[str, Schema], aliases: Aliases, *, nested: bool = False
) -> type[msgspec.Struct]:
    if not is_plain_record(record) or record.get("additionalProperties") is not False:
        raise Unsupported
    # Attributes are numbered, because a field's name need not be a Python name.
    members: Mapping[str, Schema] = record["properties"]
    names = {f"f{number}": name for number, name in enumerate(members)}
    required = record.get("required", [])
    fields = []
    for attribute, name in names.items():
        value = _value_type(members[name], definitions, aliases.get(name, {}), nested=nested)
        fields.append((attribute, value) if name in required else (attribute, value | UnsetType, UNSET))
    return msgspec.defstruct("Row", sorted(fields, key=len), rename=names, forbid_unknown_fields=True, gc=False)


def _value_type(field: Schema, definitions: Mapping[str, Schema], aliases: Mapping[str, str], *, nested: bool) -> Any:
    kind, rules = field["type"], narrowing(field)
    if kind == "array":
        item = items_of(field, definitions)
        if item is None:
            raise Unsupported
        row = _row_type(item, definitions, {}, nested=True)
        return Annotated[list[row], Meta(**_constraints(field, _LENGTHS))]  # type: ignore[valid-type]
    if kind not in _TYPES:
        raise Unsupported
    if "pattern" in rules:
        # The whole schema of such a field is judged a column at a time.
        if nested or kind != "string":
            raise Unsupported
        return str
    if "enum" in rules:
        if rules.keys() != {"enum"} or kind != "string":
            raise Unsupported
        # A spelling that has an alias is left to the schema: the record has to be rewritten.
        return Literal[tuple(value for value in rules["enum"] if value not in aliases)]
    return Annotated[_TYPES[kind], Meta(**_constraints(field, _CONSTRAINTS[kind]))]


def _constraints(field: Schema, known: Mapping[str, str]) -> dict[str, Any]:
    rules = narrowing(field)
    if not rules.keys() <= known.keys():
        raise Unsupported
    found = {known[keyword]: bound for keyword, bound in rules.items()}
    exact = (isinstance(bound, int) and abs(bound) < _INT64 for bound in found.values())
    if field["type"] != "number" and not all(exact):
        raise Unsupported
    if {"ge", "gt"} <= found.keys() or {"le", "lt"} <= found.keys():
        raise Unsupported
    return found
