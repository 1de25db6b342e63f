"""STATE, the segments: who belongs to a persona, and what traits it has."""

from collections.abc import Callable, Iterator
from typing import Any

from traits_sandbox.conformance.case import Breach, Case, Expectation, Judge, Talk, accepted, refused
from traits_sandbox.conformance.catalogue.pushes import collection
from traits_sandbox.conformance.catalogue.seeing import (
    MOST_PERSONAS,
    USUAL_PERSONAS,
    data_of,
    listed,
    personas,
    single,
    until_listed,
)
from traits_sandbox.conformance.exchange import Reply, Request
from traits_sandbox.conformance.materials import Materials
from traits_sandbox.conformance.talk import POLLS
from traits_sandbox.contract.model import Operation

_LOOKED_AT = 3
_LENGTH = 200

Ask = Callable[..., Request]


def cases(made: Materials) -> Iterator[Case]:
    """Yield the cases of both persona reads, and of who is found by them."""
    users, traits = made.the("persona_users"), made.the("persona_traits")
    yield from _shapes("STATE-003", users, made.users, _lists_users(users))
    yield _shape_of_many(made, users)
    yield from _shapes("STATE-004", traits, made.traits, _holds_traits)
    yield single("STATE-007.all", "look at the traits of all", traits, made.traits(), _as_in_example(traits))
    for operation, ask in ((users, made.users), (traits, made.traits)):
        yield single(f"STATE-005.{operation.id}", "ask for persona 0", operation, ask("0"), refused)
        yield from _unknown(made, operation, ask)
    yield from _members(made, users)
    yield from _told_apart(made, users)
    yield from _last_record(made)


def _shapes(requirement: str, operation: Operation, ask: Ask, expect: Expectation) -> Iterator[Case]:
    title = "ask for all personas of the default segment"
    yield single(f"{requirement}.all", title, operation, ask(), lambda reply: accepted(reply) or expect(reply))

    async def judge(talk: Talk) -> Breach | None:
        async for _, reply in personas(talk, ask, _LOOKED_AT):
            if breach := expect(reply):
                return breach
        return None

    title = f"ask for the first {_LOOKED_AT} personas, as far as there are so many"
    yield Case(f"{requirement}.index", title, operation.id, operation.effect, judge, requests=_LOOKED_AT)


def _shape_of_many(made: Materials, users: Operation) -> Case:
    """Return the case of a list that is not empty, as far as a user is listed at all."""

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("shown"))
        return _lists_users(users)(await until_listed(talk, made, "shown"))

    title = "push a user and ask for all"
    return Case("STATE-003.introduced", title, users.id, "append", judge, requests=2, at_most=1 + POLLS)


def _lists_users(operation: Operation) -> Expectation:
    name = operation.roles["ids"]
    expected = f"`{name}` in the data, a list of strings"

    def expect(reply: Reply) -> Breach | None:
        data = data_of(reply)
        ids = data.get(name) if isinstance(data, dict) else None
        if not isinstance(ids, list):
            return Breach(f"{name} is no list", expected)
        return None if all(isinstance(each, str) for each in ids) else Breach("an id that is no string", expected)

    return expect


def _holds_traits(reply: Reply) -> Breach | None:
    expected = "data that is an object of categories, each an object of numbers"
    data = data_of(reply)
    if not isinstance(data, dict):
        return Breach("data that is no object", expected)
    if not all(isinstance(category, dict) for category in data.values()):
        return Breach("a category that is no object", expected)
    numbers = all(_is_number(value) for category in data.values() for value in category.values())
    return None if numbers else Breach("a trait that is no number", expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_in_example(operation: Operation) -> Expectation:
    assert operation.response is not None
    shown = _names(operation.response.example["data"])
    expected = "the categories and names of the example, each from 0 to 100"

    def expect(reply: Reply) -> Breach | None:
        if breach := accepted(reply) or _holds_traits(reply):
            return breach
        data = data_of(reply)
        if missing := shown - _names(data):
            return Breach(f"no {' '.join(min(missing))}", expected)
        within = all(0 <= value <= 100 for category in data.values() for value in category.values())
        return None if within else Breach("a trait beyond 0 to 100", expected)

    return expect


def _names(traits: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    return {(category, name) for category, values in traits.items() for name in values}


def _unknown(made: Materials, operation: Operation, ask: Ask) -> Iterator[Case]:
    questions = {
        "segment": ("a segment that does not exist", ask(segment=made.id("no-segment"))),
        "too-high": ("persona 1000000", ask("1000000")),
        "negative": ("persona -1", ask("-1")),
        "fraction": ("persona 1.5", ask("1.5")),
        "word": ("a persona by a word", ask("first")),
    }
    for name, (title, request) in questions.items():
        yield single(f"STATE-008.{operation.id}.{name}", f"ask for {title}", operation, request, refused)


def _members(made: Materials, users: Operation) -> Iterator[Case]:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("member"))
        in_all = _times(made, await until_listed(talk, made, "member"))
        if in_all != 1:
            return Breach(f"{in_all} times in all", "a user who was pushed to be listed once")
        each = [_times(made, reply) async for _, reply in personas(talk, made.users)]
        found = sum(each)
        return None if found == 1 else Breach(f"{found} times in personas", "the user to be in one of them, once")

    yield Case(
        id="STATE-006.introduced",
        title="push a user and go through all personas",
        operation=users.id,
        reach="append",
        judge=judge,
        requests=2 + USUAL_PERSONAS + 1,
        at_most=1 + POLLS + MOST_PERSONAS,
    )


def _times(made: Materials, reply: Reply) -> int:
    """Return how often a list has the user whom STATE-006 is about."""
    data = data_of(reply)
    ids = data.get(made.the("persona_users").roles["ids"]) if isinstance(data, dict) else None
    return ids.count(made.id("member")) if isinstance(ids, list) else 0


def _told_apart(made: Materials, users: Operation) -> Iterator[Case]:
    length = _LENGTH - len(made.prefix)
    pairs = {
        "letter-case": ("that differ in letter case", ("case", "CASE")),
        "length": (f"of {_LENGTH} characters that differ in the last", ("l" * length, "l" * (length - 1) + "m")),
        "blank": ("one of which ends with a blank", ("blank", "blank ")),
        "escape": ("one of which looks like the other, escaped", ("a/b", "a%2Fb")),
        "slash": ("one of which has a slash", ("with/slash", "withslash")),
        "script": ("in other scripts", ("žluťoučký-馬", "zlutoucky-馬")),
        "composition": ("spelt with one character or two", ("caf\u00e9", "cafe\u0301")),
        "beyond-16-bits": ("beyond 16 bits", ("\U0001f40e", "\U0001f984")),
    }
    for name, (title, pair) in pairs.items():
        yield Case(
            id=f"STATE-009.{name}",
            title=f"push users with ids {title}",
            operation=users.id,
            reach="append",
            judge=_all_listed(made, made.introduce(*pair), *pair),
            requests=2,
            at_most=1 + POLLS,
        )


def _all_listed(made: Materials, request: Request, *names: str) -> Judge:
    async def judge(talk: Talk) -> Breach | None:
        if breach := accepted(await talk.send(request)):
            return breach
        found = await listed(talk, made, *names)
        missing = [name for name in names if made.id(name) not in found]
        return Breach(f"{len(missing)} not listed", "every user to be listed, as pushed") if missing else None

    return judge


def _last_record(made: Materials) -> Iterator[Case]:
    for operation in made.pushes:
        record = made.record_of(operation)
        if record.field_of("user"):
            name = f"last-{operation.id}".replace("_", "-")
            rows = made.various(operation, (made.contract.max_records or 100) - 1)
            request = made.push(operation, [*rows, made.row(record, name)])
            yield Case(
                id=f"STATE-010.{collection(operation)}",
                title=f"look for the user of the last of {len(rows) + 1} records",
                operation=operation.id,
                reach="append",
                judge=_all_listed(made, request, name),
                requests=2,
                at_most=1 + POLLS,
            )
