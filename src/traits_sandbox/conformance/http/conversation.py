"""The conversation of a case with the server: every exchange is kept, and the limits of the run hold."""

import asyncio
from collections.abc import Awaitable, Callable

from traits_sandbox.conformance.http.client import Wire
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.reasons import OverBudget, ReasonKind, Unanswered

# Most servers show at once what was stored or deleted, but the document does not promise it.
POLLS = 5
_PAUSE = 0.2

# After this many fruitless polls, the server takes longer than cases wait, or does not do it at all.
_TRUST = 3


class Patience:
    """A budget of fruitless polls, shared by all cases. When it is used up, the first reply counts."""

    def __init__(self) -> None:
        self._left = _TRUST

    def __bool__(self) -> bool:
        return self._left > 0

    def disappoint(self) -> None:
        """Count a fruitless poll."""
        self._left -= 1


class Conversation:
    """The conversation of one case."""

    def __init__(self, wire: Wire, patience: Patience, others: Callable[[], Awaitable[None]]) -> None:
        self._wire, self._patience, self._others = wire, patience, others
        self.exchanges: list[Exchange] = []

    async def send(self, request: Request) -> Reply:
        """Send a request and return its reply, if it is one below 500."""
        exchange = await self.attempt(request)
        reply = exchange.reply
        if reply is None or reply.status >= 500 or reply.status == 429:
            raise _unanswered(exchange)
        return reply

    async def attempt(self, request: Request) -> Exchange:
        """Send a request and return the exchange, with a reply or without."""
        exchange = await self._wire.send(request)
        self.exchanges.append(exchange)
        if exchange.limit is not None:
            raise OverBudget(exchange.limit)
        return exchange

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        """Send a request until `done` accepts its reply or the polls are used up; return the last reply."""
        for number in range(1, POLLS):
            reply = await self.send(request)
            if done(reply) or not self._patience:
                return reply
            await asyncio.sleep(_PAUSE * number)
        reply = await self.send(request)
        if not done(reply):
            self._patience.disappoint()
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

    async def speaks_old_tls(self) -> bool:
        """Connect with TLS 1.1 at most and tell whether the server agrees; counts as one request."""
        spoken = await self._wire.speaks_old_tls()
        if spoken is None:
            raise Unanswered(ReasonKind.OLD_TLS_NOT_TESTABLE)
        return spoken


def _unanswered(exchange: Exchange) -> Unanswered:
    if exchange.reply is None:
        return Unanswered(ReasonKind.NO_REPLY, problem=exchange.problem, detail=exchange.detail)
    return Unanswered(ReasonKind.ANSWERED, status=exchange.reply.status)
