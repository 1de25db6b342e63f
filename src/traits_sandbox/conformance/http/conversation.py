"""A case's conversation with the server: every exchange is kept, observed, and stopped where the run's limits are."""

import asyncio
from collections.abc import Awaitable, Callable

from traits_sandbox.conformance.http.client import OverBudget, Wire
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request, Unanswered

# What was stored or deleted shows at once on a server that is worth its name, but the document does not say so.
POLLS = 5
_PAUSE = 0.2

# A server that has kept so many cases waiting in vain takes longer than they wait, or does not do it at all.
_TRUST = 3


class Patience:
    """What the cases of a run have left of it: who polls in vain uses it up, and then the first reply counts."""

    def __init__(self) -> None:
        self._left = _TRUST

    def __bool__(self) -> bool:
        return self._left > 0

    def disappoint(self) -> None:
        """Take note of a poll whose wish did not come true."""
        self._left -= 1


class Conversation:
    """The Talk of one case."""

    def __init__(self, wire: Wire, patience: Patience, others: Callable[[], Awaitable[None]]) -> None:
        self._wire, self._patience, self._others = wire, patience, others
        self.exchanges: list[Exchange] = []

    async def send(self, request: Request) -> Reply:
        """Send a request and return its reply, if it is one below 500."""
        exchange = await self.attempt(request)
        reply = exchange.reply
        if reply is None or reply.status >= 500 or reply.status == 429:
            raise Unanswered(_told(exchange))
        return reply

    async def attempt(self, request: Request) -> Exchange:
        """Send a request and return what became of it, an answer or none."""
        exchange = await self._wire.send(request)
        self.exchanges.append(exchange)
        if exchange.problem == "over":
            raise OverBudget(exchange.detail)
        return exchange

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        """Send a request until its reply is as wanted or the time for it is over; return the last reply."""
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
        """Wait until all other cases are through, and so many seconds at least."""
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
            raise Unanswered("whether TLS 1.1 is spoken cannot be told from here")
        return spoken


def _told(exchange: Exchange) -> str:
    if exchange.reply is None:
        return f"no reply: {exchange.problem}, {exchange.detail}"
    return f"answered {exchange.reply.status}"
