"""What several chapters do: ask once, look who is listed, go through the personas."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from traits_sandbox.conformance.case import Case, Expectation, Reach, Talk, Unanswered, one
from traits_sandbox.conformance.catalogue.stored import users_in
from traits_sandbox.conformance.exchange import BEARER, NotJson, Reply, Request
from traits_sandbox.conformance.materials import Materials
from traits_sandbox.contract.model import Operation

MOST_PERSONAS = 12
USUAL_PERSONAS = 4
"""How many personas are looked at, and how many a sandbox has unless told otherwise."""


def single(
    case_id: str, title: str, operation: Operation, request: Request, expect: Expectation, reach: Reach | None = None
) -> Case:
    """Return the case of one request; it reaches as far as its operation does unless told otherwise."""
    return Case(case_id, title, operation.id, reach or operation.effect, one(request, expect))


def with_credential(request: Request, credential: str | None = None) -> Request:
    """Return a request with this Authorization header instead of its own, or with none."""
    headers = tuple(each for each in request.headers if each[0] != BEARER[0])
    return replace(request, headers=headers if credential is None else ((BEARER[0], credential), *headers))


def data_of(reply: Reply) -> Any:
    """Return the data of a success.

    Raises:
        Unanswered: there is none, which the requirements of the envelope judge.

    """
    try:
        return reply.json()["data"]
    except (NotJson, TypeError, KeyError, IndexError) as error:
        raise Unanswered(f"there is no data in the reply: {reply.status}") from error


async def until_listed(talk: Talk, made: Materials, *users: str) -> Reply:
    """Return the list of all, as soon as these users of the run are in it, or when the time for it is over."""
    wanted = {made.id(user) for user in users}
    return await talk.poll(made.users(), _shows(made, lambda ids: wanted <= ids))


async def listed(talk: Talk, made: Materials, *users: str) -> set[str]:
    """Return who is in all, as soon as these users of the run are, or when the time for it is over."""
    return users_in(made, await until_listed(talk, made, *users))


async def without(talk: Talk, made: Materials, user: str) -> set[str]:
    """Return who is in all, as soon as this user of the run is not, or when the time for it is over."""
    return users_in(made, await talk.poll(made.users(), _shows(made, lambda ids: made.id(user) not in ids)))


def _shows(made: Materials, wanted: Callable[[set[str]], bool]) -> Callable[[Reply], bool]:
    def done(reply: Reply) -> bool:
        try:
            return wanted(users_in(made, reply))
        except Unanswered:
            # What is no list will hardly become one.
            return True

    return done


async def personas(
    talk: Talk, ask: Callable[[str], Request], most: int = MOST_PERSONAS
) -> AsyncIterator[tuple[int, Reply]]:
    """Yield each persona's index with the reply about it, until one is refused or `most` have been asked."""
    for index in range(1, most + 1):
        reply = await talk.send(ask(str(index)))
        if not reply.accepted:
            return
        yield index, reply
