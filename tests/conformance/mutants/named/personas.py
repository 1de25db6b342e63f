"""Servers that are wrong about users, their status, their personas and traits."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from tests.conformance.mutants.facts import record_of, the
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.wrapping import (
    Answered,
    Around,
    Asked,
    Inner,
    after,
    answer,
    before,
    refusing,
    succeeded,
)
from traits_sandbox.contract.model import Operation

Data = Callable[[Any], Any]


def mutants() -> Iterator[Mutant]:
    yield from _of_status()
    yield from _of_reads()
    yield from _of_lists()
    yield from _of_traits()
    yield from _of_paths()
    yield from _of_ids()


def data(behaviour: str, change: Data) -> Around:
    """Return a middleware that changes the data of the successes of the first operation of a behaviour."""

    def changed(asked: Asked, reply: Answered) -> Answered:
        meant = reply.accepted and asked.operation is the(behaviour)
        return reply.with_json(reply.json() | {"data": change(reply.json()["data"])}) if meant else reply

    return after(changed)


def _of_status() -> Iterator[Mutant]:
    roles = the("assessment_status").roles
    done, at = roles["completed"], roles["completed_at"]
    changes: dict[str, tuple[str, str, Data]] = {
        "completed-text": ("Completed is text.", "STATE-001", lambda d: d | {done: str(d[done])}),
        "completed-int": ("Completed is 0 or 1.", "STATE-001", lambda d: d | {done: int(d[done])}),
        "completed-null": ("Completed is null.", "STATE-001", lambda d: d | {done: None}),
        "completed-gone": ("Completed is missing.", "STATE-001", lambda d: {at: d[at]}),
        "at-text": ("Completed_at is text.", "STATE-001", lambda d: d | {at: str(d[at])}),
        "at-iso": ("Completed_at is a date.", "STATE-001", lambda d: d | {at: "2019-01-01T15:04:05Z"}),
        "at-fraction": ("Completed_at has a fraction.", "STATE-001", lambda d: d | {at: d[at] + 0.5}),
        "at-milliseconds": ("Completed_at is in milliseconds.", "STATE-001", lambda d: d | {at: d[at] * 1000}),
        "at-true": ("Completed_at is true or false.", "STATE-001", lambda d: d | {at: bool(d[at])}),
        "at-gone": ("Completed_at is missing.", "STATE-001", lambda d: {done: d[done]}),
        "null": ("The status is null.", "STATE-001", lambda _: None),
        "list": ("The status stands in a list.", "STATE-001", lambda d: [d]),
        "never": ("No user ever completes a survey.", "STATE-012", lambda _: {done: False, at: 0}),
    }
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"status.{name}", does, kills, data("assessment_status", change))

    async def nameless(asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        return succeeded(asked) if asked.behaviour == "assessment_status" and reply.status == 400 else reply

    yield broken_by("status.without-id", "The status needs no id.", "STATE-011", nameless)

    def asked_of(fits: Callable[[str], object]) -> Callable[[Asked], bool]:
        return lambda a: a.behaviour == "assessment_status" and bool(fits(a.query.get(roles["user"], "")))

    odd, long = asked_of(lambda u: re.search(r"[^\w-]", u)), asked_of(lambda u: len(u) > 100)
    yield broken_by("status.odd-refused", "The status is not given for base64 ids.", "STATE-013", refusing(odd))
    yield broken_by("status.odd-fails", "The status of base64 makes the server fail.", "HTTP-002", refusing(odd, 500))
    yield broken_by("status.long-refused", "The status is not given for long ids.", "STATE-013", refusing(long, 414))


class Changing:
    """Answers every second read of a kind in another way."""

    def __init__(self, behaviour: str, change: Data) -> None:
        self._behaviour, self._change, self._count = behaviour, change, 0

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        if asked.operation is not the(self._behaviour) or not reply.accepted:
            return reply
        self._count += 1
        body = reply.json()
        return reply.with_json(body | {"data": self._change(body["data"])}) if self._count % 2 else reply


class ToldOnce:
    """Tells but once that a user has completed the survey."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        status = the("assessment_status")
        roles = status.roles
        if asked.operation is not status or not reply.accepted or not reply.json()["data"][roles["completed"]]:
            return reply
        user = asked.query[roles["user"]]
        if user not in self._told:
            self._told.add(user)
            return reply
        return succeeded_with(asked, {roles["completed"]: False, roles["completed_at"]: 0})


def _of_reads() -> Iterator[Mutant]:
    roles = the("assessment_status").roles
    ids = the("persona_users").roles["ids"]

    class Status(Changing):
        def __init__(self) -> None:
            super().__init__("assessment_status", lambda d: d | {roles["completed"]: not d[roles["completed"]]})

    class Moment(Changing):
        def __init__(self) -> None:
            super().__init__("assessment_status", lambda d: d | {roles["completed_at"]: d[roles["completed_at"]] + 1})

    class Users(Changing):
        def __init__(self) -> None:
            super().__init__("persona_users", lambda d: {ids: d[ids][1:]})

    class Traits(Changing):
        def __init__(self) -> None:
            super().__init__("persona_traits", lambda d: each_trait(d, lambda value: value * 0.9))

    for name, does, around in (
        ("status", "Completion changes with each read.", Status),
        ("moment", "The time of completion changes with each read.", Moment),
        ("completion-once", "Completion is reported once.", ToldOnce),
        ("users", "The users of a persona change with each read.", Users),
        ("traits", "The traits of a persona change with each read.", Traits),
    ):
        yield broken_by(f"reads.{name}", does, "STATE-002", around)


def each_trait(traits: Any, change: Callable[[float], Any]) -> Any:
    return {category: {name: change(value) for name, value in named.items()} for category, named in traits.items()}


def _of_lists() -> Iterator[Mutant]:
    operation = the("persona_users")
    ids = operation.roles["ids"]
    changes: dict[str, tuple[str, str, Data]] = {
        "numbers": ("Users are listed as numbers.", "STATE-003", lambda d: {ids: [len(each) for each in d[ids]]}),
        "objects": ("Users are listed as objects.", "STATE-003", lambda d: {ids: [{"id": each} for each in d[ids]]}),
        "map": ("Users are listed as a map.", "STATE-003", lambda d: {ids: dict.fromkeys(d[ids], 1)}),
        "text": ("Users are listed in one text.", "STATE-003", lambda d: {ids: ",".join(d[ids])}),
        "bare": ("Users are listed without a name for the list.", "STATE-003", lambda d: d[ids]),
        "null": ("Users are null.", "STATE-003", lambda _: {ids: None}),
        "nobody": ("Nobody is ever listed.", "STATE-015", lambda _: {ids: []}),
        "twice": ("Users are listed twice.", "STATE-006", lambda d: {ids: d[ids] * 2}),
        "one-twice": ("One user is listed twice.", "STATE-006", lambda d: {ids: d[ids] + d[ids][:1]}),
        "first-hundred": ("Only a hundred users are listed.", "STATE-006", lambda d: {ids: d[ids][:100]}),
        "first-page": ("Only the first ten users are listed.", "STATE-006 STATE-009 STATE-010",
                       lambda d: {ids: d[ids][:10]}),
    }  # fmt: skip
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"users.{name}", does, kills, data("persona_users", change))
    persona, every = operation.roles["persona"], operation.roles["all_personas"]

    def asks(asked: Asked, which: str) -> bool:
        return asked.behaviour == "persona_users" and asked.named.get(persona) == which

    def of_one(change: Data) -> Around:
        def changed(asked: Asked, reply: Answered) -> Answered:
            if not asks(asked, "1") or not reply.accepted:
                return reply
            body = reply.json()
            return reply.with_json(body | {"data": {ids: change(body["data"][ids])}})

        return after(changed)

    async def everybody_in_each(asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        if asked.behaviour == "persona_users" and reply.accepted:
            return await inner(asked.with_path(asked.path.replace(f"/{asked.named[persona]}/", f"/{every}/")))
        return reply

    yield broken_by("users.in-each", "Every user is in every persona.", "STATE-006", everybody_in_each)
    yield broken_by("users.empty-persona", "Nobody is in the first persona.", "STATE-006", of_one(lambda _: []))
    yield broken_by(
        "users.twice-in-one", "The first persona lists its users twice.", "STATE-006", of_one(lambda u: u * 2)
    )
    yield broken_by("users.no-all", "The persona `all` is not known.", "STATE-003 OP-001", refusing(
        lambda a: asks(a, every), 404))  # fmt: skip
    yield broken_by("users.all-is-empty", "The persona `all` lists nobody.", "STATE-015", after(
        lambda a, reply: succeeded_with(a, {ids: []}) if asks(a, every) and reply.accepted else reply))  # fmt: skip
    yield broken_by("users.no-default", "The segment `default` is not known.", "STATE-003 OP-001", refusing(
        lambda a: a.behaviour == "persona_users", 404))  # fmt: skip


def succeeded_with(asked: Asked, value: Any) -> Answered:
    assert asked.operation is not None
    assert asked.operation.response is not None
    return answer(asked.operation.response.status, value)


def _of_traits() -> Iterator[Mutant]:
    changes: dict[str, tuple[str, str, Data]] = {
        "text": ("Traits are text.", "STATE-004", lambda d: each_trait(d, str)),
        "null": ("Traits are null.", "STATE-004", lambda d: each_trait(d, lambda _: None)),
        "true": ("Traits are true.", "STATE-004", lambda d: each_trait(d, lambda _: True)),
        "lists": ("Traits are lists.", "STATE-004", lambda d: each_trait(d, lambda v: [v])),
        "pairs": ("Categories are lists of pairs.", "STATE-004", lambda d: {c: list(n.items()) for c, n in d.items()}),
        "flat": ("Traits have no category.", "STATE-004", lambda d: {k: v for n in d.values() for k, v in n.items()}),
        "listed": ("Categories stand in a list.", "STATE-004", lambda d: [{"name": c, **n} for c, n in d.items()]),
        "nothing": ("Traits are missing.", "STATE-004 STATE-007", lambda _: {}),
        "no-data": ("Traits have null for data.", "STATE-004", lambda _: None),
        "beyond": ("Traits go to 1000.", "STATE-014", lambda d: each_trait(d, lambda v: v * 10)),
        "negative": ("Traits go below 0.", "STATE-014", lambda d: each_trait(d, lambda v: v - 100)),
        "one-beyond": ("One trait is 100.5.", "STATE-014", _one_beyond),
        "name-less": ("A trait's name is missing.", "STATE-007", _one_less),
        "category-less": ("A category is missing.", "STATE-007", lambda d: dict(list(d.items())[1:])),
        "lower-names": ("The names of traits are in lower case.", "STATE-007",
                        lambda d: {c: {k.lower(): v for k, v in n.items()} for c, n in d.items()}),
    }  # fmt: skip
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"traits.{name}", does, kills, data("persona_traits", change))


def _one_beyond(traits: Any) -> Any:
    category, names = next(iter(traits.items()))
    return traits | {category: names | {next(iter(names)): 100.5}}


def _one_less(traits: Any) -> Any:
    category, names = next(iter(traits.items()))
    return traits | {category: dict(list(names.items())[1:])}


@dataclass(frozen=True, slots=True)
class Reads:
    """The reads of one kind, and how they may be led elsewhere."""

    operation: Operation

    def name(self, role: str) -> str:
        return self.operation.roles[role]

    def led(self, asked: Asked, role: str, value: str) -> Asked:
        """Return a read with another segment or persona."""
        parts = asked.path.split("/")
        parts[self.operation.path.split("/").index(f"{{{self.name(role)}}}")] = value
        return asked.with_path("/".join(parts))

    def persona(self, asked: Asked) -> str:
        """Return the persona that is asked for, empty if this is another kind of request."""
        return asked.named[self.name("persona")] if asked.operation == self.operation else ""

    def from_zero(self, asked: Asked) -> Asked:
        index = self.persona(asked)
        return self.led(asked, "persona", str(int(index) + 1)) if index.isdigit() else asked

    def is_huge(self, asked: Asked) -> bool:
        index = self.persona(asked)
        return index.isdigit() and int(index) >= 2**64

    def zero_is_all(self, asked: Asked) -> Asked:
        return self.led(asked, "persona", self.name("all_personas")) if self.persona(asked) == "0" else asked

    def any_segment(self, asked: Asked) -> Asked:
        return self.led(asked, "segment", self.name("default_segment")) if self.persona(asked) else asked

    async def any_persona(self, asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        if not self.persona(asked) or reply.status not in (400, 404):
            return reply
        ids = self.operation.roles.get("ids")
        return succeeded_with(asked, {ids: []}) if ids else succeeded(asked)


def _of_paths() -> Iterator[Mutant]:
    for behaviour, kind in (("persona_users", "users"), ("persona_traits", "traits")):
        reads = Reads(the(behaviour))
        tries: dict[str, tuple[str, str, Around]] = {
            "from-zero": (f"The personas of {kind} are counted from 0.", "STATE-005", before(reads.from_zero)),
            "zero-is-all": (f"Persona 0 of {kind} is all of them.", "STATE-005", before(reads.zero_is_all)),
            "any-segment": (f"Any segment has the {kind} of the default one.", "STATE-008", before(reads.any_segment)),
            "any-persona": (f"Any persona has {kind}.", "STATE-005 STATE-008", reads.any_persona),
        }
        for name, (does, kills, around) in tries.items():
            yield broken_by(f"{kind}.{name}", does, kills, around)
        does = f"A persona of {kind} beyond 64 bits makes the server fail."
        yield broken_by(f"{kind}.beyond-64-bits", does, "HTTP-002", refusing(reads.is_huge, 500))


def stored_as(change: Callable[[str], str]) -> Around:
    """Return a middleware that changes the ids of users on their way in, wherever requests name them."""

    def changed(asked: Asked) -> Asked:
        if asked.operation is None:
            return asked
        if asked.rows is not None:
            return asked.with_rows([_named(asked, row, change) for row in asked.rows])
        user = asked.operation.roles.get("user", "")
        if asked.behaviour == "assessment_status" and user in asked.query:
            return asked.with_query(**{user: change(asked.query[user])})
        value = asked.json() if asked.behaviour == "remove_user" else None
        if isinstance(value, dict) and isinstance(value.get(user), str):
            return asked.with_json(value | {user: change(value[user])})
        return asked

    return before(changed)


def _named(asked: Asked, row: Any, change: Callable[[str], str]) -> Any:
    assert asked.operation is not None
    field = record_of(asked.operation).field_of("user")
    named = field and isinstance(row, dict) and isinstance(row.get(field.name), str)
    return row | {field.name: change(row[field.name])} if named and field else row


def _of_ids() -> Iterator[Mutant]:
    changes: dict[str, tuple[str, Callable[[str], str]]] = {
        "lower": ("Ids are kept in lower case.", str.lower),
        "folded": ("Ids are kept in Unicode's normal form.", lambda u: unicodedata.normalize("NFKC", u)),
        "short": ("Ids are kept to 40 characters.", lambda u: u[:40]),
        "at-most-255": ("Ids are kept to 255 characters.", lambda u: u[:255]),
        "ascii": ("Ids are kept in ASCII.", lambda u: u.encode("ascii", "replace").decode()),
        "trimmed": ("Ids are kept without blanks around them.", str.strip),
        "unescaped": ("Ids are unescaped once more.", unquote),
    }
    for name, (does, change) in changes.items():
        yield broken_by(f"ids.{name}", does, "STATE-009", stored_as(change))
    for name, does, chosen in (
        ("last-lost", "The last record of a push is lost.", lambda rows: rows[:-1]),
        ("only-first", "The first record of a push is stored alone.", lambda rows: rows[:1]),
    ):
        yield broken_by(f"records.{name}", does, "STATE-010", stored_in_part(chosen))
    yield broken_by("records.all-lost", "Records are taken and never stored.", "STATE-015", never_stored)


def stored_in_part(chosen: Callable[[list[Any]], list[Any]]) -> Around:
    """Return a middleware that loses records of good pushes: the others are judged first, in another dashboard."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        rows = asked.rows
        if not rows or len(rows) < 2:
            return await inner(asked)
        judged = await inner(elsewhere(asked))
        if judged.accepted:
            await inner(asked.with_rows(chosen(rows)))
        return judged

    return around


async def never_stored(asked: Asked, inner: Inner) -> Answered:
    return await inner(elsewhere(asked) if asked.rows else asked)


def elsewhere(asked: Asked) -> Asked:
    """Return a request to another dashboard of the same key: it is judged as ever, and nobody sees what it stores."""
    given = asked.header("authorization")
    return asked.with_header("authorization", f"{given}/elsewhere") if given else asked
