"""STATE, second part: the users and the traits of the personas of a segment."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from traits_sandbox.conformance.catalogue.case import Breach, Case, Expectation, JudgeReply, Talk, accepted, refused
from traits_sandbox.conformance.catalogue.lookups import (
    LOOKS,
    MOST_PERSONAS,
    USUAL_PERSONAS,
    data_of,
    listed,
    personas,
    require_any,
    single,
    until_listed,
    users_in,
)
from traits_sandbox.conformance.catalogue.pushes import collection
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.conversation import POLLS
from traits_sandbox.conformance.http.exchange import Reply, Request
from traits_sandbox.contract.model import Operation

_LOOKED_AT = 3
_LENGTH = 200
_LONG = 300
_MANY = 150

Ask = Callable[..., Request]


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield the cases of both persona reads, and those that look for pushed users in the lists."""
    users, traits = made.the("persona_users"), made.the("persona_traits")
    yield from _shapes("STATE-003", users, made.users, _lists_users(users))
    yield _shape_of_many(made, users)
    yield from _shapes("STATE-004", traits, made.traits, _holds_traits, _is_object)
    yield single("STATE-007.all", "check the traits of all personas", traits, made.traits(), _as_in_example(traits))
    yield single("STATE-014.all", "check the traits of all personas", traits, made.traits(), _within_range)
    for operation, ask in ((users, made.users), (traits, made.traits)):
        yield _nobody_at_zero(made, operation, ask("0"))
        yield from _unknown(made, operation, ask)
    yield from _members(made, users)
    yield from _similar_ids(made, users)
    yield from _last_record(made)


def _shapes(
    requirement: str, operation: Operation, ask: Ask, expect: Expectation, of_all: Expectation | None = None
) -> Iterator[Case]:
    """Yield two cases: one reads all personas together, the other one reads the first personas one by one.

    `expect` checks the form of each reply. `of_all` replaces it for all personas together.
    """
    title, all_as_expected = "ask for all personas of the default segment", of_all or expect
    judge_all: Expectation = lambda reply: accepted(reply) or all_as_expected(reply)  # noqa: E731
    yield single(f"{requirement}.all", title, operation, ask(), judge_all)

    async def judge(talk: Talk) -> Breach | None:
        async for _, reply in personas(talk, ask, _LOOKED_AT):
            if breach := expect(reply):
                return breach
        return None

    title = f"ask for the first {_LOOKED_AT} personas, or all if there are fewer"
    yield Case(f"{requirement}.index", title, operation.id, operation.effect, judge, requests=_LOOKED_AT)


def _shape_of_many(made: RequestFactory, users: Operation) -> Case:
    """Return a case that pushes a user, reads all users, and checks that the reply has a list of strings.

    Unlike `STATE-003.all`, it also sees the form of an id on a server that had no users before.
    """

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("shown"))
        return _lists_users(users)(await until_listed(talk, made, "shown"))

    title = "push a user and ask for all users"
    return Case("STATE-003.introduced", title, users.id, "append", judge, requests=2, at_most=1 + POLLS)


def _lists_users(operation: Operation) -> Expectation:
    name = operation.roles["ids"]
    expected = f"`{name}` in the data, a list of strings"

    def expect(reply: Reply) -> Breach | None:
        data = data_of(reply)
        ids = data.get(name) if isinstance(data, dict) else None
        if not isinstance(ids, list):
            return Breach(f"{name} is not a list", expected)
        return None if all(isinstance(each, str) for each in ids) else Breach("an id that is not a string", expected)

    return expect


def _is_object(reply: Reply) -> Breach | None:
    return None if isinstance(data_of(reply), dict) else Breach("data that is not an object", "data that is an object")


def _holds_traits(reply: Reply) -> Breach | None:
    expected = "data that is an object of categories, each an object of numbers"
    data = data_of(reply)
    if not isinstance(data, dict):
        return Breach("data that is not an object", expected)
    if not all(isinstance(category, dict) for category in data.values()):
        return Breach("a category that is not an object", expected)
    numbers = all(_is_number(value) for category in data.values() for value in category.values())
    return None if numbers else Breach("a trait that is not a number", expected)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_in_example(operation: Operation) -> Expectation:
    assert operation.response is not None
    shown = _names(operation.response.example["data"])
    expected = "the categories and names of the example"

    def expect(reply: Reply) -> Breach | None:
        if breach := accepted(reply) or _holds_traits(reply):
            return breach
        missing = shown - _names(data_of(reply))
        return Breach(f"no {' '.join(min(missing))}", expected) if missing else None

    return expect


def _within_range(reply: Reply) -> Breach | None:
    if breach := accepted(reply) or _holds_traits(reply):
        return breach
    within = all(0 <= value <= 100 for category in data_of(reply).values() for value in category.values())
    return None if within else Breach("a trait beyond 0 to 100", "traits from 0 to 100")


def _names(traits: dict[str, dict[str, Any]]) -> set[tuple[str, str]]:
    return {(category, name) for category, values in traits.items() for name in values}


def _nobody_at_zero(made: RequestFactory, operation: Operation, request: Request) -> Case:
    """Return a case that asks for persona 0 and expects a refusal or an empty reply.

    It waits for all other cases, so that the run has pushed all its users before.
    """

    async def judge(talk: Talk) -> Breach | None:
        await talk.at_last()
        reply = await talk.send(request)
        if not reply.accepted:
            return refused(reply)
        data = data_of(reply)
        held = data.values() if isinstance(data, dict) else [data]
        shown = users_in(made, reply) if "ids" in operation.roles else any(held)
        return Breach(str(reply.status), "a reply of class 4xx, or nothing: there is no persona 0") if shown else None

    return Case(f"STATE-005.{operation.id}", "ask for persona 0", operation.id, operation.effect, judge)


def _unknown(made: RequestFactory, operation: Operation, ask: Ask) -> Iterator[Case]:
    questions = {
        "segment": ("a segment that does not exist", ask(segment=made.id("no-segment"))),
        "zero": ("persona 0", ask("0")),
        "beyond-64-bits": ("persona 2^64 + 1", ask(str(2**64 + 1))),
        "too-high": ("persona 1000000", ask("1000000")),
        "negative": ("persona -1", ask("-1")),
        "fraction": ("persona 1.5", ask("1.5")),
        "word": ("a persona that is a word", ask("first")),
    }
    for name, (title, request) in questions.items():
        yield single(f"STATE-008.{operation.id}.{name}", f"ask for {title}", operation, request, refused)


def _members(made: RequestFactory, users: Operation) -> Iterator[Case]:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("member"))
        found = await listed(talk, made, "member")
        require_any(made, found)
        if made.id("member") not in found:
            return Breach("not in all", "a user who was pushed to be listed")
        each = [_times(made, reply) async for _, reply in personas(talk, made.users)]
        times = sum(each)
        return None if times == 1 else Breach(f"{times} times in personas", "the user to be in one of them, once")

    yield Case(
        id="STATE-006.introduced",
        title="push a user and look for them in every persona",
        operation=users.id,
        reach="append",
        judge=judge,
        requests=2 + USUAL_PERSONAS + 1,
        at_most=1 + LOOKS + MOST_PERSONAS,
    )
    names = [f"many-{number}" for number in range(1, _MANY + 1)]
    yield _looked_for(made, "STATE-006.many", f"push {_MANY} users at once and look for each", users, names)
    yield Case("STATE-006.once", "look for ids that are listed twice in all", users.id, "read", _nobody_twice(made))
    title = "push a user and look for them during two seconds"
    yield Case("STATE-015.introduced", title, users.id, "append", _soon_listed(made), requests=2, at_most=1 + POLLS)


def _nobody_twice(made: RequestFactory) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.at_last()
        reply = await talk.send(made.users())
        different = len(users_in(made, reply))
        listed_at_all = data_of(reply)[made.the("persona_users").roles["ids"]]
        return Breach("an id twice", "every user to be listed once") if len(listed_at_all) > different else None

    return judge


def _soon_listed(made: RequestFactory) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("soon"))
        found = users_in(made, await until_listed(talk, made, "soon"))
        return None if made.id("soon") in found else Breach("not listed", "a pushed user to be listed in two seconds")

    return judge


def _times(made: RequestFactory, reply: Reply) -> int:
    """Return how often the user of STATE-006 is in the list of a reply."""
    data = data_of(reply)
    ids = data.get(made.the("persona_users").roles["ids"]) if isinstance(data, dict) else None
    return ids.count(made.id("member")) if isinstance(ids, list) else 0


def _similar_ids(made: RequestFactory, users: Operation) -> Iterator[Case]:
    length = _LENGTH - len(made.prefix)
    pairs = {
        "letter-case": ("that only differ in upper and lower case", ("case", "CASE")),
        "length": (f"of {_LENGTH} characters, with different last ones", ("l" * length, "l" * (length - 1) + "m")),
        "blank": ("one of which ends with a blank", ("blank", "blank ")),
        "escape": ("one of which is the other one, percent-encoded", ("a/b", "a%2Fb")),
        "slash": ("one of which has a slash", ("with/slash", "withslash")),
        "script": ("in other scripts", ("žluťoučký-馬", "zlutoucky-馬")),
        "composition": ("with one letter in its two Unicode forms", ("caf\u00e9", "cafe\u0301")),
        "beyond-16-bits": ("with characters beyond 16 bits", ("\U0001f40e", "\U0001f984")),
    }
    for name, (title, pair) in pairs.items():
        yield _looked_for(made, f"STATE-009.{name}", f"push users with ids {title}", users, pair)
    long = "x" * (_LONG - len(made.prefix))
    yield _looked_for(made, "STATE-009.long", f"push a user with an id of {_LONG} characters", users, [long])


def _looked_for(made: RequestFactory, case_id: str, title: str, users: Operation, names: Sequence[str]) -> Case:
    """Return a case that pushes some users and checks that each of them is listed."""
    judge = _all_listed(made, made.introduce(*names), *names)
    return Case(case_id, title, users.id, "append", judge, requests=2, at_most=1 + LOOKS)


def _all_listed(made: RequestFactory, request: Request, *names: str) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        if breach := accepted(await talk.send(request)):
            return breach
        found = await listed(talk, made, *names)
        require_any(made, found)
        missing = [name for name in names if made.id(name) not in found]
        return Breach(f"{len(missing)} not listed", "every user to be listed with the pushed id") if missing else None

    return judge


def _last_record(made: RequestFactory) -> Iterator[Case]:
    for operation in made.pushes:
        record = made.record_of(operation)
        if record.field_of("user"):
            name = f"last-{operation.id}".replace("_", "-")
            rows = made.various(operation, (made.contract.max_records or 100) - 1)
            request = made.push(operation, [*rows, made.row(record, name)])
            yield Case(
                id=f"STATE-010.{collection(operation)}",
                title=f"push {len(rows) + 1} records and look for the user of the last one",
                operation=operation.id,
                reach="append",
                judge=_all_listed(made, request, name),
                requests=2,
                at_most=1 + LOOKS,
            )
