"""Servers that delete too little, too much, or the wrong users."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.mutants.facts import having, record_of, the
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.named.personas import elsewhere
from tests.conformance.mutants.wrapping import Answered, Around, Asked, Inner, after, answer, succeeded


def mutants() -> Iterator[Mutant]:
    yield from _of_too_little()
    yield from _of_too_much()
    yield from _of_bad_ids()
    yield from _of_repetition()


def removing(asked: Asked) -> bool:
    return asked.behaviour == "remove_user"


def meant(asked: Asked) -> Any:
    """Return the id that a deletion names, None where it names none."""
    value = asked.json() if removing(asked) else None
    return value.get(the("remove_user").roles["user"]) if isinstance(value, dict) else None


def naming(asked: Asked, user: str) -> Asked:
    return asked.with_json({the("remove_user").roles["user"]: user})


async def everybody(asked: Asked, inner: Inner) -> list[str]:
    """Return all users, with the key of `asked`."""
    operation = the("persona_users")
    roles = operation.roles
    named = {roles["segment"]: roles["default_segment"], roles["persona"]: roles["all_personas"]}
    path = operation.path.format(**named)
    reply = await inner(asked.with_method(operation.method).with_path(path).with_body(b""))
    users: list[str] = reply.json()["data"][roles["ids"]] if reply.accepted else []
    return users


def also(chosen: Callable[[str, str], object]) -> Around:
    """Return a middleware that deletes others too: those that are chosen for the id that was meant."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        user = meant(asked)
        if isinstance(user, str) and user:
            for other in await everybody(asked, inner):
                if chosen(user, other):
                    await inner(naming(asked, other))
        return await inner(asked)

    return around


async def without_effect(asked: Asked, inner: Inner) -> Answered:
    return await inner(elsewhere(asked) if removing(asked) else asked)


class Unfinished:
    """Hides a deleted user in one list alone, or leaves the rest of what is known."""

    def __init__(self, behaviour: str, hides: Callable[[Asked], bool]) -> None:
        self._gone: set[str] = set()
        self._behaviour, self._hides = behaviour, hides

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        user = meant(asked)
        reply = await inner(elsewhere(asked) if removing(asked) else asked)
        if isinstance(user, str) and reply.accepted:
            self._gone.add(user)
        if asked.behaviour != self._behaviour or not reply.accepted or not self._hides(asked):
            return reply
        ids = the("persona_users").roles["ids"]
        body = reply.json()
        left = [each for each in body["data"][ids] if each not in self._gone]
        return reply.with_json(body | {"data": {ids: left}})


class ListedNoMore(Unfinished):
    """Hides a deleted user from the list of all, and from no persona."""

    def __init__(self) -> None:
        roles = the("persona_users").roles
        super().__init__("persona_users", lambda a: a.named[roles["persona"]] == roles["all_personas"])


class StillInAll(Unfinished):
    """Hides a deleted user from the personas, and not from the list of all."""

    def __init__(self) -> None:
        roles = the("persona_users").roles
        super().__init__("persona_users", lambda a: a.named[roles["persona"]] != roles["all_personas"])


class StatusStays:
    """Answers the status of a user as it last was before the deletion."""

    def __init__(self) -> None:
        self._known: dict[str, Answered] = {}

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        operation = the("assessment_status")
        user = meant(asked)
        if isinstance(user, str) and user:
            status = asked.with_method(operation.method).with_path(operation.path).with_body(b"")
            self._known[user] = await inner(status.with_query(**{operation.roles["user"]: user}))
        reply = await inner(asked)
        kept = self._known.get(asked.query.get(operation.roles["user"], ""))
        return kept if kept and asked.behaviour == "assessment_status" and reply.accepted else reply


def refused_with(status: int) -> Around:
    return after(lambda asked, reply: answer(status) if removing(asked) and reply.accepted else reply)


def _of_too_little() -> Iterator[Mutant]:
    yield broken_by("delete.nothing", "A deletion is accepted and does nothing.", "DEL-002", without_effect)
    yield broken_by("delete.from-all-alone", "A deleted user stays in its persona.", "DEL-002", ListedNoMore)
    yield broken_by("delete.from-personas-alone", "A deleted user stays in the list of all.", "DEL-002", StillInAll)
    yield broken_by("delete.status-stays", "The status of a deleted user stays.", "DEL-006", StatusStays)
    for status in (400, 404, 405):
        yield broken_by(
            f"delete.refused-with-{status}",
            f"A deletion is answered {status}.",
            "DEL-001 OP-001",
            refused_with(status),
        )
    yield broken_by(
        "delete.brought-back",
        "A deleted user is there again at once.",
        "DEL-002",
        brought_back,
    )
    yield broken_by("delete.comes-back", "A deleted user is there again after a moment.", "DEL-002", ComesBack)


class ComesBack:
    """Brings a deleted user back after a moment."""

    def __init__(self) -> None:
        self._due: list[tuple[float, Asked, str]] = []

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        now, user = asyncio.get_running_loop().time(), meant(asked)
        for due, removal, gone in self._due:
            if due <= now:
                await inner(login(removal, gone))
        self._due = [each for each in self._due if each[0] > now]
        if isinstance(user, str) and user in await everybody(asked, inner):
            self._due.append((now + 0.5, asked, user))
        return await inner(asked)


async def brought_back(asked: Asked, inner: Inner) -> Answered:
    """Delete a user, then push a record of that user again."""
    user = meant(asked)
    known = isinstance(user, str) and user in await everybody(asked, inner)
    reply = await inner(asked)
    if isinstance(user, str) and known and reply.accepted:
        await inner(login(asked, user))
    return reply


def login(asked: Asked, user: str) -> Asked:
    """Return a push of a record about a user, with the key of `asked`."""
    operation = next(each for each in having("push") if record_of(each).field_of("user"))
    assert operation.body is not None
    record = record_of(operation)
    row = dict(operation.body.example[operation.body.collection][0])
    field = record.field_of("user")
    assert field is not None
    push = asked.with_method(operation.method).with_path(operation.path)
    return push.with_json({operation.body.collection: [row | {field.name: user}]})


def _of_too_much() -> Iterator[Mutant]:
    others: dict[str, tuple[str, Callable[[str, str], object]]] = {
        "everybody": ("A deletion deletes everybody.", lambda user, other: other != user),
        "by-prefix": ("A deletion deletes all whose ids begin so.", lambda user, other: other.startswith(user)),
        "any-case": (
            "A deletion deletes without regard to letter case.",
            lambda user, other: other.lower() == user.lower(),
        ),
        "by-suffix": ("A deletion deletes all whose ids end so.", lambda user, other: other.endswith(user)),
        "by-part": ("A deletion deletes all whose ids hold it.", lambda user, other: user in other),
    }
    for name, (does, chosen) in others.items():
        yield broken_by(f"delete.{name}", does, "DEL-003", also(chosen))


def taking(bad: Callable[[Asked], object]) -> Around:
    """Return a middleware that accepts some deletions which name nobody."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        return succeeded(asked) if removing(asked) and reply.status == 400 and bad(asked) else reply

    return around


async def everybody_for_nobody(asked: Asked, inner: Inner) -> Answered:
    """Refuse a deletion without an id, and delete everybody all the same."""
    reply = await inner(asked)
    if removing(asked) and reply.status == 400:
        for user in await everybody(asked, inner):
            await inner(naming(asked, user))
    return reply


def _of_bad_ids() -> Iterator[Mutant]:
    user = the("remove_user").roles["user"]
    bad: dict[str, tuple[str, Callable[[Asked], object]]] = {
        "empty": ("A deletion takes an empty id.", lambda a: meant(a) == ""),
        "null": ("A deletion takes null for an id.", lambda a: isinstance(a.json(), dict) and a.json() == {user: None}),
        "none": ("A deletion needs no id.", lambda a: isinstance(a.json(), dict) and user not in a.json()),
        "number": ("A deletion takes a number for an id.", lambda a: isinstance(meant(a), int | float)),
        "list": ("A deletion takes a list for an id.", lambda a: isinstance(meant(a), list)),
        "object": ("A deletion takes an object for an id.", lambda a: isinstance(meant(a), dict)),
        "no-body": ("A deletion needs no body.", lambda a: not a.body),
        "any-body": ("A deletion takes any body.", removing),
    }
    for name, (does, fits) in bad.items():
        # That an id is not empty is an assumption of the emulator's; that there is one, the document says.
        kills = "TYPE-012" if name == "empty" else "DEL-004"
        yield broken_by(f"delete.takes-{name}", does, kills, taking(fits))
    yield broken_by(
        "delete.refused-and-done",
        "A deletion that names nobody is refused, and deletes everybody.",
        "DEL-004",
        everybody_for_nobody,
    )


def _of_repetition() -> Iterator[Mutant]:
    async def known_alone(asked: Asked, inner: Inner) -> Answered:
        if isinstance(meant(asked), str) and meant(asked) not in await everybody(asked, inner):
            return answer(404, message="not found")
        return await inner(asked)

    class Once:
        def __init__(self) -> None:
            self._gone: set[str] = set()

        async def __call__(self, asked: Asked, inner: Inner) -> Answered:
            user = meant(asked)
            if isinstance(user, str) and user in self._gone:
                return answer(409, message="gone")
            reply = await inner(asked)
            if isinstance(user, str) and reply.accepted:
                self._gone.add(user)
            return reply

    yield broken_by("delete.known-alone", "The deletion of an unknown user is refused.", "DEL-005", known_alone)
    yield broken_by("delete.once", "A deletion may not be repeated.", "DEL-005", Once)
