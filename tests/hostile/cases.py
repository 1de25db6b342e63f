"""What a hostile case is: how its bytes are made for an operation, and which outcomes are right there."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from tests.hostile.messages import OPERATIONS, Make, Message, carrying, route, valid, with_body
from tests.tiers import Tier, part
from traits_sandbox.contract.model import Operation

ROUTES = ("push", "object", "upload", "webhook", "bare")
BY_ROUTE = {name: [operation for operation in OPERATIONS.values() if route(operation) == name] for name in ROUTES}


class Outcome(Enum):
    """What may become of a request. Only TAKEN may leave something behind."""

    TAKEN = "the operation's documented success"
    REFUSED = "400 in the documented shape"
    UNAUTHORIZED = "401 in the documented shape"
    NOT_FOUND = "404 in the documented shape"
    FOREIGN = "403, the Host name is not served"
    UNPARSED = "400, as HTTP that cannot be parsed or is out of bounds"
    BUSY = "503, too many connections"
    CUT = "the connection ends without an answer"


Outcomes = frozenset[Outcome]

TAKEN = frozenset({Outcome.TAKEN})
REFUSED = frozenset({Outcome.REFUSED})
UNAUTHORIZED = frozenset({Outcome.UNAUTHORIZED})
NOT_FOUND = frozenset({Outcome.NOT_FOUND})
FOREIGN = frozenset({Outcome.FOREIGN})
UNPARSED = frozenset({Outcome.UNPARSED, Outcome.CUT})
CUT = frozenset({Outcome.CUT})

# What the body of a request that needs none is like does not matter, within the limits.
BAD_BODY = dict.fromkeys(ROUTES, REFUSED) | {"bare": TAKEN}


@dataclass(frozen=True, slots=True)
class Case:
    """One row: the request as pieces of bytes for an operation and a credential, and by route what is right.

    `idle` names the doors where the request succeeds without storing anything; `end` closes our half of the
    connection after the request.
    """

    id: str
    pieces: Callable[[Operation, str], Iterable[bytes]]
    expected: Mapping[str, Outcomes]
    idle: frozenset[str] = frozenset()
    end: bool = False

    def outcomes(self, operation: Operation) -> Outcomes:
        """Return what is right for an operation."""
        return self.expected[route(operation)]

    def takes_effect(self, operation: Operation) -> bool:
        """Tell whether a success stores something, or removes it."""
        return operation.effect != "read" and route(operation) not in self.idle


def body_case(name: str, content: Make, *, idle: Iterable[str] = (), **exceptions: Outcomes) -> Case:
    """Return a case whose body, or the file in it, is hostile: refused where a body is read, but for exceptions."""

    def pieces(operation: Operation, credential: str) -> Iterable[bytes]:
        return [carrying(operation, credential, content(operation)).raw()]

    return Case(name, pieces, BAD_BODY | exceptions, frozenset(idle))


def typed_case(name: str, body: Make, content_type: bytes, *, idle: Iterable[str] = (), **exceptions: Outcomes) -> Case:
    """Return a case with a body and a content type of its own, on every operation the same."""

    def pieces(operation: Operation, credential: str) -> Iterable[bytes]:
        return [with_body(valid(operation, credential), body(operation), content_type).raw()]

    return Case(name, pieces, BAD_BODY | exceptions, frozenset(idle))


def framed_case(
    name: str, raw: Callable[[Message], bytes], outcomes: Outcomes = UNPARSED, *, end: bool = False
) -> Case:
    """Return a case that sends a valid request's content in other bytes; on every route the same is right."""

    def pieces(operation: Operation, credential: str) -> Iterable[bytes]:
        return [raw(valid(operation, credential))]

    return Case(name, pieces, dict.fromkeys(ROUTES, outcomes), end=end)


def matrix(cases: Iterable[Case]) -> list[ParameterSet]:
    """Return every case on every operation of the contract, for `parametrize`."""
    return [
        pytest.param(case, operation, id=f"{case.id}-{operation.id}", marks=part("hostile", tier))
        for case, operation, tier in pairs(cases)
    ]


def pairs(cases: Iterable[Case]) -> Iterator[tuple[Case, Operation, Tier]]:
    """Yield every case with every operation of the contract; the complete run has them all.

    At each change, every case is tried once at each route, where the operations take turns.
    """
    for number, case in enumerate(cases):
        now = {_in_turn(number, operations).id for operations in BY_ROUTE.values()}
        for operation in OPERATIONS.values():
            yield case, operation, Tier.TEST if operation.id in now else Tier.FULL


def _in_turn(number: int, operations: Sequence[Operation]) -> Operation:
    """Return the operation whose turn it is. The turns shift, because neighbouring cases are alike."""
    return operations[(number + number // len(operations)) % len(operations)]


def first_of_each(
    rows: Iterable[tuple[Any, ...]], kind: Callable[..., Hashable], name: Callable[..., str]
) -> list[ParameterSet]:
    """Return rows for `parametrize`: the first of each kind runs at each change, the others with the proofs."""
    known: set[Hashable] = set()
    parameters = []
    for row in rows:
        tier = Tier.PROOFS if kind(*row) in known else Tier.TEST
        known.add(kind(*row))
        parameters.append(pytest.param(*row, id=name(*row), marks=part("hostile", tier)))
    return parameters
