"""Reads tables of fields into records."""

import re
from typing import Final, get_args

from traits_sandbox.contract.content import snake_case
from traits_sandbox.contract.document import Chapter, Prose, Section, Table
from traits_sandbox.contract.model import Field, FieldType, Record, SourceLocation

HEADER: Final = ("Field", "Type", "Required", "Description")

_SCALARS: Final[dict[str, FieldType]] = {name: name for name in get_args(FieldType) if name != "list"}
_LIST: Final = re.compile(r"list<(\w+)>")
_REQUIRED: Final = {"Yes": True, "": False}


def record(chapter: Chapter, section: Section, table: Table, description: str) -> Record:
    """Return the record that a table of fields describes.

    Raises:
        DocumentError: the header or a cell is unknown, or a field has no name or the name of another one.

    """
    if table.header != HEADER:
        raise chapter.error(table.line, f"unknown table header {'|'.join(table.header)}")
    rows = zip(table.rows, table.lines, strict=True)
    fields = tuple(_field(chapter, section, cells, line) for cells, line in rows)
    names = [field.name for field in fields]
    for field, line in zip(fields, table.lines, strict=True):
        if not field.name or names.count(field.name) > 1:
            raise chapter.error(line, f"field name {field.name!r} is empty or appears twice")
    return Record(
        heading=section.title,
        kind=snake_case(section.title),
        fields=fields,
        description=description,
        source=SourceLocation(section=section.title, line=section.line),
    )


def same(one: Record, other: Record) -> bool:
    """Return whether two tables have the same fields with the same types."""
    return _facts(one) == _facts(other)


def _field(chapter: Chapter, section: Section, cells: tuple[Prose, ...], line: int) -> Field:
    name, kind, required, description = cells
    listed = _LIST.fullmatch(kind.text)
    if required.text.strip() not in _REQUIRED:
        raise chapter.error(line, f"unknown value {required.text!r} in the Required column")
    if not listed and kind.text not in _SCALARS:
        raise chapter.error(line, f"unknown field type {kind.text!r}")
    return Field(
        name=name.text,
        type="list" if listed else _SCALARS[kind.text],
        item=listed[1] if listed else "",
        required=_REQUIRED[required.text.strip()],
        description=description.markdown,
        source=SourceLocation(section=section.title, line=line),
    )


def _facts(record: Record) -> list[tuple[str, str, str, bool]]:
    return [(field.name, field.type, field.item, field.required) for field in record.fields]
