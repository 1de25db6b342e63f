"""Says by the column which rows of a table surely keep the contract: as Polars expressions.

They are made of the schemas that judge single rows. An expression may doubt any row, and the schema decides on it; it
never takes one that the schema refuses. So a keyword or a type that it does not know is doubted.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, Final

from traits_sandbox.bulk.formats.spelling import json_list, rules
from traits_sandbox.contract.model import Contract, Field, Record
from traits_sandbox.derive.json_schema import Schema, field_schema

if TYPE_CHECKING:
    from polars import DataType, Expr

Types = Mapping[str, "DataType"]

_LARGEST_EXACT: Final = 2**53
# 0001-01-01 and 9999-12-31, the years that calendars know, in days since the epoch; and the ticks of each unit.
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896
_TICKS_A_DAY: Final = {"ms": 86_400 * 10**3, "us": 86_400 * 10**6, "ns": 86_400 * 10**9}
_INT64: Final = 2**63

# A character takes one byte or more.
_RULES: Final[Mapping[str, Callable[["Expr", Any], "Expr"]]] = {
    "minLength": lambda text, least: text != "" if least == 1 else text.str.len_chars() >= least,
    "maxLength": lambda text, most: text.str.len_bytes() <= most,
    "pattern": lambda text, pattern: text.str.contains(pattern),
    "enum": lambda value, allowed: value.is_in(allowed),
    "minimum": lambda value, bound: value >= bound,
    "exclusiveMinimum": lambda value, bound: value > bound,
}


def sure_rows(contract: Contract, record: Record, types: Types) -> "Expr":
    """Return which rows surely keep a record's schema; null is an absent value.

    `types` are those of the columns, which have the names of the fields.
    """
    return _all_kept(record, types, lambda name: _column(name), lambda *column: _value(contract, *column))


def in_calendar(value: "Expr", of_type: "DataType") -> "Expr":
    """Return which dates or moments lie in the years that calendars know."""
    import polars as pl

    ticks = _TICKS_A_DAY[of_type.time_unit] if isinstance(of_type, pl.Datetime) else 1
    last = min((_LAST_DAY + 1) * ticks - 1, _INT64 - 1)
    return value.to_physical().is_between(max(_FIRST_DAY * ticks, -_INT64), last)


def is_plain(of_type: "DataType") -> bool:
    """Tell whether values of a type are JSON values, or can be written as such without a doubt."""
    import polars as pl

    if isinstance(of_type, pl.List | pl.Array):
        return is_plain(instance(of_type.inner))
    if isinstance(of_type, pl.Struct):
        return all(map(is_plain, members(of_type).values()))
    return of_type.is_numeric() or isinstance(of_type, pl.String | pl.Boolean | pl.Null | pl.Categorical | pl.Enum)


def is_moment_of(field: Field, of_type: "DataType") -> bool:
    """Tell whether a column of dates or moments is of the kind that a field asks for as text."""
    import polars as pl

    if isinstance(of_type, pl.Datetime):
        return field.type == "Timestamp"
    return isinstance(of_type, pl.Date) and field.format == "date"


def members(of_type: "DataType") -> dict[str, "DataType"]:
    """Return the types of a struct's members."""
    import polars as pl

    return {member.name: instance(member.dtype) for member in of_type.fields} if isinstance(of_type, pl.Struct) else {}


def instance(of_type: Any) -> "DataType":
    """Return a type as an instance; within others, Polars has classes too."""
    made: DataType = of_type() if isinstance(of_type, type) else of_type
    return made


def _column(name: str) -> "Expr":
    import polars as pl

    return pl.col(name)


def _all_kept(
    record: Record,
    types: Types,
    reach: Callable[[str], "Expr"],
    kept: Callable[[Field, "DataType", "Expr"], "Expr"],
) -> "Expr":
    """Return whether all fields of a record are kept, given how to reach a value and whether that keeps its field."""
    if any(field.required and field.name not in types for field in record.fields):
        return _constant(value=False)
    found = [(field, reach(field.name)) for field in record.fields if field.name in types]
    values = (
        value.is_not_null() & kept(field, types[field.name], value)
        if field.required
        else value.is_null() | kept(field, types[field.name], value)
        for field, value in found
    )
    return _all(values).fill_null(value=False)


def _value(contract: Contract, field: Field, of_type: "DataType", value: "Expr") -> "Expr":
    import polars as pl

    schema = field_schema(field)
    match schema["type"]:
        case "string" if isinstance(of_type, pl.Categorical | pl.Enum):
            return _narrowed(schema, value.cast(pl.String))
        case "string" if isinstance(of_type, pl.String):
            return _narrowed(schema, value)
        case "string" if is_moment_of(field, of_type) and not field.allowed:
            return in_calendar(value, of_type)
        case "array":
            return _list(contract, field, of_type, value)
        case "integer" | "number" if of_type.is_integer():
            return _narrowed(schema, value)
        case "integer" if of_type.is_float():
            return (value == value.floor()) & (value.abs() <= _LARGEST_EXACT) & _narrowed(schema, value)
        case "number" if of_type.is_float():
            return value.is_finite() & _narrowed(schema, value)
        case "number" if of_type.is_decimal():
            return _narrowed(schema, value.cast(pl.Float64))
    return _constant(value=False)


def _list(contract: Contract, field: Field, of_type: "DataType", value: "Expr") -> "Expr":
    import polars as pl

    record = contract.record(field.item)
    if isinstance(of_type, pl.String) and (spelled := json_list(contract, field)):
        return value.str.contains(f"^{spelled}$")
    if not isinstance(of_type, pl.List) or not is_plain(of_type) or record.attributes or rules(field_schema(field)):
        return _constant(value=False)
    types = members(instance(of_type.inner))
    if not types:
        return _constant(value=False)
    return value.list.eval(_all_kept(record, types, _member, _text) & pl.element().is_not_null()).list.all()


def _member(name: str) -> "Expr":
    import polars as pl

    return pl.element().struct.field(name)


def _text(field: Field, of_type: "DataType", value: "Expr") -> "Expr":
    import polars as pl

    schema = field_schema(field)
    is_text = schema["type"] == "string" and isinstance(of_type, pl.String)
    return _narrowed(schema, value) if is_text else _constant(value=False)


def _narrowed(schema: Schema, value: "Expr") -> "Expr":
    """Return whether a value of the right type keeps a schema's rules."""
    kept = rules(schema)
    if not kept.keys() <= _RULES.keys():
        return _constant(value=False)
    return _all(_RULES[keyword](value, bound) for keyword, bound in kept.items())


def _all(conditions: Iterable["Expr"]) -> "Expr":
    return reduce(and_, conditions, _constant(value=True))


def _constant(*, value: bool) -> "Expr":
    import polars as pl

    return pl.lit(value)
