"""The keywords of JSON Schema that the fast paths know. With any other keyword, they leave the decision to the schema.

A fast path recognises values that are certainly valid. A keyword that it does not know disables it, so that it never
accepts what the schema refuses.
"""

from collections.abc import Mapping
from typing import Any, Final

from traits_sandbox.derive.json_schema import Schema

# Keywords that refuse nothing, and those that the fast paths read by their own rules.
_NOTES: Final = frozenset({"$schema", "$id", "$defs", "title", "description", "examples"})
_RECORD: Final = frozenset({"type", "properties", "required", "additionalProperties"})
_FIELD: Final = frozenset({"type", "items"})
_REFERENCE: Final = "#/$defs/"


def narrowing(field: Schema) -> dict[str, Any]:
    """Return the keywords by which a field's schema narrows its type, with their values."""
    return {keyword: bound for keyword, bound in field.items() if keyword not in _NOTES | _FIELD}


def is_plain_record(record: Schema) -> bool:
    """Return whether a record's schema has only keywords that the fast paths know, and no free attributes."""
    return record.keys() <= _NOTES | _RECORD and record.get("additionalProperties") in (None, False)


def is_known_record(record: Schema) -> bool:
    """Return whether a record's schema has only keywords that the fast paths know; free attributes are allowed."""
    return record.keys() <= _NOTES | _RECORD


def items_of(field: Schema, definitions: Mapping[str, Schema]) -> Schema | None:
    """Return the schema of a list's records, or None if it is not a plain reference to one."""
    items = field.get("items", {})
    reference = items.get("$ref", "")
    return definitions.get(reference.removeprefix(_REFERENCE)) if items.keys() == {"$ref"} else None
