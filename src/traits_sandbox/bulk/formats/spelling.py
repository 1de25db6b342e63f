"""Spells text that surely keeps the contract, as regular expressions that run in linear time.

Whatever fits is valid; much that is valid does not fit, and the schema decides on it. All is made of the schemas that
judge single rows; a keyword that is not known here makes a field that nothing fits.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from traits_sandbox.contract.model import Contract, Field, Record
from traits_sandbox.derive.formats import FORMATS, TIMESTAMP
from traits_sandbox.derive.json_schema import Schema, field_schema, record_schema

# So few digits are exact in a float: its bounds are those of the decimal number.
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

# A character in a cell of CSV, bare and quoted. U+FFFD stands where something was no text.
_BARE: Final = r'[^",\r\n\x00\x{FFFD}]'
_QUOTED: Final = r'(?:[^"\r\n\x00\x{FFFD}]|"")'
_ANYTHING: Final = f'(?:{_BARE}*|"{_QUOTED}*")'

# Patterns of which nothing but themselves is known to need no quotation marks.
_PLAIN_PATTERN: Final = re.compile(r"(?:[A-Za-z0-9 :()\[\]?|*+-]|\{[0-9]+(?:,[0-9]*)?\})*")
_PLAIN_TEXT: Final = re.compile("[A-Za-z0-9_]+")
# What a schema says beside its rules. The type selects the rules; elements of a list are looked at apart.
_NO_RULES: Final = frozenset({"type", "title", "description", "examples", "items"})

Spelled = tuple[str, str]
"""The patterns of what stands in a bare cell and in a quoted one; an empty one for what cannot."""

_NOTHING: Final[Spelled] = ("", "")


def csv_row(contract: Contract, record: Record, columns: Sequence[str]) -> str:
    """Return a pattern of lines, without their ends, that are valid rows of some columns; empty if there are none."""
    fields = {field.name: field for field in record.fields}
    cells = [_cell(contract, fields[name]) if name in fields else _ANYTHING for name in columns]
    return f"^{','.join(cells)}$" if all(cells) else ""


def json_list(contract: Contract, field: Field, mark: str = '"') -> str:
    """Return a pattern of the JSON lists whose objects have all members of a field's items, in order; empty for none.

    `mark` is how a quotation mark is written.
    """
    schema = record_schema(contract.record(field.item))
    members = [_member(name, member, mark) for name, member in schema["properties"].items()]
    if not members or not all(members) or "additionalProperties" in schema or rules(field_schema(field)):
        return ""
    one = rf"\{{{', ?'.join(members)}\}}"
    return rf"\[(?:{one}(?:, ?{one})*)?\]"


def rules(schema: Schema) -> dict[str, Any]:
    """Return the keywords by which a schema narrows its type."""
    return {keyword: bound for keyword, bound in schema.items() if keyword not in _NO_RULES}


def _member(name: str, schema: Schema, mark: str) -> str:
    least = rules(schema).get("minLength", 0)
    if schema["type"] != "string" or rules(schema).keys() - {"minLength"} or not _PLAIN_TEXT.fullmatch(name):
        return ""
    # Escapes by number are left out: they may spell what is no text.
    character = rf'(?:[^"\\\x00-\x1f\x{{FFFD}}]|\\(?:{mark}|[\\/bfnrt]))'
    return f"{mark}{name}{mark}: ?{mark}{character}{{{least},}}{mark}"


def _cell(contract: Contract, field: Field) -> str:
    """Return a pattern of a field's cells; an empty one is an absent value."""
    bare, quoted = _SPELLED[field_schema(field)["type"]](contract, field)
    filled = "|".join(filter(None, (bare, quoted and f'"{quoted}"')))
    if field.required:
        return filled and f"(?:{filled})"
    return f'(?:{filled}|"")?' if filled else '(?:"")?'


def _text(_contract: Contract, field: Field) -> Spelled:
    kept = rules(field_schema(field))
    match sorted(kept):
        case [] | ["minLength"]:
            least = max(1, kept.get("minLength", 1))
            return f"{_BARE}{{{least},}}", f"{_QUOTED}{{{least},}}"
        case ["enum"] if all(map(_PLAIN_TEXT.fullmatch, kept["enum"])):
            return _either_way("|".join(kept["enum"]))
        case ["pattern"] | ["maxLength", "pattern"]:
            return _formatted(field, kept["pattern"])
    return _NOTHING


def _formatted(field: Field, pattern: str) -> Spelled:
    text_format = TIMESTAMP if field.type == "Timestamp" else FORMATS.get(field.format)
    if text_format is None or pattern.replace(")?$", ")$") != f"^(?:{text_format.pattern})$":
        return _NOTHING
    return _either_way(text_format.pattern) if _PLAIN_PATTERN.fullmatch(text_format.pattern) else _NOTHING


def _number(_contract: Contract, field: Field) -> Spelled:
    schema = field_schema(field)
    spelled = _NUMBERS.get((schema["type"], tuple(sorted(rules(schema).items()))), "")
    return _either_way(spelled) if spelled else _NOTHING


def _list(contract: Contract, field: Field) -> Spelled:
    quoted = json_list(contract, field, '""')
    return (r"\[\]", quoted) if quoted else _NOTHING


def _either_way(pattern: str) -> Spelled:
    return f"(?:{pattern})", f"(?:{pattern})"


_SPELLED: Final[Mapping[str, Callable[[Contract, Field], Spelled]]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "array": _list,
}
