"""Responses that a client sees even if it sends its whole request before it reads.

A connection that is closed while its client still sends is reset, and a reset discards the response. So the response is
sent at once, but it ends only after the rest of the request was read and dropped.
"""

from types import TracebackType
from typing import Final, Self

from starlette.types import Message, Receive, Scope, Send

from traits_sandbox.control.journal_entry import Headers
from traits_sandbox.web.body import IncomingStream

# The most bytes of a request that are dropped where the body has no other limit.
MAX_DROPPED: Final = 64 * 2**20

_END: Final[Message] = {"type": "http.response.body", "body": b"", "more_body": False}


class Lingering:
    """Holds back the end of a response while the block lasts, if the body of the request is not complete."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        stream: IncomingStream | None = None,
        most: int = MAX_DROPPED,
    ) -> None:
        """Prepare for one exchange; `most` bytes of the rest are read. The stream is that of `receive`, if any."""
        self.receive = stream or IncomingStream(receive)
        self._send = send
        self._most = most
        self._held = False
        self._waits = expects_continue(scope["headers"])

    async def send(self, message: Message) -> None:
        """Send the next message of the response."""
        ends = message["type"] == "http.response.body" and not message.get("more_body")
        self._held = ends and not self._waits and not self.receive.complete
        await self._send({**message, "more_body": True} if self._held else message)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held and error is None:
            await self.receive.drain(self._most)
            await self._send(_END)


def expects_continue(headers: Headers) -> bool:
    """Return whether a client sends its body only after a 100: it reads a refusal first."""
    return any(name == b"expect" for name, _ in headers)
