"""DEL: a deletion removes its user and nobody else. The kit only deletes users of this run."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk, accepted, one, refused
from traits_sandbox.conformance.catalogue.chapters.state import is_completed, survey_of
from traits_sandbox.conformance.catalogue.lookups import (
    LOOKS,
    MOST_PERSONAS,
    USUAL_PERSONAS,
    eventually,
    listed,
    personas,
    require_any,
    single,
    users_in,
    without,
)
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.conversation import POLLS
from traits_sandbox.conformance.http.exchange import Reply, Request
from traits_sandbox.conformance.reasons import ReasonKind, Unanswered
from traits_sandbox.contract.model import Operation

# Seconds to wait before the last check: a deleted user may appear again within this time.
_SOON = 1.0

_NEIGHBOURS = {
    "prefix": ("one whose id is the beginning of the deleted id", "near-by", "near"),
    "extension": ("one whose id is the deleted id with more characters at its end", "far", "far-off"),
    "letter-case": ("one whose id only differs in upper and lower case", "same", "SAME"),
    "stranger": ("one with another id", "one", "other"),
}


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that delete users and then look for these and other users, and cases that send invalid deletions."""
    removal = made.the("remove_user")
    title, judge = "delete a user", _succeeds(made)
    yield Case("DEL-001.known", title, removal.id, "destroy", judge, requests=2, at_most=1 + POLLS)
    yield _gone_everywhere(made, removal)
    suffix = ("one whose id has the same end as the deleted id", "end", made.id("end"))
    for name, (whom, removed, neighbour) in (_NEIGHBOURS | {"suffix": suffix}).items():
        title, judge = f"delete a user and look for {whom}", _stays(made, removed, neighbour)
        yield Case(f"DEL-003.{name}", title, removal.id, "destroy", judge, requests=4, at_most=1 + POLLS + 2 * LOOKS)
    yield from _unusable(made, removal)
    yield _empty(made, removal)
    yield from _repeatable(made, removal)
    yield _status_gone(made, removal)


async def _remove(talk: Talk, made: RequestFactory, user: str) -> Reply:
    """Delete a user, and try again if the server does not know the user yet; return the last reply."""
    return await talk.poll(made.remove(made.id(user)), lambda reply: reply.accepted)


async def _removed(talk: Talk, made: RequestFactory, user: str) -> bool:
    """Delete a user. Return whether the server says that the deletion is done; a 202 only announces it."""
    reply = await _remove(talk, made, user)
    if not reply.accepted:
        raise Unanswered(ReasonKind.DELETION_REFUSED, status=reply.status)
    return reply.status != HTTPStatus.ACCEPTED


def _still(observed: str, expected: str, *, done: bool) -> Breach:
    """Return the breach of a deletion without effect.

    Raises:
        Unanswered: the server only announced the deletion, so it may happen later.

    """
    if not done:
        raise Unanswered(ReasonKind.DELETION_PENDING, status=f"{HTTPStatus.ACCEPTED:d}")
    return Breach(observed, expected)


def _succeeds(made: RequestFactory) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("deleted"))
        return accepted(await _remove(talk, made, "deleted"))

    return judge


def _gone_everywhere(made: RequestFactory, removal: Operation) -> Case:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("gone"))
        require_any(made, await listed(talk, made, "gone"), "gone")
        done = await _removed(talk, made, "gone")
        await without(talk, made, "gone")
        await talk.at_last(_SOON)
        place = await _found_in(talk, made, "gone")
        return _still(f"still in {place}", "the deleted user to be in no list", done=done) if place else None

    return Case(
        id="DEL-002.everywhere",
        title="delete a user and look for them in all personas",
        operation=removal.id,
        reach="destroy",
        judge=judge,
        requests=5 + USUAL_PERSONAS + 1,
        at_most=2 + POLLS + 2 * LOOKS + MOST_PERSONAS,
    )


async def _found_in(talk: Talk, made: RequestFactory, user: str) -> str:
    """Return where a user is listed, or an empty text."""
    if made.id(user) in users_in(made, await talk.send(made.users())):
        return "all"
    still = [index async for index, reply in personas(talk, made.users) if made.id(user) in users_in(made, reply)]
    return "a persona" if still else ""


def _stays(made: RequestFactory, removed: str, neighbour: str) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce(removed, neighbour))
        before = await listed(talk, made, removed, neighbour)
        require_any(made, before, removed, neighbour)
        await _removed(talk, made, removed)
        after = await without(talk, made, removed)
        # If only one of them was listed, the server confuses the two users.
        two = {made.id(removed), made.id(neighbour)} <= before
        if two and made.id(neighbour) not in after:
            return Breach("the other user is gone", "all other users to be listed as before")
        if made.id(removed) in after:
            raise Unanswered(ReasonKind.DELETION_NOT_SHOWN)
        return None

    return judge


def _unusable(made: RequestFactory, removal: Operation) -> Iterator[Case]:
    """Yield cases that send a deletion without a usable id and check that it is refused and deletes nobody.

    Each case pushes a user of its own, and looks for this user before and after the deletion.
    """
    name = removal.roles["user"]
    requests: dict[str, tuple[str, Request]] = {
        "absent": ("without an id", made.json(removal, {})),
        "other-name": ("with the id under a wrong name", made.json(removal, {f"tsc_{name}": made.id("u-removed")})),
        "text": ("that is only the id", made.json(removal, made.id("u-removed"))),
        "no-body": ("without a body", made.raw(removal, None)),
        "broken": ("that is not JSON", made.raw(removal, b'{"')),
    }
    values: dict[str, Any] = {"null": None, "number": 1, "true": True, "list": [], "object": {}}
    requests |= {each: (f"with {each} as the id", made.json(removal, {name: value})) for each, value in values.items()}
    for each, (what, request) in requests.items():
        yield Case(
            id=f"DEL-004.{each}",
            title=f"send a deletion {what}",
            operation=removal.id,
            reach="unsafe",
            judge=_deletes_nobody(made, request, f"bystander-{each}"),
            requests=4,
            at_most=2 + 2 * LOOKS,
        )


def _empty(made: RequestFactory, removal: Operation) -> Case:
    """Return a case that sends a deletion with an empty id and expects a refusal.

    It is not a case of DEL-004, because the document does not forbid empty ids.
    """
    request = made.json(removal, {removal.roles["user"]: ""})
    return Case(
        id=f"TYPE-012.{removal.id}.empty",
        title="send a deletion with an empty id",
        operation=removal.id,
        reach="unsafe",
        judge=one(request, refused),
        alone=True,
    )


def _deletes_nobody(made: RequestFactory, request: Request, bystander: str) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce(bystander))
        before = await listed(talk, made, bystander)
        reply = await talk.send(request)
        if not reply.refused:
            return Breach(str(reply.status), "a reply of class 4xx: there is no id to delete")
        require_any(made, before, bystander)
        gone = made.id(bystander) not in await listed(talk, made, bystander)
        return Breach("another user is gone", "no user to be deleted") if gone else None

    return judge


def _repeatable(made: RequestFactory, removal: Operation) -> Iterator[Case]:
    async def twice(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("twice-deleted"))
        await _removed(talk, made, "twice-deleted")
        return accepted(await talk.send(made.remove(made.id("twice-deleted"))))

    yield Case("DEL-005.again", "delete a user twice", removal.id, "destroy", twice, requests=3, at_most=2 + POLLS)
    stranger = made.remove(made.id("never-was"))
    yield single("DEL-005.stranger", "delete an unknown user", removal, stranger, accepted)


def _status_gone(made: RequestFactory, removal: Operation) -> Case:
    question = made.status(made.id("forgotten"))

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(survey_of(made, "forgotten"))
        if not is_completed(made, await talk.poll(question, lambda reply: is_completed(made, reply))):
            raise Unanswered(ReasonKind.SURVEY_NOT_SHOWN)
        done = await _removed(talk, made, "forgotten")
        if is_completed(made, await eventually(talk, question, lambda reply: not is_completed(made, reply))):
            return _still("still completed", "the survey of the deleted user to be removed", done=done)
        return None

    return Case(
        id="DEL-006.survey",
        title="delete a user whose survey was uploaded and ask for the status",
        operation=removal.id,
        reach="destroy",
        judge=judge,
        requests=4,
        at_most=1 + 2 * POLLS + LOOKS,
    )
