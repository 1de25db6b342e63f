"""Servers on free loopback ports within a test's own event loop: raw ones, and apps framed as one likes."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import h11
from starlette.types import ASGIApp

from tests.conformance.mutants.wrapping import Answered

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Framing = Callable[[h11.Request, Answered], bytes]

HOST = "127.0.0.1"


@asynccontextmanager
async def listening(connected: Connected, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Yield the port of a server that hands its connections to a function; at the end all of them are cut."""
    tasks: set[asyncio.Task[Any]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError, asyncio.IncompleteReadError):
                await connected(reader, writer)
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(accept, HOST, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports that were cut end in the loop's next turns.
        await asyncio.sleep(0.01)


async def request_of(reader: asyncio.StreamReader, left: bytes = b"") -> tuple[h11.Request, bytes, bytes] | None:
    """Return the next request of a connection, its body, and what came behind it; None at the connection's end."""
    parser = h11.Connection(h11.SERVER)
    if left:
        parser.receive_data(left)
    request, body = None, b""
    while True:
        event = parser.next_event()
        if event is h11.NEED_DATA:
            if parser.they_are_waiting_for_100_continue:
                return None
            received = await reader.read(2**16)
            if not received:
                return None
            parser.receive_data(received)
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            return request, body, parser.trailing_data[0]
        else:
            return None


def framed(request: h11.Request, reply: Answered) -> bytes:
    """Return a reply as servers send it: with its length, and to HEAD without its body."""
    return head_of(reply) + (b"" if request.method == b"HEAD" else reply.body)


def head_of(reply: Answered) -> bytes:
    lines = [b"HTTP/1.1 %d Told" % reply.status, *(b"%b: %b" % pair for pair in reply.headers)]
    return b"\r\n".join((*lines, b"", b""))


def chunked(request: h11.Request, reply: Answered) -> bytes:
    """Return a reply in chunks."""
    plain = reply.without_header("content-length").with_header("transfer-encoding", "chunked")
    if request.method == b"HEAD":
        return head_of(plain)
    half = (len(reply.body) + 1) // 2
    parts = [part for part in (reply.body[:half], reply.body[half:]) if part]
    return head_of(plain) + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def closing(request: h11.Request, reply: Answered) -> bytes:
    """Return a reply after which the connection ends."""
    return framed(request, reply.with_header("connection", "close"))


def with_body_always(_: h11.Request, reply: Answered) -> bytes:
    """Return a reply with its body, even to HEAD."""
    return head_of(reply) + reply.body


@asynccontextmanager
async def serving(
    app: ASGIApp, *, framing: Framing = framed, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Yield the port of a server that serves an app, its replies framed as told."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = b""
        while arrived := await request_of(reader, left):
            request, body, left = arrived
            reply = await called(app, request, body)
            writer.write(framing(request, reply))
            await writer.drain()
            if framing is closing:
                return

    async with listening(connected, context) as port:
        yield port


async def called(app: ASGIApp, request: h11.Request, body: bytes) -> Answered:
    """Return an app's reply to a request off a socket."""
    path, _, query = bytes(request.target).partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": bytes(request.method).decode(),
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": [(bytes(name), bytes(value)) for name, value in request.headers],
        "root_path": "",
        "client": (HOST, 1),
        "server": (HOST, 1),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(each.get("body", b"") for each in sent[1:])
    return Answered(sent[0]["status"], tuple(sent[0]["headers"]), content)


@asynccontextmanager
async def both_ways(secured: int, plain: int) -> AsyncIterator[int]:
    """Yield a port on which TLS is led to one other port, and anything else to another."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(2**16)
        far_reader, far_writer = await asyncio.open_connection(HOST, secured if first[:1] == b"\x16" else plain)
        far_writer.write(first)
        ways = [asyncio.create_task(_pour(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.close()
            for way in ways:
                way.cancel()

    async with listening(connected) as port:
        yield port


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
