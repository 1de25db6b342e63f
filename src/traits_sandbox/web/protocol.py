"""uvicorn's HTTP protocol with two limits that it leaves to a proxy.

They bound the time in which a request arrives, and the bytes that are not its body.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from traits_sandbox.web.connection import EXTENSION, Connection

# The limit of other servers, and far more than a client of this API sends.
MAX_HEAD = 64 * 2**10

_OFFER = re.compile(rb"\r\nUpgrade:", re.IGNORECASE)


class BoundedProtocol(HttpToolsProtocol):
    """A connection that knows since when it has waited for a complete request, and the bytes of its framing.

    Framing is everything except the body: the head, the sizes and extensions of chunks, trailers.
    """

    waiting_since: float | None = None
    _received = 0
    _body = 0
    _head = 0
    _in_head = True
    _running: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self._connection = Connection(transport)
        self._extensions: dict[str, Any] = {EXTENSION: self._connection}

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the lost connection to the requests that are still being answered."""
        super().connection_lost(exc)
        if self._running is not None:
            # The base class reports it only to the newest request, which is another one if requests are pipelined.
            self._running.disconnected = True
        self._connection.note_lost()

    def shutdown(self) -> None:
        """Let requests in flight finish, and end all pauses."""
        super().shutdown()
        self._connection.note_shutdown()

    def data_received(self, data: bytes) -> None:
        """Parse data that arrived, unless the framing so far is too large."""
        if self._in_head:
            data = _without_offer(data)
        # The smallest chunk has one byte of body and six bytes of framing.
        if self._received - self._body <= MAX_HEAD + 6 * self._body:
            self._received += len(data)
            super().data_received(data)
        elif self._in_head:
            self.send_400_response(f"A request's head must be at most {MAX_HEAD // 2**10} KiB.")
        else:
            self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self.waiting_since = self.loop.time()
        self._received, self._body, self._head, self._in_head = 0, 0, 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; an error raised here makes the parser refuse the request."""
        self._head += len(name) + len(value)
        if self._head > 2 * MAX_HEAD:
            raise ValueError("the head is too large")
        if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise ValueError("the body would have to be decoded")
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body, which has a separate limit."""
        self._body += len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Begin to receive the body."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop waiting: the request is complete."""
        self.waiting_since, self._in_head = None, True
        super().on_message_complete()


def _without_offer(data: bytes) -> bytes:
    """Rename the Upgrade header: an offer of another protocol may be ignored, but the parser would skip the body then.

    Java's HTTP client offers HTTP/2 in this way with every request.
    """
    end = data.find(b"\r\n\r\n")
    head = data if end < 0 else data[:end]
    return data if _OFFER.search(head) is None else _OFFER.sub(b"\r\nX-Offer:", head) + data[len(head) :]


def cut_slow_senders(connections: Iterable[Any], *, deadline: float, now: float) -> None:
    """Close every connection that has waited for the rest of a request for longer than `deadline` seconds."""
    for connection in list(connections):
        since = connection.waiting_since
        if since is not None and now - since > deadline:
            connection.transport.abort()
