"""ATOM: a push with one bad record is refused as a whole. ENV-009 and ENV-010: the refusal says what is wrong."""

import json
import re
from collections.abc import Iterator

from traits_sandbox.conformance.catalogue.case import Breach, Case, Expectation, refused
from traits_sandbox.conformance.catalogue.lookups import LOOKS, stores_nothing
from traits_sandbox.conformance.catalogue.pushes import FieldPlace, collection, places, pushed
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import NotJson, Reply
from traits_sandbox.contract.model import Contract, Operation
from traits_sandbox.derive.messages import error_message

_ROWS = 10
_BAD_REQUEST = 400


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield, for every push, cases that send bad records among good ones, and check refusal and reply."""
    for operation in made.pushes:
        required = [each for each in places(made, operation) if each.field.required and each.within is None]
        yield from _one_bad_record(made, operation, required[0])
        yield from _bad_at_the_end(made, operation, required[0])
        yield from _nothing_stored(made, operation, required[-1])
        yield from _field_named(required)
    for operation in (made.pushes[0], made.pushes[-1]):
        yield from _status_and_message(made, operation)


def _one_bad_record(made: RequestFactory, operation: Operation, place: FieldPlace) -> Iterator[Case]:
    good = made.various(operation, _ROWS)
    for name, index in (("first", 0), ("middle", _ROWS // 2), ("last", _ROWS - 1)):
        rows = [*good[:index], place.filled(...), *good[index + 1 :]]
        title = f"leave out {place.name} in the {name} of {_ROWS} records"
        yield pushed(f"ATOM-001.{collection(operation)}.{name}", title, made.push(operation, rows), refused)


def _bad_at_the_end(made: RequestFactory, operation: Operation, place: FieldPlace) -> Iterator[Case]:
    if (limit := made.contract.max_records) is not None:
        rows = [*made.various(operation, limit - 1), place.filled(...)]
        title = f"leave out {place.name} in the last of {limit} records"
        yield pushed(f"ATOM-001.{collection(operation)}.last-of-full", title, made.push(operation, rows), refused)


def _nothing_stored(made: RequestFactory, operation: Operation, place: FieldPlace) -> Iterator[Case]:
    record = made.record_of(operation)
    if record.field_of("user"):
        names = [f"{order}-{operation.id}".replace("_", "-") for order in ("before", "after")]
        before, after = (made.row(record, name) for name in names)
        request = made.push(operation, [before, place.filled(...), after])
        yield Case(
            id=f"ATOM-002.{collection(operation)}.neighbours",
            title="push a bad record between two good ones, and look for the users of these",
            operation=operation.id,
            reach="append",
            judge=stores_nothing(made, request, *map(made.id, names)),
            requests=3,
            at_most=2 + LOOKS,
        )


def _field_named(required: list[FieldPlace]) -> Iterator[Case]:
    absent, wrong = required[0], required[-1]
    yield absent.case("ENV-009", "absent", f"leave out {absent.name}", absent.filled(...), _names(absent.field.name))
    title = f"true as {wrong.name}"
    yield wrong.case("ENV-009", "true", title, wrong.filled(True), _names(wrong.field.name))


def _names(field: str) -> Expectation:
    """Expect a refusal whose errors contain the name of a field: as a key, as a word of a text, or in a pointer."""
    word = re.compile(rf"(?<![A-Za-z0-9_]){re.escape(field)}(?![A-Za-z0-9_])")

    def expect(reply: Reply) -> Breach | None:
        if not reply.refused:
            return refused(reply)
        named = word.search(json.dumps(_refusal(reply).get("errors")))
        return None if named else Breach("errors without the field", f"`errors` that names {field}")

    return expect


def _status_and_message(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    about, place = collection(operation), next(places(made, operation))
    expect = _as_in_the_table(made.contract)
    yield pushed(f"ENV-010.{about}.no-json", "a body that is not JSON", made.raw(operation, b"{"), expect)
    yield pushed(f"ENV-010.{about}.no-list", "an object without the list", made.json(operation, {}), expect)
    required = next(each for each in places(made, operation) if each.field.required)
    yield required.case("ENV-010", "absent", f"leave out {required.name}", required.filled(...), expect)
    yield place.case("ENV-010", "true", f"true as {place.name}", place.filled(True), expect)


def _as_in_the_table(contract: Contract) -> Expectation:
    message = error_message(contract, _BAD_REQUEST)

    def expect(reply: Reply) -> Breach | None:
        if reply.status != _BAD_REQUEST:
            return Breach(str(reply.status), f"status {_BAD_REQUEST}, as the table of errors says")
        same = _refusal(reply).get("message") == message
        return None if same else Breach("another message", f"the message {message!r}, as the table of errors says")

    return expect


def _refusal(reply: Reply) -> dict[str, object]:
    """Return the body of a refusal, or an empty object if it is not an object, which ENV-006 reports."""
    try:
        body = reply.json()
    except NotJson:
        return {}
    return body if isinstance(body, dict) else {}
