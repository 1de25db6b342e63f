"""ENV: the content of replies. Requirements for all replies are checked on every exchange, by observers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from traits_sandbox.conformance.catalogue.case import Breach, Case, Expectation, accepted
from traits_sandbox.conformance.catalogue.lookups import data_of, single
from traits_sandbox.conformance.catalogue.pushes import collection, pushed
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import NotJson, Reply
from traits_sandbox.contract.model import Operation

_ROWS = 3


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield the cases about the reply of every push, and those about unknown paths."""
    for operation in made.pushes:
        yield _counted(made, operation, _ROWS)
        if made.contract.max_records is not None:
            # Fewer than a full push: a message may have a separator in 1,000.
            yield _counted(made, operation, made.contract.max_records - 1, ".many")
        yield pushed(f"ENV-004.{collection(operation)}", "look for null data", made.documented(operation), _no_data)
    yield from _unknown_paths(made)


def _counted(made: RequestFactory, operation: Operation, count: int, name: str = "") -> Case:
    request = made.push(operation, made.various(operation, count))
    title = f"push {count} records and look for this number in the message"
    return pushed(f"ENV-003.{collection(operation)}{name}", title, request, _states(count))


def _states(count: int) -> Expectation:
    def expect(reply: Reply) -> Breach | None:
        stated = re.search(rf"(?<!\d){count}(?!\d)", _message(reply))
        return accepted(reply) or (None if stated else Breach("a message without it", f"a message with {count}"))

    return expect


def _message(reply: Reply) -> str:
    try:
        return str(reply.json()["message"])
    except (NotJson, TypeError, KeyError):
        return ""


def _no_data(reply: Reply) -> Breach | None:
    if breach := accepted(reply):
        return breach
    return None if data_of(reply) is None else Breach("data that is not null", "`data` to be null")


def _unknown_paths(made: RequestFactory) -> Iterator[Case]:
    # Only reads are sent to unknown paths: another method could do anything there.
    for operation in (made.the("assessment_status"), made.pushes[0]):
        request = made.documented(operation)
        strange = replace(request, path=f"{request.path}-unknown", operation="")
        reach = operation.effect if operation.method == "GET" else "unsafe"
        title = f"{operation.method} a path that does not exist"
        yield single(f"ENV-007.{operation.id}", title, operation, strange, _not_found, reach)


def _not_found(reply: Reply) -> Breach | None:
    if reply.status == HTTPStatus.NOT_FOUND:
        return None
    return Breach(str(reply.status), f"status {HTTPStatus.NOT_FOUND.value}, as the table of errors says")
