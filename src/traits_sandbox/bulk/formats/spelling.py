"""Regular expressions of text that is surely valid, which run in linear time.

They are built from the record's JSON Schema. Whatever matches is valid; much that is valid does not match, and the
schema judges it. A field with an unknown keyword matches nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from traits_sandbox.derive.formats import format_of
from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.derive.keywords import is_known_record, is_plain_record, items_of, narrowing

# A float has this many exact digits, so that bounds mean the same for it and for the decimal number.
_EXPONENT: Final = "(?:[eE][+-]?[0-9]{1,2})?"
_FRACTION: Final = r"(?:[0-9]{1,15}(?:\.[0-9]{0,15})?|\.[0-9]{1,15})"
_POSITIVE: Final = "0{0,9}[1-9][0-9]{0,14}"
_POSITIVE_FRACTION: Final = rf"(?:{_POSITIVE}(?:\.[0-9]{{0,15}})?|0{{0,9}}\.[0-9]{{0,14}}[1-9][0-9]{{0,14}})"
_NUMBERS: Final[Mapping[tuple[str, tuple[tuple[str, Any], ...]], str]] = {
    ("integer", ()): "[+-]?[0-9]{1,15}",
    ("integer", (("minimum", 0),)): r"\+?[0-9]{1,15}",
    ("integer", (("minimum", 1),)): rf"\+?{_POSITIVE}",
    ("integer", (("exclusiveMinimum", 0),)): rf"\+?{_POSITIVE}",
    ("number", ()): f"[+-]?{_FRACTION}{_EXPONENT}",
    ("number", (("minimum", 0),)): rf"\+?{_FRACTION}{_EXPONENT}",
    ("number", (("exclusiveMinimum", 0),)): rf"\+?{_POSITIVE_FRACTION}{_EXPONENT}",
}

# A character in a CSV cell, without and with quotation marks. U+FFFD replaces bytes that are not text.
_BARE: Final = r'[^",\r\n\x00\x{FFFD}]'
_QUOTED: Final = r'(?:[^"\r\n\x00\x{FFFD}]|"")'
_ANYTHING: Final = f'(?:{_BARE}*|"{_QUOTED}*")'

# Patterns and texts that never need quotation marks in CSV.
_PLAIN_PATTERN: Final = re.compile(r"(?:[A-Za-z0-9 :()\[\]?|*+-]|\{[0-9]+(?:,[0-9]*)?\})*")
_PLAIN_TEXT: Final = re.compile("[A-Za-z0-9_]+")
Spelled = tuple[str, str]
"""The patterns of a cell's text without and with quotation marks; an empty pattern matches nothing."""

_NOTHING: Final[Spelled] = ("", "")


def csv_row(record: Schema, columns: Sequence[str]) -> str:
    """Return a pattern of lines, without their ends, that are valid rows of some columns; empty if there is none.

    `record` has the schemas of lists' elements in its `$defs`.
    """
    if not is_known_record(record):
        return ""
    fields, required, definitions = record["properties"], record.get("required", []), record.get("$defs", {})
    cells = [
        _cell(fields[name], definitions, required=name in required) if name in fields else _ANYTHING for name in columns
    ]
    return f"^{','.join(cells)}$" if all(cells) else ""


def json_list(record: Schema, mark: str = '"') -> str:
    """Return a regular expression for a JSON list of records.

    `record` is the schema of the records, `mark` the spelling of a quotation mark. Each record must have every member,
    in the order of the schema. Return an empty text if no such expression can be built.
    """
    members = [_member(name, member, mark) for name, member in record["properties"].items()]
    if not members or not all(members) or not is_plain_record(record):
        return ""
    one = rf"\{{{', ?'.join(members)}\}}"
    return rf"\[(?:{one}(?:, ?{one})*)?\]"


def _member(name: str, field: Schema, mark: str) -> str:
    rules = narrowing(field)
    if field["type"] != "string" or rules.keys() - {"minLength"} or not _PLAIN_TEXT.fullmatch(name):
        return ""
    # Escapes by number are left out, because they can spell what is not text.
    character = rf'(?:[^"\\\x00-\x1f\x{{FFFD}}]|\\(?:{mark}|[\\/bfnrt]))'
    return f"{mark}{name}{mark}: ?{mark}{character}{{{rules.get('minLength', 0)},}}{mark}"


def _cell(field: Schema, definitions: Mapping[str, Schema], *, required: bool) -> str:
    """Return a pattern of a field's cells; an empty cell is an absent value."""
    spelled = _SPELLED.get(field["type"])
    bare, quoted = spelled(field, definitions) if spelled else _NOTHING
    filled = "|".join(filter(None, (bare, quoted and f'"{quoted}"')))
    if required:
        return filled and f"(?:{filled})"
    return f'(?:{filled}|"")?' if filled else '(?:"")?'


def _text(field: Schema, _: Mapping[str, Schema]) -> Spelled:
    rules = narrowing(field)
    match sorted(rules):
        case [] | ["minLength"]:
            least = max(1, rules.get("minLength", 1))
            return f"{_BARE}{{{least},}}", f"{_QUOTED}{{{least},}}"
        case ["enum"] if all(map(_PLAIN_TEXT.fullmatch, rules["enum"])):
            return _either_way("|".join(rules["enum"]))
        case ["pattern"] | ["maxLength", "pattern"]:
            return _formatted(field)
    return _NOTHING


def _formatted(field: Schema) -> Spelled:
    text_format = format_of(field)
    if text_format is None or field.get("maxLength", text_format.max_length) != text_format.max_length:
        return _NOTHING
    return _either_way(text_format.pattern) if _PLAIN_PATTERN.fullmatch(text_format.pattern) else _NOTHING


def _number(field: Schema, _: Mapping[str, Schema]) -> Spelled:
    spelled = _NUMBERS.get((field["type"], tuple(sorted(narrowing(field).items()))), "")
    return _either_way(spelled) if spelled else _NOTHING


def _list(field: Schema, definitions: Mapping[str, Schema]) -> Spelled:
    record = items_of(field, definitions)
    quoted = json_list(record, '""') if record and not narrowing(field) else ""
    return (r"\[\]", quoted) if quoted else _NOTHING


def _either_way(pattern: str) -> Spelled:
    return f"(?:{pattern})", f"(?:{pattern})"


_SPELLED: Final[Mapping[str, Callable[[Schema, Mapping[str, Schema]], Spelled]]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "array": _list,
}
