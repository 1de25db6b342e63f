"""Servers that take records for others than they are: too many, of other types, at other times."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conformance.mutants.facts import contract, record_of
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.wrapping import Answered, Around, Asked, Inner, before, refusing
from traits_sandbox.contract.model import Field, Record

Change = Callable[[Field, Any], Any]
Row = dict[str, Any]

LAYOUT = "%Y-%m-%d %H:%M:%S"
EXAMPLE = "2019-01-01 15:04:05"


def mutants() -> Iterator[Mutant]:
    yield from _of_limits()
    yield from _of_coercion()
    yield from _of_missing_fields()
    yield from _of_timestamps()
    yield from _of_refusals()


def most() -> int:
    limit = contract().max_records
    assert limit is not None
    return limit


def rewriting(change: Change) -> Around:
    """Return a middleware that changes the values of fields before they are judged."""
    return before(lambda asked: rewritten(asked, change))


def rewritten(asked: Asked, change: Change) -> Asked:
    if asked.operation is None or asked.rows is None:
        return asked
    record = record_of(asked.operation)
    rows = [_row(record, row, change) for row in asked.rows]
    return asked if rows == asked.rows and repr(rows) == repr(asked.rows) else asked.with_rows(rows)


def _row(record: Record, row: Any, change: Change) -> Any:
    if not isinstance(row, dict):
        return row
    values = {each.name: _value(each, row[each.name], change) for each in record.fields if each.name in row}
    return {name: value for name, value in (row | values).items() if value is not ...}


def _value(field: Field, value: Any, change: Change) -> Any:
    changed = change(field, value)
    if field.item and isinstance(changed, list):
        return [_row(contract().record(field.item), each, change) for each in changed]
    return changed


def when(fits: Callable[[Asked, list[Any]], object]) -> Callable[[Asked], bool]:
    """Return a test of pushes by their list."""
    return lambda asked: asked.rows is not None and bool(fits(asked, asked.rows))


async def truncated(asked: Asked, inner: Inner) -> Answered:
    """Take the records up to the limit, without a word of the others."""
    rows = asked.rows
    return await inner(asked.with_rows(rows[: most()]) if rows and len(rows) > most() else asked)


async def stored_up_to_the_limit(asked: Asked, inner: Inner) -> Answered:
    rows = asked.rows
    if rows and len(rows) > most():
        await inner(asked.with_rows(rows[: most()]))
    return await inner(asked)


async def in_parts(asked: Asked, inner: Inner) -> Answered:
    rows = asked.rows
    if rows and len(rows) > most():
        await inner(asked.with_rows(rows[: most()]))
        return await inner(asked.with_rows(rows[most() :]))
    return await inner(asked)


def _of_limits() -> Iterator[Mutant]:
    yield broken_by("limit.truncated", "Of a push beyond the limit the rest is dropped.", "LIM-003", truncated)
    yield broken_by("limit.in-parts", "A push beyond the limit is accepted in parts.", "LIM-003", in_parts)
    yield broken_by(
        "limit.refused-and-stored",
        "A push beyond the limit is refused, its first records are stored.",
        "LIM-004",
        stored_up_to_the_limit,
    )
    refused: dict[str, tuple[str, str, Callable[[Asked, list[Any]], object]]] = {
        "one": ("A push of one record is refused.", "LIM-002 OP-001", lambda _, rows: len(rows) == 1),
        "two": ("A push of two records is refused.", "LIM-002", lambda _, rows: len(rows) == 2),
        "last-but-one": (f"A push of {most() - 1} is refused.", "LIM-002", lambda _, rows: len(rows) == most() - 1),
        "exactly": (f"A push of {most()} is refused.", "LIM-001", lambda _, rows: len(rows) == most()),
        "large": ("A body beyond 64 KiB is refused.", "LIM-001 LIM-002", lambda asked, _: len(asked.body) > 2**16),
    }
    for name, (does, kills, fits) in refused.items():
        yield broken_by(f"limit.refuses-{name}", does, kills, refusing(when(fits)))
    for operation in contract().operations:
        if operation.behaviour == "push":
            yield broken_by(
                f"limit.{operation.id}.truncated",
                f"{operation.id} drops what is beyond the limit.",
                "LIM-003",
                _only_of(operation.id, truncated),
            )


def _only_of(operation_id: str, around: Around) -> Around:
    async def only(asked: Asked, inner: Inner) -> Answered:
        if asked.operation is not None and asked.operation.id == operation_id:
            return await around(asked, inner)
        return await inner(asked)

    return only


def typed(type_: str, change: Callable[[Any], Any]) -> Change:
    """Return a change of the values of fields of one type."""
    return lambda field, value: change(value) if field.type == type_ and not field.item else value


def numeral(value: Any) -> Any:
    if isinstance(value, str):
        with suppress(ValueError):
            return float(value) if "." in value else int(value)
    return value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text_of_number(value: Any) -> Any:
    return str(value) if is_number(value) else value


def _of_coercion() -> Iterator[Mutant]:
    changes: dict[str, tuple[str, str, Change]] = {
        "number-as-string": ("A number is taken for a string.", "TYPE-003", typed("string", _text_of_number)),
        "true-as-string": (
            "True is taken for a string.",
            "TYPE-003",
            typed("string", lambda v: str(v) if isinstance(v, bool) else v),
        ),
        "list-as-string": (
            "A list is taken for a string.",
            "TYPE-003",
            typed("string", lambda v: str(v) if isinstance(v, list) else v),
        ),
        "object-as-string": (
            "An object is taken for a string.",
            "TYPE-003",
            typed("string", lambda v: str(v) if isinstance(v, dict) else v),
        ),
        "null-as-string": (
            "Null is taken for a required string.",
            "TYPE-003",
            lambda f, v: "null" if f.required and f.type == "string" and v is None else v,
        ),
        "null-as-int": (
            "Null is taken for a required int.",
            "TYPE-004",
            lambda f, v: 1 if f.required and f.type == "int" and v is None else v,
        ),
        "null-as-float": (
            "Null is taken for a required float.",
            "TYPE-005",
            lambda f, v: 1 if f.required and f.type == "float" and v is None else v,
        ),
        "string-as-int": ("A numeral in quotes is taken for an int.", "TYPE-004", typed("int", numeral)),
        "string-as-float": ("A numeral in quotes is taken for a float.", "TYPE-005", typed("float", numeral)),
        "fraction-as-int": (
            "A fraction is cut off an int.",
            "TYPE-004",
            typed("int", lambda v: int(v) if isinstance(v, float) and abs(v) < 2**53 else v),
        ),
        "true-as-int": (
            "True is taken for an int.",
            "TYPE-004",
            typed("int", lambda v: int(v) if isinstance(v, bool) else v),
        ),
        "true-as-float": (
            "True is taken for a float.",
            "TYPE-005",
            typed("float", lambda v: int(v) if isinstance(v, bool) else v),
        ),
        "list-as-int": (
            "A list of one is taken for an int.",
            "TYPE-004",
            typed("int", lambda v: v[0] if isinstance(v, list) and len(v) == 1 else 1 if v == [] else v),
        ),
        "null-as-absent": (
            "Null is taken for an optional field that is absent.",
            "TYPE-011",
            lambda f, v: ... if v is None and not f.required else v,
        ),
        "empty-id": ("An empty id is taken.", "TYPE-012", lambda f, v: "none" if f.min_length and v == "" else v),
        "map-as-params": ("Parameters may be a map.", "TYPE-006", _items(lambda v: [v] if isinstance(v, dict) else v)),
        "few-params": (
            "More than five parameters are refused.",
            "TYPE-016",
            lambda f, v: None if f.item and isinstance(v, list) and len(v) > 5 else v,
        ),
        "text-as-params": ("Parameters may be text.", "TYPE-006", _items(lambda v: [] if isinstance(v, str) else v)),
        "null-as-params": ("A parameter may be null.", "TYPE-006", _items(_without(lambda each: each is None))),
        "text-in-params": ("A parameter may be text.", "TYPE-006", _items(_without(lambda e: isinstance(e, str)))),
        "keyless-params": (
            "A parameter may lack its key or its value.",
            "TYPE-006 TYPE-001",
            _items(_without(lambda each: isinstance(each, dict) and len(each) < 2)),
        ),
        "number-in-params": (
            "A parameter may be a number.",
            "TYPE-003 TYPE-006",
            _items(lambda v: [_texts(each) for each in v] if isinstance(v, list) else v),
        ),
        "lower-values": (
            "Documented values are accepted in any letter case.",
            "TYPE-008",
            lambda f, v: v.lower() if f.allowed and isinstance(v, str) else v,
        ),
        "trimmed-values": (
            "Documented values are taken with what follows.",
            "TYPE-008",
            lambda f, v: next((each for each in f.allowed if isinstance(v, str) and v.startswith(each)), v),
        ),
    }
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"types.{name}", does, kills, rewriting(change))
    for record, field in _singles():
        change = _coerced_at(record, field.name)
        yield broken_by(
            f"types.{record.heading}.{field.name}.lenient",
            f"{record.heading}.{field.name} may be in quotes, or a number.",
            {"string": "TYPE-003", "int": "TYPE-004", "float": "TYPE-005"}[field.type],
            _rewriting_of(record, change),
        )


def _singles() -> Iterator[tuple[Record, Field]]:
    """Yield every field of the pushes that is text or a number, to be broken_by one by one."""
    for operation in contract().operations:
        if operation.behaviour == "push":
            record = record_of(operation)
            yield from ((record, field) for field in record.fields if field.type in ("string", "int", "float"))


def _coerced_at(record: Record, name: str) -> Change:
    def change(field: Field, value: Any) -> Any:
        if field.name != name or field not in record.fields:
            return value
        free = field.type == "string" and not (field.allowed or field.format)
        return _text_of_number(value) if free else _valid_of(record, field, value)

    return change


def _valid_of(record: Record, field: Field, value: Any) -> Any:
    """Return a number for a numeral, and for a field of a certain form one of its values where it is a number."""
    if field.type in ("int", "float"):
        return numeral(value)
    valid = {"date": "2019-01-01", "country": "US", "language": "en"}.get(field.format) or field.allowed[0]
    return valid if is_number(value) else value


def _rewriting_of(record: Record, change: Change) -> Around:
    return before(
        lambda asked: (
            rewritten(asked, change)
            if asked.operation and asked.rows and record_of(asked.operation) == record
            else asked
        )
    )


def _items(change: Callable[[Any], Any]) -> Change:
    def changed(field: Field, value: Any) -> Any:
        if not field.item:
            return value
        made = change(value)
        names = [each.name for each in contract().record(field.item).fields]
        return [_as_item(each, names) if isinstance(value, dict) else each for each in made] if made != value else value

    return changed


def _as_item(given: Row, names: list[str]) -> Row:
    """Return a map's first entry as a parameter; one that is a parameter already as it is."""
    if set(given) == set(names):
        return given
    return dict.fromkeys(names, "x")


def _without(bad: Callable[[Any], object]) -> Callable[[Any], Any]:
    return lambda value: [each for each in value if not bad(each)] if isinstance(value, list) else value


def _texts(item: Any) -> Any:
    return {name: _text_of_number(value) for name, value in item.items()} if isinstance(item, dict) else item


@dataclass(frozen=True, slots=True)
class Filling:
    """Puts values in for required fields that are missing: in every record, or in all but the first."""

    type: str
    skip: int = 0

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        rows = asked.rows
        if asked.operation is None or rows is None:
            return await inner(asked)
        record = record_of(asked.operation)
        filled = [*rows[: self.skip], *(self._filled(record, row) for row in rows[self.skip :])]
        return await inner(asked if filled == rows else asked.with_rows(filled))

    def _filled(self, record: Record, row: Any) -> Any:
        if not isinstance(row, dict):
            return row
        missing = [each for each in record.fields if each.required and each.name not in row and each.type == self.type]
        return row | {each.name: _some(each) for each in missing}


def _some(field: Field) -> Any:
    if field.allowed:
        return field.allowed[0]
    return {"int": 1, "float": 1.5}.get(field.type, "some")


def _of_missing_fields() -> Iterator[Mutant]:
    for type_ in ("string", "int", "float"):
        yield broken_by(f"missing.{type_}-filled", f"A required {type_} that is missing is filled in.", "TYPE-001",
                     Filling(type_))  # fmt: skip


def _of_timestamps() -> Iterator[Mutant]:
    forms: dict[str, tuple[str, str]] = {
        "t": ("with a T", r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)"),
        "z": ("with a Z", r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)[Zz]"),
        "offset": ("with an offset", r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d) ?[+-]\d\d:?\d\d"),
        "fraction": ("with a fraction", r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)[.,]\d+"),
        "zone": ("with a zone's name", r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ?[A-Z]{1,4}"),
        "blanks": ("with blanks around it", r"\s*(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\s*"),
        "line-end": ("with a line end behind it", r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)\n"),
    }
    for name, (does, pattern) in forms.items():
        yield broken_by(f"time.{name}", f"A timestamp may be {does}.", "TS-002", rewriting(_matching(pattern)))
    changes: dict[str, tuple[str, str, Callable[[Any], Any]]] = {
        "date-alone": ("A timestamp may be a date.", "TS-002", _date_alone),
        "unpadded": ("A timestamp may lack its leading zeros.", "TS-002", _padded),
        "epoch": ("A timestamp may be a number of seconds.", "TS-002", lambda v: EXAMPLE if is_number(v) else v),
        "any-day": ("A timestamp may be of any day to the 31st.", "TS-003", _any_day),
        "any-hour": ("A timestamp may be of hour 24.", "TS-003", _any_hour),
        "leap-second": ("A timestamp may be of second 60.", "TS-003", lambda v: _sub(r":60$", ":59", v)),
        "any-month": (
            "A timestamp may be of any month.",
            "TS-003",
            lambda v: _sub(r"^(\d{4})-(00|1[3-9])-", r"\1-12-", v),
        ),
        "minute-60": ("A timestamp may be of minute 60.", "TS-003", lambda v: _sub(r":60:(\d\d)$", r":59:\1", v)),
    }
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"time.{name}", does, kills, rewriting(typed("Timestamp", change)))
    refused = {
        "midnight": ("Midnight is refused.", r".* 00:00:00"),
        "last-second": ("The last second of a day is refused.", r".* 23:59:59"),
        "leap-day": ("A leap day is refused.", r".*-02-29 .*"),
    }
    for name, (does, pattern) in refused.items():
        yield broken_by(
            f"time.no-{name}",
            does,
            "TS-001",
            rewriting(typed("Timestamp", _no(pattern))),
        )


def _no(pattern: str) -> Callable[[Any], Any]:
    """Return a change of texts of a form into something that no timestamp is."""
    return lambda value: 0 if isinstance(value, str) and re.fullmatch(pattern, value) else value


def _sub(pattern: str, by: str, value: Any) -> Any:
    return re.sub(pattern, by, value) if isinstance(value, str) else value


def _matching(pattern: str) -> Change:
    def change(value: Any) -> Any:
        found = re.fullmatch(pattern, value) if isinstance(value, str) else None
        return " ".join(found.groups()) if found else value

    return typed("Timestamp", change)


def _date_alone(value: Any) -> Any:
    return _sub(r"^(\d{4}-\d\d-\d\d)$", r"\1 00:00:00", value)


def _padded(value: Any) -> Any:
    found = re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})", str(value))
    numbers = [int(each) for each in found.groups()] if found else []
    return "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(*numbers) if numbers else value


def _any_day(value: Any) -> Any:
    found = re.fullmatch(r"(\d{4})-(\d\d)-(29|30|31)( \d\d:\d\d:\d\d)", str(value))
    return f"{found[1]}-{found[2]}-28{found[4]}" if found else value


def _any_hour(value: Any) -> Any:
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d) 24:(\d\d:\d\d)", str(value))
    if not found:
        return value
    day = datetime.strptime(f"{found[1]} 00:{found[2]}", LAYOUT).replace(tzinfo=UTC)
    return (day + timedelta(days=1)).strftime(LAYOUT)


def _of_refusals() -> Iterator[Mutant]:
    refused: dict[str, tuple[str, str, Callable[[str], object]]] = {
        "emoji": ("Characters beyond the first plane are refused.", "TYPE-010", lambda t: any(c > "\uffff" for c in t)),
        "not-ascii": ("Characters beyond ASCII are refused.", "TYPE-010", lambda t: not t.isascii()),
        "long": ("Text of more than 255 characters is refused.", "TYPE-010", lambda t: len(t) > 255),
    }
    for name, (does, kills, bad) in refused.items():
        yield broken_by(f"text.no-{name}", does, kills, refusing(_holding(bad)))
    yield broken_by("fields.no-others", "A field that is not known is refused.", "TYPE-009", refusing(_has_others))
    yield broken_by(
        "numbers.no-empty-fraction",
        "An int may not be written as 1.0.",
        "TYPE-015",
        rewriting(typed("int", lambda v: str(v) if isinstance(v, float) else v)),
    )
    yield broken_by(
        "numbers.no-whole-price",
        "A float has to have a fraction.",
        "TYPE-005",
        rewriting(typed("float", lambda v: str(v) if isinstance(v, int) else v)),
    )
    yield broken_by(
        "numbers.no-fraction",
        "A float may have no fraction.",
        "TYPE-005 OP-001",
        rewriting(typed("float", lambda v: str(v) if isinstance(v, float) and v % 1 else v)),
    )


def _holding(bad: Callable[[str], object]) -> Callable[[Asked], bool]:
    """Return a test of pushes by the texts of their records."""
    return lambda asked: any(bad(text) for row in asked.rows or () for text in _strings(row))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(each)


def _has_others(asked: Asked) -> bool:
    if asked.operation is None or not asked.rows:
        return False
    known = {each.name for each in record_of(asked.operation).fields}
    return any(isinstance(row, dict) and row.keys() - known for row in asked.rows)
