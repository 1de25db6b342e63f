"""A case: one thing tried on a server, one fault at most, with what has to come of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.http.reach import Reach


@dataclass(frozen=True, slots=True)
class Breach:
    """What a server did instead of what was promised.

    `observed` is the symptom, short and the same in every run, such as `201` or `data.ids is a string`; `expected`
    completes "expected ..." in words.
    """

    observed: str
    expected: str


class Talk(Protocol):
    """A case's way to the server."""

    async def send(self, request: Request) -> Reply:
        """Send a request and return its reply, if it is one below 500.

        Raises:
            Unanswered: no reply came, or one that says that the server failed.

        """
        ...

    async def attempt(self, request: Request) -> Exchange:
        """Send a request and return what became of it, an answer or none."""
        ...

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        """Send a request until its reply is as wanted or the time for it is over; return the last reply."""
        ...

    async def at_last(self, seconds: float = 0.0) -> None:
        """Wait until all other cases are through, and so many seconds at least; not for a case that runs alone."""
        ...

    async def together(self, requests: list[Request]) -> list[Reply]:
        """Send several requests at once; return the replies in their order."""
        ...

    async def speaks_old_tls(self) -> bool:
        """Connect with TLS 1.1 at most and tell whether the server agrees; counts as one request.

        Raises:
            Unanswered: nothing listens, or this machine has no such old TLS.

        """
        ...


JudgeReply = Callable[[Talk], Awaitable[Breach | None]]
"""Tries something and returns how the server broke its promise, None if it kept it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Its id is stable: the requirement, then what it is about, such as `TYPE-003.purchases.item_id.null`.

    `operation` is the id of the operation it is about, empty for none. `requests` is how many it sends when the
    server keeps its promise at once, `at_most` how many with polling (0: no more than `requests`). `secured` cases
    only make sense over TLS. Nothing else is under way while an `alone` case runs: others would disturb it, or it them.
    """

    id: str
    title: str
    operation: str
    reach: Reach
    judge: JudgeReply
    requests: int = 1
    at_most: int = 0
    secured: bool = False
    alone: bool = False

    @property
    def requirement(self) -> str:
        """Return the id of the requirement that the case tests."""
        return self.id.partition(".")[0]

    @property
    def limit(self) -> int:
        """Return how many requests the case sends at most."""
        return max(self.requests, self.at_most)


Expectation = Callable[[Reply], Breach | None]
"""Judges one reply."""


def accepted(reply: Reply) -> Breach | None:
    """Expect success, whichever."""
    return None if reply.accepted else Breach(str(reply.status), "a reply of class 2xx: the request is valid")


def refused(reply: Reply) -> Breach | None:
    """Expect a refusal, whichever."""
    return None if reply.refused else Breach(str(reply.status), "a reply of class 4xx: the request is not valid")


def one(request: Request, expect: Expectation) -> JudgeReply:
    """Return the judge of a case with a single request."""

    async def judge(talk: Talk) -> Breach | None:
        return expect(await talk.send(request))

    return judge
