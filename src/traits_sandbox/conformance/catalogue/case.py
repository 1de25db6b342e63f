"""A case: a test of one requirement on a server, at most one change away from a valid request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.http.reach import Reach


@dataclass(frozen=True, slots=True)
class Breach:
    """What a server did in place of what a requirement promises.

    `observed` is the symptom, short and the same in every run, such as `201` or `data.ids is a string`; `expected`
    completes "expected ..." in words.
    """

    observed: str
    expected: str


class Talk(Protocol):
    """The conversation of a case with the server."""

    async def send(self, request: Request) -> Reply:
        """Send a request and return its reply, if it is one below 500.

        Raises:
            Unanswered: no reply came, or one that says that the server failed.

        """
        ...

    async def attempt(self, request: Request) -> Exchange:
        """Send a request and return the exchange, with a reply or without."""
        ...

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        """Send a request until `done` accepts its reply or the polls are used up; return the last reply."""
        ...

    async def at_last(self, seconds: float = 0.0) -> None:
        """Wait until all other cases have ended, and at least this many seconds; not for a case that runs alone."""
        ...

    async def together(self, requests: list[Request]) -> list[Reply]:
        """Send several requests at once; return the replies in their order."""
        ...

    async def speaks_old_tls(self) -> bool:
        """Connect with TLS 1.1 at most and tell whether the server agrees; counts as one request.

        Raises:
            Unanswered: nothing listens, or this machine does not have such an old TLS.

        """
        ...


JudgeReply = Callable[[Talk], Awaitable[Breach | None]]
"""Tries something and returns how the server broke its promise, None if it kept it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Its id is stable: the requirement, then the subject, such as `TYPE-003.purchases.item_id.null`.

    `operation` is the id of its operation, empty for none. `requests` is the number of requests to a server that shows
    changes at once, `at_most` the largest number with polling (0: not more than `requests`). `secured` cases need TLS.
    An `alone` case runs while no other case does, because they would disturb each other.
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
        """Return the largest number of requests of the case."""
        return max(self.requests, self.at_most)


Expectation = Callable[[Reply], Breach | None]
"""Judges one reply."""


def accepted(reply: Reply) -> Breach | None:
    """Expect any success."""
    return None if reply.accepted else Breach(str(reply.status), "a reply of class 2xx: the request is valid")


def refused(reply: Reply) -> Breach | None:
    """Expect any refusal."""
    return None if reply.refused else Breach(str(reply.status), "a reply of class 4xx: the request is not valid")


def one(request: Request, expect: Expectation) -> JudgeReply:
    """Return the judge of a case with a single request."""

    async def judge(talk: Talk) -> Breach | None:
        return expect(await talk.send(request))

    return judge
