"""Lookups that several chapters use: send once, find listed users, read all personas."""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any

from traits_sandbox.conformance.catalogue.case import (
    Breach,
    Case,
    Expectation,
    JudgeReply,
    Talk,
    one,
)
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.conversation import POLLS
from traits_sandbox.conformance.http.exchange import BEARER, NotJson, Reply, Request
from traits_sandbox.conformance.http.reach import Reach
from traits_sandbox.conformance.reasons import ReasonKind, Unanswered
from traits_sandbox.contract.model import Operation

LATE = 6.0
"""Seconds to wait before the last lookup of a change that a server does not show at once.

This lookup also waits for the end of all other cases.
"""

LOOKS = POLLS + 1
"""The largest number of requests of one lookup: all polls, and the last lookup."""

MOST_PERSONAS = 12
USUAL_PERSONAS = 4
"""The largest number of personas that a case reads, and the number of personas of a sandbox by default."""


def single(
    case_id: str, title: str, operation: Operation, request: Request, expect: Expectation, reach: Reach | None = None
) -> Case:
    """Return a case that sends one request and checks its reply.

    By default, its reach is that of the operation.
    """
    return Case(case_id, title, operation.id, reach or operation.effect, one(request, expect))


def with_credential(request: Request, credential: str | None = None) -> Request:
    """Return a request with another Authorization header; without one if no credential is given."""
    headers = tuple(each for each in request.headers if each[0] != BEARER[0])
    return replace(request, headers=headers if credential is None else ((BEARER[0], credential), *headers))


def data_of(reply: Reply) -> Any:
    """Return the data of a success.

    Raises:
        Unanswered: the reply has no data, which the requirements of the envelope report.

    """
    try:
        return reply.json()["data"]
    except (NotJson, TypeError, KeyError, IndexError) as error:
        raise Unanswered(ReasonKind.NO_DATA, status=reply.status) from error


def users_in(made: RequestFactory, reply: Reply) -> set[str]:
    """Return the users that a reply lists.

    Raises:
        Unanswered: the reply has no list of users, which STATE-003 reports.

    """
    name = made.the("persona_users").roles["ids"]
    try:
        body = reply.json()
        return set(body["data"][name])
    except (NotJson, TypeError, KeyError) as error:
        raise Unanswered(ReasonKind.NO_LIST_OF_USERS, status=reply.status) from error


async def eventually(talk: Talk, request: Request, done: Callable[[Reply], bool]) -> Reply:
    """Repeat a request until `done` accepts its reply; return that reply, or the one at the end of the run."""
    reply = await talk.poll(request, done)
    if done(reply):
        return reply
    await talk.at_last(LATE)
    return await talk.send(request)


async def until_listed(talk: Talk, made: RequestFactory, *users: str) -> Reply:
    """Read all users until these users of the run are listed; return the last reply after about two seconds."""
    return await talk.poll(made.users(), _shows(made, lambda ids: _ids(made, users) <= ids))


async def listed(talk: Talk, made: RequestFactory, *users: str) -> set[str]:
    """Read all users until these users of the run are listed, or the run ends; return the listed users."""
    return users_in(made, await eventually(talk, made.users(), _shows(made, lambda ids: _ids(made, users) <= ids)))


async def without(talk: Talk, made: RequestFactory, user: str) -> set[str]:
    """Read all users until this user of the run is not listed, or the run ends; return the listed users."""
    return users_in(made, await eventually(talk, made.users(), _shows(made, lambda ids: made.id(user) not in ids)))


def require_any(made: RequestFactory, found: set[str], *users: str) -> None:
    """Make sure that a list has at least one of `users`, or any user of the run if none is given.

    Raises:
        Unanswered: the list has none of them, so a missing user proves nothing.

    """
    own = {each for each in found if str(each).startswith(made.prefix)}
    if not (own & _ids(made, users) if users else own):
        raise Unanswered(ReasonKind.NOBODY_LISTED)


def stores_nothing(made: RequestFactory, request: Request, *users: str) -> JudgeReply:
    """Return a judge that sends a push that must be refused, and checks that its users are not listed.

    Between the two, it pushes another user, the witness: when the witness is listed, the list is up to date.
    """
    witness = f"{users[0].removeprefix(made.prefix)}-witness"

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(request)
        await talk.send(made.introduce(witness))
        found = await listed(talk, made, witness)
        if not found.isdisjoint(users):
            return Breach("a user of the push is listed", "no user of a push that has to be refused")
        require_any(made, found, witness)
        return None

    return judge


def _ids(made: RequestFactory, users: Iterable[str]) -> set[str]:
    return {made.id(user) for user in users}


def _shows(made: RequestFactory, wanted: Callable[[set[str]], bool]) -> Callable[[Reply], bool]:
    def done(reply: Reply) -> bool:
        try:
            return wanted(users_in(made, reply))
        except Unanswered:
            # A server whose reply has no list will not send one later.
            return True

    return done


async def personas(
    talk: Talk, ask: Callable[[str], Request], most: int = MOST_PERSONAS
) -> AsyncIterator[tuple[int, Reply]]:
    """Read persona after persona; yield each index with its reply, until one is refused or `most` have been read."""
    for index in range(1, most + 1):
        reply = await talk.send(ask(str(index)))
        if not reply.accepted:
            return
        yield index, reply
