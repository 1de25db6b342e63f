"""uvicorn's HTTP protocol with what it leaves to a proxy: limits, and a report of every request that it refuses.

The limits bound the time in which a request arrives, and the bytes that are not its body.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

import httptools
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from traits_sandbox.web.connection import EXTENSION, Connection
from traits_sandbox.web.refusals.early_refusals import MAX_HEAD, RefusalReason, RefusedRequest

ReportRefused = Callable[[RefusedRequest], object]

# The type of the first record of a TLS connection, a handshake.
TLS_HANDSHAKE: Final = 0x16
# The method of the first line of HTTP/2.
_HTTP_2: Final = b"PRI"

# A client that has not sent everything yet sees the refusal if this much of the rest is read and dropped.
_DROPPED: Final = 16 * 2**20


# Uvicorn's messages about requests: the request log has them. Its own loggers may belong to another server.
_LOGGER: Final = logging.getLogger(__name__)
_LOGGER.setLevel(logging.CRITICAL)


class BoundedProtocol(HttpToolsProtocol):
    """A connection that knows since when it has waited for a complete request, and the bytes of its framing.

    Framing is everything except the body: the head, the sizes and extensions of chunks, trailers.
    """

    waiting_since: float | None = None
    _begun = False
    _received = 0
    _body = 0
    _head = 0
    _in_head = True
    _running: RequestResponseCycle | None = None
    # The headers of a request that offers another protocol, while its head is parsed again.
    _offering: list[tuple[bytes, bytes]] | None = None
    _cause: RefusalReason | None = None
    _refused: RefusalReason | None = None
    _dropped = 0

    def __init__(self, *arguments: Any, report: ReportRefused, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger, self.access_log = _LOGGER, False
        self._report_refused = report

        self.url, self.headers = b"", []

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start to wait for the first request."""
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        self._connection = Connection(transport)
        self._extensions: dict[str, Any] = {EXTENSION: self._connection}

    def connection_lost(self, exc: Exception | None) -> None:
        """ReportRefused the lost connection to the requests that are still being answered."""
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
        if self._refused is not None:
            self._drop(data)
        elif not self._begun and data[0] == TLS_HANDSHAKE:
            self._refuse(RefusalReason.TLS_TO_HTTP)
        # The smallest chunk has one byte of body and six bytes of framing.
        elif self._received - self._body <= MAX_HEAD + 6 * self._body:
            self._received += len(data)
            self._begun = True
            self._unset_keepalive_if_required()
            self._feed(data)
        elif self._in_head:
            self._refuse(RefusalReason.HEAD_SIZE)
        else:
            self._report(RefusalReason.FRAMING_SIZE, 0)
            self.transport.abort()

    def cut(self, reason: RefusalReason) -> None:
        """Close the connection at once; report the request that was not complete, unless it has its answer."""
        if self._begun and self._refused is None and not self._is_answered():
            self._report(reason, 0)
        self.transport.abort()

    def _feed(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        try:
            while True:
                try:
                    self.parser.feed_data(rest)
                    return
                except httptools.HttpParserUpgrade as offer:
                    if self._offering is None:  # CONNECT: what follows is not HTTP
                        return
                    rest = memoryview(rest)[offer.args[0] :]
                    self._parse_without_offer(self._offering)
        except httptools.HttpParserError as error:
            self._refuse(self._cause or self._cause_of(error))

    def _parse_without_offer(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Parse a head again without its Upgrade header: an offer may be ignored, but the parser would skip the body.

        Java's HTTP client offers HTTP/2 in this way with every request.
        """
        start = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        lines = [start, *(b"%b: %b" % header for header in headers if header[0] != b"upgrade")]
        if any(b"\r" in line or b"\n" in line for line in lines):
            raise httptools.HttpParserError
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as the base class does
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def _cause_of(self, error: httptools.HttpParserError) -> RefusalReason:
        if self.parser.get_method() == _HTTP_2:
            return RefusalReason.HTTP_2
        if isinstance(error, httptools.HttpParserInvalidMethodError):
            return RefusalReason.METHOD
        return (
            RefusalReason.TARGET if isinstance(error, httptools.HttpParserInvalidURLError) else RefusalReason.MALFORMED
        )

    def _refuse(self, reason: RefusalReason) -> None:
        """Answer a request that never reaches the app, after the requests before it have their answers."""
        self._refused = reason
        if self._is_answered():
            self.transport.close()
            return
        self._report(reason, 400)
        self.waiting_since = self.waiting_since or self.loop.time()
        if not self._in_head:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.pipeline = deque(each for each in self.pipeline if each[0] is not self.cycle)
        if self._running is None or self._running.response_complete or self._running.disconnected:
            self._send_refusal(reason)

    def _send_refusal(self, reason: RefusalReason) -> None:
        text = reason.sentence.encode("ascii")
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        self.transport.write((head + b"sandbox-hint: %b\r\nconnection: close\r\n\r\n%b") % (len(text), text, text))
        # The client may still be sending: to close now would reset the connection before it reads this.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _drop(self, data: bytes) -> None:
        self._dropped += len(data)
        if self._dropped > _DROPPED:
            self.transport.abort()

    def _is_answered(self) -> bool:
        """Return whether the response to the request that is arriving has begun."""
        return not self._in_head and self.cycle.response_started

    def _report(self, reason: RefusalReason, status: int) -> None:
        if self.waiting_since is None or not self._begun:
            self._report_refused(RefusedRequest(reason, status))
            return
        path, _, query = self.url.decode("latin-1").partition("?")
        method = self.parser.get_method().decode("ascii") if path else ""
        seconds = self.loop.time() - self.waiting_since
        self._report_refused(RefusedRequest(reason, status, method, path, query, self.headers, seconds))

    def on_response_complete(self) -> None:
        """Start the next request that has arrived, or send the refusal that has waited for this response."""
        super().on_response_complete()
        idle = self._running is None or self._running.response_complete
        if self._refused is not None and idle and not self.transport.is_closing():
            self._send_refusal(self._refused)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        if app is service_unavailable:
            path, query = (cycle.scope[name].decode("latin-1") for name in ("raw_path", "query_string"))
            self._report_refused(
                RefusedRequest(
                    RefusalReason.TOO_MANY_CONNECTIONS, 503, cycle.scope["method"], path, query, self.headers
                )
            )
        super()._start_asgi_task(cycle, app)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a request."""
        super().on_message_begin()
        self.scope["extensions"] = self._extensions
        self._head = 0
        if self._offering is None:
            self.waiting_since = self.loop.time()
            self._received, self._body, self._in_head = 0, 0, True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; an error raised here makes the parser refuse the request."""
        self._head += len(name) + len(value)
        if self._head > 2 * MAX_HEAD:
            raise self._error(RefusalReason.HEAD_SIZE)
        if name.lower() == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise self._error(RefusalReason.TRANSFER_ENCODING)
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body, which has a separate limit."""
        self._body += len(body)
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """Begin to receive the body, unless the head has to be parsed again."""
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offering = self.headers
            return
        if self._offering is not None:
            self.headers[:], self._offering = self._offering, None
        try:
            super().on_headers_complete()
        except (httptools.HttpParserError, AttributeError, ValueError):
            raise self._error(RefusalReason.TARGET) from None
        self._in_head = False

    def on_message_complete(self) -> None:
        """Stop waiting: the request is complete."""
        if self._offering is None:
            self.waiting_since, self._in_head = None, True
            super().on_message_complete()

    def _error(self, cause: RefusalReason) -> Exception:
        self._cause = cause
        return ValueError(cause)


def cut_slow_senders(
    connections: Iterable[Any], *, deadline: float, now: float, reason: RefusalReason = RefusalReason.TOO_SLOW
) -> None:
    """Close every connection that has waited for the rest of a request for longer than `deadline` seconds."""
    for connection in list(connections):
        since = connection.waiting_since
        if since is not None and now - since > deadline:
            connection.cut(reason)
