"""Contract mutants of single fields: what a field table says, changed in one cell."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from tests.conformance.mutants.facts import contract
from tests.conformance.mutants.mutant import Mutant, changed
from traits_sandbox.contract.model import Contract, Field, Record


class Operator(NamedTuple):
    """A way to change a field: for which fields, into what, and which requirements find it."""

    name: str
    does: str
    kills: str
    applies: Callable[[Field], object]
    change: Callable[[Field], dict[str, Any]]


def any_field(_: Field) -> bool:
    return True


def always(**attributes: Any) -> Callable[[Field], dict[str, Any]]:
    return lambda _: attributes


def of_type(*types: str) -> Callable[[Field], bool]:
    return lambda field: field.type in types and not field.item


OF_TYPE = {"string": "TYPE-003", "int": "TYPE-004", "float": "TYPE-005", "Timestamp": "TS-002", "list": "TYPE-006"}

# A row of a file is judged after the reply: its header tells, and what becomes of its users.
OF_FILES = ("CSV-003", "CSV-004", "CSV-007", "STATE-012", "OP-001")

OPERATORS = (
    Operator("optional", "may be left out", "TYPE-001 TYPE-006", lambda f: f.required, always(required=False)),
    Operator("required", "has to be there", "TYPE-002", lambda f: not f.required, always(required=True)),
    Operator("renamed", "has another name", "OP-001 TYPE-001 TYPE-003 TYPE-004 TYPE-005 TYPE-006 TS-002",
             any_field, lambda f: {"name": f"{f.name}_x"}),
    Operator("as-int", "is an int", "OP-001", of_type("string"),
             always(type="int", min_length=None, max_length=None, format="", allowed=(), aliases={})),
    Operator("as-timestamp", "is a Timestamp", "OP-001", of_type("string"),
             always(type="Timestamp", min_length=None, max_length=None, format="", allowed=(), aliases={})),
    Operator("as-float", "is a float", "TYPE-004", of_type("int"), always(type="float")),
    Operator("as-whole", "is an int", "TYPE-005 OP-001", of_type("float"), always(type="int")),
    Operator("as-text", "is a string", "OP-001 TYPE-004 TYPE-005", of_type("int", "float"),
             always(type="string", minimum=None, exclusive_minimum=None, maximum=None, exclusive_maximum=None)),
    Operator("any-text", "is any string", "TS-002", of_type("Timestamp"), always(type="string")),
    Operator("no-format", "is any string", "TYPE-007", lambda f: f.format, always(format="")),
    Operator("as-date", "is a date", "TS-001 OP-001", of_type("Timestamp"), always(type="string", format="date")),
    Operator("may-be-empty", "may be empty text", "TYPE-012", lambda f: f.min_length, always(min_length=None)),
    Operator("minimum-off", "has no lower bound", "TYPE-013 TYPE-014",
             lambda f: f.minimum is not None or f.exclusive_minimum is not None,
             always(minimum=None, exclusive_minimum=None)),
    Operator("minimum-lower", "may be one less than its lower bound", "TYPE-014",
             lambda f: f.minimum is not None, lambda f: {"minimum": (f.minimum or 0) - 1}),
    Operator("minimum-reached", "may be its exclusive bound", "TYPE-013",
             lambda f: f.exclusive_minimum is not None,
             lambda f: {"minimum": f.exclusive_minimum, "exclusive_minimum": None}),
    Operator("minimum-far", "has to be 100 or more", "OP-001",
             lambda f: f.minimum is not None or f.exclusive_minimum is not None,
             always(minimum=100, exclusive_minimum=None)),
    Operator("any-value", "takes any value", "TYPE-008", lambda f: f.allowed, always(allowed=(), aliases={})),
    Operator("a-value-more", "takes a value in capitals too", "TYPE-008", lambda f: f.allowed,
             lambda f: {"allowed": (*f.allowed, f.allowed[0].upper())}),
    Operator("first-value-refused", "does not take its first value", "TYPE-008 OP-001", lambda f: f.allowed,
             lambda f: {"allowed": f.allowed[1:]}),
    Operator("last-value-refused", "does not take its last value", "TYPE-008", lambda f: f.allowed,
             lambda f: {"allowed": f.allowed[:-1], "aliases": {}}),
    Operator("as-label", "is a string", "OP-001", lambda f: f.item, always(type="string", item="")),
    Operator("no-role", "has no part in whose record it is", "STATE-006 STATE-010",
             lambda f: f.role in ("user", "mention"), always(role="")),
)  # fmt: skip


def mutants() -> Iterator[Mutant]:
    """Yield a mutant for each field that the API shows, and each operator that applies to it."""
    for record in reachable(contract()):
        for field in record.fields:
            for operator in OPERATORS:
                if operator.applies(field):
                    yield _mutant(record, field, operator)
            yield _dropped(record, field)


def reachable(whole: Contract) -> list[Record]:
    """Return the records that requests carry, in bodies or in files."""
    bodies = {each.body.record for each in whole.operations if each.body and each.body.record}
    items = {field.item for each in whole.records if each.heading in bodies for field in each.fields if field.item}
    files = {dialect.record for each in whole.operations for dialect in each.dialects}
    return [each for each in whole.records if each.heading in bodies | items | files]


def _mutant(record: Record, field: Field, operator: Operator) -> Mutant:
    after = replace(field, **operator.change(field))
    fields = tuple(after if each is field else each for each in record.fields)
    does = f"{record.heading}.{field.name} {operator.does}."
    name = f"{record.heading}.{field.name}.{operator.name}"
    kills = OF_FILES if _is_of_files(record) else tuple(operator.kills.split())
    return changed(name, does, kills, _with(replace(record, fields=fields)))


def _dropped(record: Record, field: Field) -> Mutant:
    fields = tuple(each for each in record.fields if each is not field)
    kills = {"TYPE-001", OF_TYPE[field.type]} if field.required else {OF_TYPE[field.type]}
    does = f"{record.heading}.{field.name} is not known."
    found = OF_FILES if _is_of_files(record) else tuple(sorted(kills))
    return changed(f"{record.heading}.{field.name}.unknown", does, found, _with(replace(record, fields=fields)))


def _is_of_files(record: Record) -> bool:
    return any(dialect.record == record.heading for each in contract().operations for dialect in each.dialects)


def _with(record: Record) -> Contract:
    records = tuple(record if each.heading == record.heading else each for each in contract().records)
    return replace(contract(), records=records)
