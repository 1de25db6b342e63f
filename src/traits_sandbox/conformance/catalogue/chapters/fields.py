"""TYPE: which values a field accepts, and whether it may be absent."""

from collections.abc import Callable, Iterator
from itertools import islice

from traits_sandbox.conformance.catalogue.case import Case, Expectation, accepted, refused
from traits_sandbox.conformance.catalogue.pushes import FieldPlace, collection, optional, places, pushed
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.catalogue.values import (
    FORMS,
    TEXTS,
    TEXTS_EVERYWHERE,
    WORDS,
    SampleValue,
    in_bounds,
    literal,
    misses,
)
from traits_sandbox.contract.model import FieldType, Operation

_TYPES: dict[FieldType, str] = {
    "string": "TYPE-003",
    "int": "TYPE-004",
    "float": "TYPE-005",
    "list": "TYPE-006",
    "Timestamp": "TS-002",
}
"""The requirement for each type of a field."""

_UNKNOWN = "tsc_unknown"


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that push valid and invalid values in every field, and records with optional or unknown fields."""
    for operation in made.pushes:
        for place in places(made, operation):
            for rule in _RULES:
                yield from rule(place)
        yield from _without_options(made, operation)
        yield _shown(made, operation)
        yield from _unknown_field(made, operation)
    yield from _texts(made)


def _absence(place: FieldPlace) -> Iterator[Case]:
    requirement, expect = ("TYPE-001", refused) if place.field.required else ("TYPE-002", accepted)
    yield place.case(requirement, "absent", f"leave out {place.name}", place.filled(...), expect)


def _null(place: FieldPlace) -> Iterator[Case]:
    requirement = _TYPES[place.field.type] if place.field.required else "TYPE-011"
    kind = "required" if place.field.required else "optional"
    yield place.case(requirement, "null", f"null in the {kind} {place.name}", place.filled(None), refused)


def _types(place: FieldPlace) -> Iterator[Case]:
    words, requirement = WORDS[place.field.type], _TYPES[place.field.type]
    for miss in misses(place.field.type, place.valid()):
        title = f"{miss.shown} in place of {words}"
        yield place.case(requirement, miss.name, title, place.filled(miss.value), refused)


def _floats(place: FieldPlace) -> Iterator[Case]:
    if place.field.type == "float":
        for name, numbers in {"whole": (25, 1, 0), "fraction": (25.5, 0.5, -0.5)}.items():
            for number in islice(in_bounds(place.field, *numbers), 1):
                yield place.case("TYPE-005", name, f"{number} as a number", place.filled(number), accepted)


def _entries(place: FieldPlace) -> Iterator[Case]:
    if place.field.type == "list":
        twice = place.valid()[:1] * 2
        yield place.case("TYPE-006", "two-entries", f"two entries in {place.name}", place.filled(twice), accepted)


def _forms(place: FieldPlace) -> Iterator[Case]:
    for forms, expect in zip(FORMS[place.field.format], (accepted, refused), strict=True):
        for each in map(SampleValue._make, forms.items()):
            title = f"{each.shown} as {place.name}"
            yield place.case("TYPE-007", each.name, title, place.alone(each.value), expect)


def _allowed(place: FieldPlace) -> Iterator[Case]:
    # An alias is stored in a spelling of our own, which the document may not have.
    for word in (each for each in place.field.allowed if each not in place.field.aliases.values()):
        yield place.case("TYPE-008", word, f"the documented {word}", place.filled(word), accepted)
    if words := place.field.allowed:
        others = {"other": "tsc-other", "empty": "", "upper-case": words[0].upper(), "trailing-blank": f"{words[0]} "}
        for each in map(SampleValue._make, (each for each in others.items() if each[1] not in words)):
            yield place.case("TYPE-008", each.name, f"{each.shown} as {place.name}", place.filled(each.value), refused)


def _empty(place: FieldPlace) -> Iterator[Case]:
    if place.field.min_length:
        yield place.case("TYPE-012", "empty", f"an empty {place.name}", place.filled(""), refused)


def _whole_fraction(place: FieldPlace) -> Iterator[Case]:
    if place.field.type == "int":
        text = f"{place.valid()}.0"
        title = f"{text} as a whole number"
        yield place.case("TYPE-015", "empty-fraction", title, place.filled(literal(text)), accepted)


def _bounds(place: FieldPlace) -> Iterator[Case]:
    least, above = place.field.minimum, place.field.exclusive_minimum
    most, under = place.field.maximum, place.field.exclusive_maximum
    step = 1 if place.field.type == "int" else 0.01
    tries: list[tuple[str, str, float, Expectation]] = []
    if above is not None:
        tries = [("bound", "TYPE-013", above, refused), ("below", "TYPE-013", above - 1, refused)]
        tries += [("least", "TYPE-013", above + step, accepted)]
    if least is not None:
        tries = [("least", "TYPE-014", least, accepted), ("below", "TYPE-014", least - step, refused)]
    if most is not None:
        tries += [("most", "TYPE-014", most, accepted), ("above", "TYPE-014", most + step, refused)]
    if under is not None:
        tries += [("limit", "TYPE-014", under, refused)]
    for name, requirement, value, expect in tries:
        if expect is refused or list(in_bounds(place.field, value)):
            yield place.case(requirement, name, f"{value:g} as {place.name}", place.filled(value), expect)


def _extremes(place: FieldPlace) -> Iterator[Case]:
    extremes: dict[FieldType, list[tuple[str, str, str, Expectation]]] = {
        "int": [("beyond-64-bits", "two to the 64th", str(2**64), accepted)],
        "float": [
            ("beyond-double", "a number that is infinite as a double", "1e400", refused),
            ("largest", "a number near the largest double", "1.7e308", accepted),
        ],
    }
    for name, title, text, expect in extremes.get(place.field.type, ()):
        if expect is refused or list(in_bounds(place.field, float(text))):
            yield place.case("TYPE-014", name, title, place.filled(literal(text)), expect)


def _without_options(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    record = made.record_of(operation)
    left_out = optional(record)
    if len(left_out) > 1:
        request = made.push(operation, [made.row(record, **left_out)])
        case_id = f"TYPE-002.{collection(operation)}.all-absent"
        yield pushed(case_id, "leave out every optional field", request, accepted)


def _shown(made: RequestFactory, operation: Operation) -> Case:
    request = made.push(operation, made.examples(operation))
    case_id = f"TYPE-016.{collection(operation)}.examples"
    return pushed(case_id, "all records that the document shows, including those for files", request, accepted)


def _unknown_field(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    row = made.row(made.record_of(operation), **{_UNKNOWN: "text"})
    case_id = f"TYPE-009.{collection(operation)}.unknown"
    yield pushed(case_id, "a field that the document does not define", made.push(operation, [row]), accepted)
    for place in places(made, operation):
        if place.field.item:
            rows = [place.filled([place.valid()[0] | {_UNKNOWN: "text"}])]
            case_id = f"TYPE-009.{collection(operation)}.{place.name}.unknown"
            yield pushed(case_id, "an unknown field in an entry", made.push(operation, rows), accepted)


def _texts(made: RequestFactory) -> Iterator[Case]:
    free = [place for operation in made.pushes for place in places(made, operation) if place.free]
    for number, place in enumerate(free):
        for name in TEXTS_EVERYWHERE if number else TEXTS:
            title = f"{name.replace('-', ' ')} in {place.name}"
            yield place.case("TYPE-010", name, title, place.filled(TEXTS[name]), accepted)


_RULES: tuple[Callable[[FieldPlace], Iterator[Case]], ...] = (
    _absence,
    _null,
    _types,
    _floats,
    _entries,
    _forms,
    _allowed,
    _empty,
    _whole_fraction,
    _bounds,
    _extremes,
)
