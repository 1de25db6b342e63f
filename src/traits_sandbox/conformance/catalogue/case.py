"""A case: a test of one requirement on a server, at most one change away from a valid request."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.http.reach import Reach


@dataclass(frozen=True, slots=True)
class Breach:
    """How a server broke a requirement.

    `observed` is the symptom, short and the same in every run, such as `201` or `data.ids is a string`; `expected`
    completes "expected ..." in words.
    """

    observed: str
    expected: str


class Talk(Protocol):
    """The conversation of a case with the server."""

    async def send(self, request: Request) -> Reply:
        """Send a request and return its reply, which has a status below 500.

        Raises:
            Unanswered: the server sent no reply, or one with the status 429 or 500 and above.

        """
        ...

    async def attempt(self, request: Request) -> Exchange:
        """Send a request and return the exchange, which may have no reply."""
        ...

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        """Repeat a request until `done` accepts its reply, at most POLLS times; return the last reply."""
        ...

    async def at_last(self, seconds: float = 0.0) -> None:
        """Wait until all other cases have ended, and at least this many seconds.

        A case that runs alone must not call this.
        """
        ...

    async def together(self, requests: list[Request]) -> list[Reply]:
        """Send several requests at once; return the replies in their order."""
        ...

    async def accepts_old_tls(self) -> bool:
        """Connect with TLS 1.1 or older; return whether the server accepts it. Counts as one request.

        Raises:
            Unanswered: there is no server, or this machine does not support such an old TLS.

        """
        ...


JudgeReply = Callable[[Talk], Awaitable[Breach | None]]
"""Holds the conversation of a case. Returns how the server broke the requirement, or None if it kept it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. Its id is stable: the requirement, then the subject, such as `TYPE-003.purchases.item_id.null`.

    `operation` is the id of its operation, empty for none. `requests` is the number of requests to a server that shows
    changes at once, `at_most` the largest number with polling (0: not more than `requests`). `secured` cases need TLS.
    An `alone` case runs while no other case runs, because they would disturb each other.
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
    """Return a judge that sends one request and checks its reply."""

    async def judge(talk: Talk) -> Breach | None:
        return expect(await talk.send(request))

    return judge
