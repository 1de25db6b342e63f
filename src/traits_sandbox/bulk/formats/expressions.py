"""Recognises valid rows of a table, column by column, with Polars expressions.

The expressions are built from the record's JSON Schema. They never accept a row that the schema refuses. They may leave
any row undecided, for example because of an unknown keyword or type; the schema then judges it.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, Final

from traits_sandbox.bulk.formats.spelling import json_list
from traits_sandbox.derive.formats import FORMATS, TIMESTAMP, TextFormat, format_of
from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.derive.keywords import is_known_record, is_plain_record, items_of, narrowing

if TYPE_CHECKING:
    from polars import DataType, Expr

Types = Mapping[str, "DataType"]
"""The types of a table's columns, or of a struct's members, by name."""

_LARGEST_EXACT: Final = 2**53
# 0001-01-01 and 9999-12-31 in days since the epoch, and the ticks of each unit.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_TICKS_A_DAY: Final = {"ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
_INT64: Final = 2**63

_RULES: Final[Mapping[str, Callable[["Expr", Any], "Expr"]]] = {
    "minLength": lambda text, least: text != "" if least == 1 else text.str.len_chars() >= least,
    # A character takes one byte or more.
    "maxLength": lambda text, most: text.str.len_bytes() <= most,
    "pattern": lambda text, pattern: text.str.contains(pattern),
    "enum": lambda value, allowed: value.is_in(allowed),
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
    "maximum": lambda value, bound: value <= bound,
    "exclusiveMaximum": lambda value, bound: value < bound,
}


# A date or moment in the calendar keeps its format's pattern and length.
_OF_MOMENTS: Final = frozenset({"pattern", "maxLength"})


def sure_rows(record: Schema, types: Types) -> "Expr":
    """Return which rows are surely valid by a record's schema; null is an absent value.

    `record` has the schemas of lists' elements in its `$defs`. `types` are those of the columns, by field.
    """
    import polars as pl

    if not is_known_record(record):
        # A constant alone would be a single value, not one for each row.
        return pl.repeat(value=False, n=pl.len())
    definitions = record.get("$defs", {})
    return _all_valid(record, types, lambda name: _column(name), lambda *column: _value(definitions, *column))


def in_calendar(value: "Expr", of_type: "DataType") -> "Expr":
    """Return which dates or moments are in the years 0001 to 9999."""
    import polars as pl

    ticks = _TICKS_A_DAY[of_type.time_unit] if isinstance(of_type, pl.Datetime) else 1
    last = min((_LAST_DAY + 1) * ticks - 1, _INT64 - 1)
    return value.to_physical().is_between(max(_FIRST_DAY * ticks, -_INT64), last)


def is_plain(of_type: "DataType") -> bool:
    """Return whether values of a type are JSON values, or can be written as JSON without loss."""
    import polars as pl

    if isinstance(of_type, pl.List | pl.Array):
        return is_plain(instance(of_type.inner))
    if isinstance(of_type, pl.Struct):
        return all(map(is_plain, members(of_type).values()))
    return of_type.is_numeric() or isinstance(of_type, pl.String | pl.Boolean | pl.Null | pl.Categorical | pl.Enum)


def is_moment_of(text_format: TextFormat | None, of_type: "DataType") -> bool:
    """Return whether a column of dates or moments has the kind that a text format demands."""
    import polars as pl

    if isinstance(of_type, pl.Datetime):
        return text_format is TIMESTAMP
    return isinstance(of_type, pl.Date) and text_format is FORMATS["date"]


def members(of_type: "DataType") -> dict[str, "DataType"]:
    """Return the types of a struct's members."""
    import polars as pl

    return {member.name: instance(member.dtype) for member in of_type.fields} if isinstance(of_type, pl.Struct) else {}


def instance(of_type: Any) -> "DataType":
    """Return a type as an instance: within other types, Polars also has classes."""
    made: DataType = of_type() if isinstance(of_type, type) else of_type
    return made


def _column(name: str) -> "Expr":
    import polars as pl

    return pl.col(name)


def _all_valid(
    record: Schema,
    types: Types,
    reach: Callable[[str], "Expr"],
    is_valid: Callable[[Schema, "DataType", "Expr"], "Expr"],
) -> "Expr":
    """Return which records are valid; `reach` returns the values of a field, `is_valid` judges them by its schema."""
    fields, required = record["properties"], record.get("required", [])
    if any(name not in types for name in required):
        return _constant(value=False)
    values = []
    for name in fields.keys() & types.keys():
        value = reach(name)
        valid = is_valid(fields[name], types[name], value)
        values.append(value.is_not_null() & valid if name in required else value.is_null() | valid)
    return _all(values).fill_null(value=False)


def _value(definitions: Mapping[str, Schema], field: Schema, of_type: "DataType", value: "Expr") -> "Expr":
    import polars as pl

    match field["type"]:
        case "string" if isinstance(of_type, pl.Categorical | pl.Enum):
            return _narrowed(field, value.cast(pl.String))
        case "string" if isinstance(of_type, pl.String):
            return _narrowed(field, value)
        case "string" if is_moment_of(format_of(field), of_type) and narrowing(field).keys() <= _OF_MOMENTS:
            return in_calendar(value, of_type)
        case "array":
            return _list(definitions, field, of_type, value)
        case "integer" | "number" if of_type.is_integer():
            return _narrowed(field, value)
        case "integer" if of_type.is_float():
            return (value == value.floor()) & (value.abs() <= _LARGEST_EXACT) & _narrowed(field, value)
        case "number" if of_type.is_float():
            return value.is_finite() & _narrowed(field, value)
        case "number" if of_type.is_decimal():
            return _narrowed(field, value.cast(pl.Float64))
    return _constant(value=False)


def _list(definitions: Mapping[str, Schema], field: Schema, of_type: "DataType", value: "Expr") -> "Expr":
    import polars as pl

    record = items_of(field, definitions)
    if record is None or narrowing(field) or not is_plain_record(record):
        return _constant(value=False)
    if isinstance(of_type, pl.String) and (spelled := json_list(record)):
        return value.str.contains(f"^{spelled}$")
    if not isinstance(of_type, pl.List) or not is_plain(of_type):
        return _constant(value=False)
    types = members(instance(of_type.inner))
    if not types:
        return _constant(value=False)
    return value.list.eval(_all_valid(record, types, _member, _text) & pl.element().is_not_null()).list.all()


def _member(name: str) -> "Expr":
    import polars as pl

    return pl.element().struct.field(name)


def _text(field: Schema, of_type: "DataType", value: "Expr") -> "Expr":
    import polars as pl

    is_text = field["type"] == "string" and isinstance(of_type, pl.String)
    return _narrowed(field, value) if is_text else _constant(value=False)


def _narrowed(field: Schema, value: "Expr") -> "Expr":
    """Return whether values of the right type keep the other keywords of a field's schema."""
    rules = narrowing(field)
    if not rules.keys() <= _RULES.keys():
        return _constant(value=False)
    return _all(_RULES[keyword](value, bound) for keyword, bound in rules.items())


def _all(conditions: Iterable["Expr"]) -> "Expr":
    return reduce(and_, conditions, _constant(value=True))


def _constant(*, value: bool) -> "Expr":
    import polars as pl

    return pl.lit(value)
