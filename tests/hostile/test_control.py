"""Hostile input on the sandbox's own endpoints, as its own OpenAPI document lists them."""

import json
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest

from tests.hostile.cases import TAKEN
from tests.hostile.checks import MEMORY, Judge, check_spent, peak_memory, spent
from tests.hostile.json_cases import json_cases
from tests.hostile.messages import CONTRACT, JSON, OPERATIONS, Message, dumped, in_chunks, with_body
from tests.hostile.wire import exchange, exchange_stream
from tests.tiers import Tier, part

MEBIBYTE = 2**20
PREFIX = b"/_sandbox/"
CASES = list(json_cases())
# The contents of the cases, as an operation without fields of its own would get them.
CARRIER = OPERATIONS["push_level_ups"]
TRICKS = (
    "%00",
    "%ff",
    "%2e%2e",
    "..",
    "%2F",
    "x" * 60_000,
    "%ED%A0%80",
    "%0d%0aa:%20b",
    "-1",
    "9" * 5000,
    "NaN",
    "[" * 1000,
)


@pytest.fixture(scope="module")
def calls(judge: Judge) -> list[tuple[str, str, dict[str, Any]]]:
    """Return method, path and description of every call."""
    document = json.loads(exchange(judge.address, control(b"GET", b"/_sandbox/openapi.json").raw()).body)
    return [
        (method.upper(), path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=part("hostile", Tier.FULL))], ids=["one", "every"])
def test_hostile_json_is_refused_or_accepted(
    every: bool, judge: Judge, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    taking = [(method, path) for method, path, described in calls if "requestBody" in described]
    for number, content in enumerate(contents(judge)):
        # At each change, the calls take turns.
        turn = (number + number // len(taking)) % len(taking)
        for method, path in taking if every else [taking[turn]]:
            message = with_body(control(method.encode(), path.replace("{id}", "1").encode()), content, JSON)
            check(judge, message.raw(), f"{method} {path} {content[:80]!r}")
    forget(judge)


@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: trick[:8])
def test_tricks_in_paths_and_queries_are_refused_or_accepted(
    trick: str, judge: Judge, calls: list[tuple[str, str, dict[str, Any]]]
) -> None:
    for method, path, described in calls:
        names = [each["name"] for each in described.get("parameters", ()) if each["in"] == "query"]
        query = "&".join(f"{name}={trick}" for name in [*names, "other"])
        for target in (path.replace("{id}", trick), f"{path}{trick}", f"{path}?{trick}", f"{path}?{query}"):
            check(judge, control(method.encode(), target.encode()).raw(), f"{method} {target[:200]}")
    forget(judge)


def test_a_body_of_300_mib_is_not_kept(judge: Judge, calls: list[tuple[str, str, dict[str, Any]]]) -> None:
    before = peak_memory(judge.served)
    for method, path, described in calls:
        if "requestBody" in described:
            message = control(method.encode(), path.replace("{id}", "1").encode()).having(b"Content-Type", JSON)
            answer = exchange_stream(judge.address, in_chunks(message, repeat(b" " * MEBIBYTE, 300)))
            assert 400 <= answer.status < 500
    assert peak_memory(judge.served) - before < MEMORY


ACTION = {"user_id": "1", "action_id": "2", "action_name": "3"}
PARAM = {"key": "a", "value": "b"}
# An operation, records for it, and what to look for among them.
COSTLY: dict[str, tuple[str, Any, Any]] = {
    "pattern": (
        "push_level_ups",
        [{"user_id": "a" * 4000, "level": 1}] * 100,
        {"user_id": {"regex": "a{1,99}" * 4 + "b"}},
    ),
    "list": (
        "push_actions",
        [ACTION | {"action_params": [PARAM] * 300_000}],
        {"action_params": [{"key": "none", "value": str(number)} for number in range(300)]},
    ),
}


@pytest.mark.parametrize("name", COSTLY)
def test_a_match_that_costs_much_is_answered_or_refused_before_it_does(name: str, judge: Judge) -> None:
    operation_id, records, match = COSTLY[name]
    operation = OPERATIONS[operation_id]
    assert operation.body is not None
    kind = CONTRACT.record(operation.body.record).kind
    judge.try_content(operation, dumped({operation.body.collection: records}), TAKEN, key=f"costly-{name}")
    body = dumped({"kind": kind, "match": match})
    check(judge, with_body(control(b"POST", PREFIX + b"records/count"), body, JSON).raw(), name)
    forget(judge)


def control(method: bytes, target: bytes) -> Message:
    return Message(method, target, ((b"Host", b"localhost"),))


def contents(judge: Judge) -> Iterator[bytes]:
    """Yield what the cases send as a body."""
    for case in CASES:
        for piece in case.pieces(CARRIER, judge.served.key):
            yield piece.partition(b"\r\n\r\n")[2]


def check(judge: Judge, raw: bytes, about: str) -> None:
    before = spent(judge.served)
    assert exchange(judge.address, raw).status < 500, about
    check_spent(judge.served, before)


def forget(judge: Judge) -> None:
    """Undo what was taken, such as planned faults."""
    exchange(judge.address, control(b"POST", PREFIX + b"reset").raw())
    judge.look(judge.new_credential())
