"""Reads JSON examples: what fields they imply, and where they contradict a field table."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from traits_sandbox.contract.document import Chapter, Fence
from traits_sandbox.contract.model import DocumentSource, Field, FieldType, Record

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
    """Return the value of a JSON fence; raises DocumentError with the line where it is not JSON."""
    return parse_json(chapter, fence.text, line=fence.line + 1)


def parse_json(chapter: Chapter, text: str, *, line: int) -> Any:
    """Return the value of JSON text that starts at `line`; a repeated property is an error, too."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise chapter.error(line + error.lineno - 1, f"example that is not JSON: {error.msg}") from error
    except ValueError as error:
        raise chapter.error(line, f"example that is not JSON: {error}") from error


def infer(chapter: Chapter, example: dict[str, Any], source: DocumentSource) -> tuple[Field, ...]:
    """Return one required field for each property of a flat example object."""
    for name, value in example.items():
        if type(value) not in _INFERRED:
            raise chapter.error(source.line, f"property {name!r} whose type {json_type(value)} no table explains")
    return tuple(
        Field(name=name, type=_INFERRED[type(value)], required=True, source=source) for name, value in example.items()
    )


def contradictions(value: Any, record: Record, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield in words each way in which an example does not fit the table of `record`."""
    if not isinstance(value, dict):
        yield f"the example is not an object of {record.heading}"
        return
    fields = {field.name: field for field in record.fields}
    for name in [name for name in value if name not in fields]:
        yield f"the example has {name!r}, which the table {record.heading} lacks"
    for field in record.fields:
        if field.name in value:
            yield from _misfit(value[field.name], field, record, records)
        elif field.required:
            yield f"the example lacks {field.name!r}, which the table {record.heading} requires"


def _misfit(value: Any, field: Field, record: Record, records: Mapping[str, Record]) -> Iterator[str]:
    if not _FITS[field.type](value):
        yield f"the example has a {json_type(value)} in {field.name!r}, the table {record.heading} says {field.type}"
    elif field.type == "list":
        for item in value:
            yield from contradictions(item, records[field.item], records)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"property {name!r} appears more than once")
    return dict(pairs)
