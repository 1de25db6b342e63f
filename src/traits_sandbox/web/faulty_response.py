"""Responses that a fault delays, cuts or resets."""

from collections.abc import Iterator

from starlette.types import Message, Send

from traits_sandbox.control.faults import Decision, FaultEffect
from traits_sandbox.web.connection import Connection
from traits_sandbox.web.envelope import EnvelopeResponse

# Target interval in seconds between pieces of a slow body. A piece has at least one byte, so slow rates have longer
# intervals.
_TICK = 0.1


class FaultyResponse(EnvelopeResponse, frozen=True, kw_only=True):
    """A response that is sent as a fault demands; with status 0 nothing is sent."""

    connection: Connection
    decision: Decision
    content_type: str | None = None

    async def send(self, send: Send, request_id: str) -> None:
        """Send the part of this response that the fault allows."""
        await self.connection.pause(self.decision.delay)
        if not self.status:
            await self.connection.reset()
            return
        start, body = await self._messages(request_id)
        await send(start)
        effect = self.decision.effect
        if effect.slow is not None:
            await self._trickle(send, body["body"], effect.slow)
        elif effect.truncate is not None or effect.reset == "during":
            await send({"type": body["type"], "body": body["body"][: _kept(effect, self.body)], "more_body": True})
        else:
            await send(body)
        await self._end(effect)

    async def _messages(self, request_id: str) -> list[Message]:
        messages: list[Message] = []

        async def collect(message: Message) -> None:
            messages.append(message)

        await EnvelopeResponse.send(self, collect, request_id)
        if self.content_type is not None:
            headers = [pair for pair in messages[0]["headers"] if pair[0] != b"content-type"]
            messages[0]["headers"] = [(b"content-type", self.content_type.encode()), *headers]
        return messages

    async def _trickle(self, send: Send, body: bytes, rate: float) -> None:
        for piece, last in _pieces(body, max(1, int(rate * _TICK))):
            await self.connection.pause(len(piece) / rate)
            await send({"type": "http.response.body", "body": piece, "more_body": not last})
            if self.connection.lost:
                return

    async def _end(self, effect: FaultEffect) -> None:
        if effect.reset or effect.truncate is not None:
            await self.connection.flush()
        if effect.reset:
            await self.connection.reset()
        elif effect.truncate is not None:
            self.connection.close()


def _kept(effect: FaultEffect, body: bytes) -> int:
    """Return the number of bytes of a truncated body; at least one is missing."""
    length = 0.5 if effect.truncate is None else effect.truncate
    return max(0, min(int(length * len(body)) if isinstance(length, float) else length, len(body) - 1))


def _pieces(body: bytes, size: int) -> Iterator[tuple[bytes, bool]]:
    """Yield a body in pieces, each with whether it is the last; an empty body is one piece."""
    for start in range(0, len(body) or 1, size):
        yield body[start : start + size], start + size >= len(body)
