"""Bytes arrive in any pieces: however a connection is cut into pieces, the app gets the same requests."""

import asyncio
import gzip
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from traits_sandbox.web.early_refusals import RefusedRequest
from traits_sandbox.web.protocol import BoundedProtocol

Seen = tuple[str, str, bytes, bytes]

_BODY = b'{"purchases": [1, 2, 3]}'
_FORM = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na,b\r\n1,2\r\n\r\n--b--\r\n'
_LENGTH = b"Content-Length: %d" % len(_BODY)
_OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"


def request(*lines: bytes, method: bytes = b"POST", target: bytes = b"/v1/a%2Fb?q=1", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"%b %b HTTP/%b" % (method, target, version), b"Host: localhost", *lines, b"", b""])


def chunked(body: bytes, *, size: int, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailer + b"\r\n"


_PACKED = gzip.compress(_BODY, mtime=0)

# The bytes of a request, and the body that the app must get.
KINDS: dict[str, tuple[bytes, bytes]] = {
    "GET": (request(method=b"GET"), b""),
    "body": (request(_LENGTH) + _BODY, _BODY),
    "empty body": (request(b"Content-Length: 0"), b""),
    "gzip": (request(b"Content-Encoding: gzip", b"Content-Length: %d" % len(_PACKED)) + _PACKED, _PACKED),
    "form": (
        request(b"Content-Type: multipart/form-data; boundary=b", b"Content-Length: %d" % len(_FORM)) + _FORM,
        _FORM,
    ),
    "chunks": (request(b"Transfer-Encoding: chunked") + chunked(_BODY, size=7), _BODY),
    "chunks with more": (
        request(b"Transfer-Encoding: chunked") + chunked(_BODY, size=5, extension=b';a="b"', trailer=b"X-End: 1\r\n"),
        _BODY,
    ),
    "HTTP/1.0": (request(_LENGTH, version=b"1.0") + _BODY, _BODY),
    "expects a 100": (request(b"Expect: 100-continue", _LENGTH) + _BODY, _BODY),
    "h2c": (request(_OFFER, _LENGTH) + _BODY, _BODY),
    "h2c without a body": (request(_OFFER, method=b"GET"), b""),
    "h2c in chunks": (request(b"Transfer-Encoding: chunked", _OFFER) + chunked(_BODY, size=7), _BODY),
    "h2c in other letters": (request(_LENGTH, b"CONNECTION: upgrade", b"uPGRADE:h2c") + _BODY, _BODY),
    "h2c before all": (request(b"Upgrade: h2c", b"Connection: Upgrade", _LENGTH) + _BODY, _BODY),
    "h2c that expects a 100": (request(_OFFER, b"Expect: 100-continue", _LENGTH) + _BODY, _BODY),
    "websocket": (request(b"Connection: Upgrade", b"Upgrade: websocket", _LENGTH) + _BODY, _BODY),
    "TLS": (request(b"Connection: Upgrade", b"Upgrade: TLS/1.0", _LENGTH) + _BODY, _BODY),
    "upgrade without connection": (request(b"Upgrade: h2c", _LENGTH) + _BODY, _BODY),
    "upgrade in a body": (request(b"Content-Length: 16") + b"\r\nUpgrade: h2c\r\n", b"\r\nUpgrade: h2c\r\n"),
    "upgrade in a value": (request(b"X-A: Upgrade: h2c", _LENGTH) + _BODY, _BODY),
}


class Wire(asyncio.Transport):
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def received(*pieces: bytes) -> tuple[list[Seen], list[RefusedRequest], bytes]:
    """Return the requests that the app gets from these pieces, what was refused, and what was answered."""
    seen: list[Seen] = []
    refused: list[RefusedRequest] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body, more = body + message["body"], message["more_body"]
        offers = b",".join(value for name, value in scope["headers"] if name == b"upgrade")
        seen.append((scope["method"], scope["raw_path"].decode(), body, offers))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off", ws="none", proxy_headers=False)
    protocol = BoundedProtocol(config, ServerState(), {}, report=refused.append)
    wire = Wire()
    protocol.connection_made(wire)
    for piece in pieces:
        if wire.closed:
            break
        protocol.data_received(piece)
        await asyncio.sleep(0)
    while protocol.tasks:  # a request that waited for the one before it
        await asyncio.wait(protocol.tasks)
    protocol.connection_lost(None)
    return seen, refused, wire.written


def run(*pieces: bytes) -> tuple[list[Seen], list[RefusedRequest], bytes]:
    return asyncio.run(received(*pieces))


def runs(ways: Sequence[Sequence[bytes]]) -> Iterator[list[Seen]]:
    async def all_of_them() -> list[list[Seen]]:
        return [(await received(*pieces))[0] for pieces in ways]

    yield from asyncio.run(all_of_them())


def cuts(raw: bytes) -> list[tuple[bytes, bytes]]:
    return [(raw[:at], raw[at:]) for at in range(1, len(raw))]


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_that_is_cut_anywhere_reaches_the_app_whole(kind: str) -> None:
    raw, body = KINDS[kind]
    method = raw.partition(b" ")[0].decode()
    for pieces, seen in zip(cuts(raw), runs(cuts(raw)), strict=True):
        assert [each[:3] for each in seen] == [(method, "/v1/a%2Fb", body)], pieces[0][-30:]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_a_request_in_small_pieces_reaches_the_app_whole(kind: str, size: int) -> None:
    raw, body = KINDS[kind]
    seen, refused, _ = run(*(raw[at : at + size] for at in range(0, len(raw), size)))
    assert ([each[2] for each in seen], refused) == ([body], [])


@pytest.mark.parametrize("between", [b"", b"\r\n", b"\r\n\r\n\r\n"], ids=["nothing", "a line", "lines"])
def test_requests_of_all_kinds_in_one_piece_reach_the_app_in_order(between: bytes) -> None:
    last = KINDS["HTTP/1.0"]  # which ends the connection
    kinds = [*(each for each in [*KINDS.values(), *reversed(KINDS.values())] if each is not last), last]
    raw = between.join(each for each, _ in kinds)
    whole, refused, written = run(between + raw)
    assert ([each[2] for each in whole], refused) == ([body for _, body in kinds], [])
    assert written.count(b"HTTP/1.1 200 OK") == len(kinds)


@pytest.mark.parametrize("first", ["body", "h2c", "h2c without a body", "chunks"])
def test_two_requests_that_are_cut_anywhere_reach_the_app(first: str) -> None:
    second, body = KINDS["h2c"]
    raw = KINDS[first][0] + b"\r\n" + second
    for pieces, seen in zip(cuts(raw), runs(cuts(raw)), strict=True):
        assert [each[2] for each in seen] == [KINDS[first][1], body], pieces[0][-30:]


@pytest.mark.parametrize(("kind", "offer"), [("h2c", b"h2c"), ("websocket", b"websocket"), ("body", b"")])
def test_the_app_sees_the_headers_that_were_sent(kind: str, offer: bytes) -> None:
    seen, _, _ = run(KINDS[kind][0])
    assert [each[3] for each in seen] == [offer]


def test_many_offers_in_one_piece_are_all_declined() -> None:
    raw, _ = KINDS["h2c without a body"]
    seen, refused, _ = run(raw * 2000)
    assert (len(seen), refused) == (2000, [])


BROKEN = {
    "no method": (b"\0garbage\r\n\r\n", "method"),
    "SSH": (b"SSH-2.0-OpenSSH_9.6\r\n", "method"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "http-2"),
    "target": (request(target=b"http://[/"), "target"),
    "a space in the target": (request(target=b"/v1/a b"), "malformed"),
    "header": (request(b"No colon"), "malformed"),
    "coding": (request(b"Transfer-Encoding: gzip, chunked"), "transfer-encoding"),
    "length": (request(b"Content-Length: five"), "malformed"),
    "chunk": (request(b"Transfer-Encoding: chunked") + b"zz\r\n", "malformed"),
    "h2c and a bad chunk": (request(_OFFER, b"Transfer-Encoding: chunked") + b"zz\r\n", "malformed"),
}


@pytest.mark.parametrize("kind", BROKEN)
@pytest.mark.parametrize("before", ["", "body", "h2c"], ids=["first", "after a request", "after an offer"])
def test_a_broken_request_is_refused_once_and_those_before_it_are_answered(kind: str, before: str) -> None:
    good = KINDS[before][0] if before else b""
    raw, reason = BROKEN[kind]
    for pieces in [(good + raw,), (good, raw), tuple(bytes([byte]) for byte in good + raw)]:
        seen, refused, written = run(*filter(None, pieces))
        assert len(seen) == bool(before)
        assert [(each.reason.value, each.status) for each in refused] == [(reason, 400)]
        assert written.count(b"HTTP/1.1 2") + written.count(b"HTTP/1.1 4") == bool(before) + 1
        assert b"HTTP/1.1 400 " in written.rpartition(b"HTTP/1.1 2")[2]


def test_a_head_that_is_too_large_is_refused_however_it_arrives() -> None:
    raw = request(b"X-Large: " + b"a" * 2**18)
    for size in (2**10, 2**16, len(raw)):
        _, refused, written = run(*(raw[at : at + size] for at in range(0, len(raw), size)))
        assert [each.reason.value for each in refused] == ["head-size"]
        assert written.startswith(b"HTTP/1.1 400 ")


def test_a_tls_client_is_told_from_its_first_byte() -> None:
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)
    for pieces in ((hello,), (hello[:1], hello[1:])):
        _, refused, _ = run(*pieces)
        assert [each.reason.value for each in refused] == ["tls-to-http"]
