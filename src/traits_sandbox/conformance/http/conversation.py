"""The conversation of a case with the server. It keeps every exchange, and ends at the limits of the run."""

import asyncio
from collections.abc import Awaitable, Callable

from traits_sandbox.conformance.http.client import Wire
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.reasons import OverBudget, ReasonKind, Unanswered

# Most servers show a change at once, but the document does not promise that.
POLLS = 5
_PAUSE = 0.2

# After this many polls without success, the expected changes are too slow for the cases, or never happen.
_ATTEMPTS = 3


class PollBudget:
    """The number of polls that may still end without success; all cases share it.

    At 0, a case no longer repeats its request: it uses the first reply.
    """

    def __init__(self) -> None:
        self._left = _ATTEMPTS

    def __bool__(self) -> bool:
        return self._left > 0

    def spend(self) -> None:
        """Count a poll that ended without success."""
        self._left -= 1


class Conversation:
    """The conversation of one case."""

    def __init__(self, wire: Wire, polls: PollBudget, others: Callable[[], Awaitable[None]]) -> None:
        self._wire, self._polls, self._others = wire, polls, others
        self.exchanges: list[Exchange] = []

    async def send(self, request: Request) -> Reply:
        """Send a request and return its reply, which has a status below 500."""
        exchange = await self.attempt(request)
        reply = exchange.reply
        if reply is None or reply.status >= 500 or reply.status == 429:
            raise _unanswered(exchange)
        return reply

    async def attempt(self, request: Request) -> Exchange:
        """Send a request and return the exchange, which may have no reply."""
        exchange = await self._wire.send(request)
        self.exchanges.append(exchange)
        if exchange.limit is not None:
            raise OverBudget(exchange.limit)
        return exchange

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        """Repeat a request until `done` accepts its reply, at most POLLS times; return the last reply."""
        for number in range(1, POLLS):
            reply = await self.send(request)
            if done(reply) or not self._polls:
                return reply
            await asyncio.sleep(_PAUSE * number)
        reply = await self.send(request)
        if not done(reply):
            self._polls.spend()
        return reply

    async def at_last(self, seconds: float = 0.0) -> None:
        """Wait until all other cases have ended, and at least this many seconds."""
        await asyncio.gather(self._others(), asyncio.sleep(seconds))

    async def together(self, requests: list[Request]) -> list[Reply]:
        """Send several requests at once; return the replies in their order."""
        replies = await asyncio.gather(*map(self.send, requests), return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return [reply for reply in replies if isinstance(reply, Reply)]

    async def accepts_old_tls(self) -> bool:
        """Connect with TLS 1.1 or older; return whether the server accepts it. Counts as one request."""
        accepted = await self._wire.accepts_old_tls()
        if accepted is None:
            raise Unanswered(ReasonKind.OLD_TLS_NOT_TESTABLE)
        return accepted


def _unanswered(exchange: Exchange) -> Unanswered:
    if exchange.reply is None:
        return Unanswered(ReasonKind.NO_REPLY, problem=exchange.problem, detail=exchange.detail)
    return Unanswered(ReasonKind.ANSWERED, status=exchange.reply.status)
