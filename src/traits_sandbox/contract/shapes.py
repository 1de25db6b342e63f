"""Reads JSON examples: the fields that they imply, and where they do not fit a table of fields."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from traits_sandbox.contract.document import Chapter, Fence
from traits_sandbox.contract.model import Field, FieldType, Record, SourceLocation

_NAMES: Final = {
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}
_INFERRED: Final[dict[type, FieldType]] = {str: "string", int: "int", float: "float"}
_FITS: Final[dict[FieldType, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "Timestamp": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "float": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "list": lambda value: isinstance(value, list),
}


def json_type(value: Any) -> str:
    """Return the JSON name of a value's type."""
    return _NAMES[type(value)]


def read_json(chapter: Chapter, fence: Fence) -> Any:
    """Return the value of a JSON fence.

    Raises:
        DocumentError: the text is not JSON, or an object repeats a property.

    """
    return parse_json(chapter, fence.text, line=fence.line + 1)


def parse_json(chapter: Chapter, text: str, *, line: int) -> Any:
    """Return the value of JSON text that starts at `line`.

    Raises:
        DocumentError: the text is not JSON, or an object repeats a property.

    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise chapter.error(line + error.lineno - 1, f"the example is not JSON: {error.msg}") from error
    except ValueError as error:
        raise chapter.error(line, f"the example is not JSON: {error}") from error


def infer(chapter: Chapter, example: dict[str, Any], source: SourceLocation) -> tuple[Field, ...]:
    """Return a required field for each property of an example.

    Raises:
        DocumentError: the value of a property is not a text or a number.

    """
    for name, value in example.items():
        if type(value) not in _INFERRED:
            raise chapter.error(source.line, f"no table describes the property {name!r} of type {json_type(value)}")
    return tuple(
        Field(name=name, type=_INFERRED[type(value)], required=True, source=source) for name, value in example.items()
    )


def mismatches(value: Any, record: Record, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield a message for each difference between an example and the table of `record`."""
    if not isinstance(value, dict):
        yield f"the example is not a {record.heading} object"
        return
    fields = {field.name: field for field in record.fields}
    for name in [name for name in value if name not in fields]:
        yield f"the example has {name!r}, but the table {record.heading} does not"
    for field in record.fields:
        if field.name in value:
            yield from _misfit(value[field.name], field, record, records)
        elif field.required:
            yield f"the example has no {field.name!r}, but the table {record.heading} requires it"


def _misfit(value: Any, field: Field, record: Record, records: Mapping[str, Record]) -> Iterator[str]:
    if not _FITS[field.type](value):
        yield f"{field.name!r} is a {json_type(value)} in the example, but {field.type} in the table {record.heading}"
    elif field.type == "list":
        for item in value:
            yield from mismatches(item, records[field.item], records)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"property {name!r} appears more than once")
    return dict(pairs)
