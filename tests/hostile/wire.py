"""HTTP by hand: bytes go over a socket as they are, without a client library that would correct them."""

import select
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Self

from tests.patience import PATIENCE

CLOSED = 0

_AT_ONCE = 2**18
_MAX_HEAD = 2**16
_NO_CONTENT = 204

Address = tuple[str, int]


class Hang(AssertionError):
    """The sandbox neither reads nor answers, however long a client waits."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer; the status CLOSED means a connection that ended without one.

    Header names are in lower case.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Connection:
    """One connection, which reads what arrives while it sends."""

    def __init__(self, address: Address) -> None:
        self._socket = socket.create_connection(address, PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._received = bytearray()
        self.closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.close()

    def send(self, *pieces: bytes) -> Self:
        """Send all pieces, or as many as the other side lets us."""
        return self.stream(pieces)

    def stream(self, pieces: Iterable[bytes]) -> Self:
        """Send pieces that need not be in memory together; stop where the other side has closed."""
        for piece in pieces:
            rest = memoryview(piece)
            while rest and not self.closed:
                rest = rest[self._send_some(rest) :]
        return self

    def end(self) -> Self:
        """Tell the other side that nothing more will come."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:  # the other side was faster; what it said before is still to be read
            self._receive()
        return self

    def answer(self, *, head: bool = False) -> Answer:
        """Return the next final answer; `head` tells that it answers HEAD and has no body."""
        end = monotonic() + PATIENCE
        while (answer := self._parsed(head=head)) is None:
            if self.closed:
                return Answer(CLOSED)
            self._receive_until(end)
        return answer

    def interim(self) -> int:
        """Return the status of the next answer, final or not, without taking it."""
        end = monotonic() + PATIENCE
        while b"\r\n\r\n" not in self._received and not self.closed:
            self._receive_until(end)
        return int(self._received.split(b" ", 2)[1]) if self._received else CLOSED

    def wait_closed(self) -> None:
        """Wait until the other side closes."""
        end = monotonic() + PATIENCE
        while not self.closed:
            self._receive_until(end)

    def silent(self) -> bool:
        """Tell whether the other side has neither said anything more so far nor closed."""
        return not (self.closed or self._received or self._poll(select.POLLIN, 0.0))

    def _send_some(self, rest: memoryview) -> int:
        events = self._poll(select.POLLIN | select.POLLOUT, PATIENCE)
        if not events:
            raise Hang(f"takes no byte, of {len(rest)} or more")
        if events & select.POLLIN:
            self._receive()
        try:
            return self._socket.send(rest[:_AT_ONCE]) if events & select.POLLOUT and not self.closed else 0
        except BlockingIOError:
            return 0
        except OSError:  # the other side is gone; what it said before may still be read
            self._receive()
            self.closed = True
            return 0

    def _receive_until(self, end: float) -> None:
        if not self._poll(select.POLLIN, end - monotonic()):
            raise Hang(f"is silent, after {bytes(self._received[:200])!r}")
        self._receive()

    def _receive(self) -> None:
        try:
            while chunk := self._socket.recv(_AT_ONCE):
                self._received += chunk
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True

    def _poll(self, events: int, seconds: float) -> int:
        # Not `select`, which cannot watch the thousandth descriptor.
        poll = select.poll()
        poll.register(self._socket, events)
        found = poll.poll(max(0.0, seconds) * 1000)
        return found[0][1] if found else 0

    def _parsed(self, *, head: bool) -> Answer | None:
        """Take the next final answer out of what was received, if all of it is there."""
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            status, headers = _head(bytes(self._received[:end]))
            length = 0 if head or status < 200 or status == _NO_CONTENT else int(headers["content-length"])
            if len(self._received) < end + 4 + length:
                return None
            body = bytes(self._received[end + 4 : end + 4 + length])
            del self._received[: end + 4 + length]
            if status >= 200:
                return Answer(status, headers, body)
        assert len(self._received) < _MAX_HEAD, self._received[:200]
        return None


def exchange(address: Address, *pieces: bytes, end: bool = False) -> Answer:
    """Send pieces on a connection of their own and return its first answer; `end` closes our half before."""
    return exchange_stream(address, pieces, end=end)


def exchange_stream(address: Address, pieces: Iterable[bytes], *, end: bool = False) -> Answer:
    """Do the same with pieces that need not be in memory together."""
    with Connection(address) as connection:
        connection.stream(pieces)
        if end:
            connection.end()
        return connection.answer()


def _head(raw: bytes) -> tuple[int, Mapping[str, str]]:
    first, *lines = raw.decode("latin-1").split("\r\n")
    version, status, *_ = first.split(" ", 2)
    assert version == "HTTP/1.1", first
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status), headers
