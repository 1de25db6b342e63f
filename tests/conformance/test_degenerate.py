"""Servers of quite another kind: none of them passes, and the kit ends its run with each of them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.conformance.mutants.wrapping import Answered, pair
from tests.conformance.sampling import parameters, tiers
from tests.conformance.sockets import Connected, framed, listening, request_of
from tests.patience import PATIENCE
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reasons import Reason, ReasonKind
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run

KEY = "Degenerate-Key-7"

# Nobody waits for replies that never end, and nobody misses one that does end, however busy the machine is.
NEVER_ENDING = WireLimits(timeout=0.2, max_time=1.0)
ENDING = WireLimits(timeout=PATIENCE, max_time=PATIENCE, max_requests=200)

JSON = "application/json"
ENVELOPE = '{"code": %d, "message": "50 actions have been successfully ingested", "data": null}'
PAGE = b"<!doctype html><title>Log in</title><form method=post><input name=user><input name=password></form>"


def told(status: int, body: bytes, content_type: str = JSON, *more: tuple[str, str]) -> Answered:
    headers = (("content-type", content_type), ("content-length", str(len(body))), *more)
    return Answered(status, tuple(pair(*each) for each in headers), body)


def canned(status: int) -> Answered:
    return told(status, (ENVELOPE % status).encode())


def always(reply: Answered) -> Connected:
    """Answer every request in the same way."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = b""
        while arrived := await request_of(reader, left):
            request, _, left = arrived
            writer.write(framed(request, reply))
            await writer.drain()

    return connected


def saying(*parts: bytes, pause: float = 0.0, for_ever: bool = False) -> Connected:
    """Answer every connection with bytes that are as they are."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(2**16)
        while True:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if not for_ever:
                return

    return connected


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read(2**16)
    await asyncio.Event().wait()


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2**16)
    writer.transport.abort()


async def drips_its_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(2**16)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

SERVERS: dict[str, Connected] = {
    "200-empty": always(told(200, b"")),
    "200-canned": always(canned(200)),
    "201-canned": always(canned(201)),
    "204": always(Answered(204, (), b"")),
    "401": always(canned(401)),
    "403": always(canned(403)),
    "404": always(canned(404)),
    "429": always(canned(429)),
    "500": always(canned(500)),
    "login-page": always(told(200, PAGE, "text/html")),
    "redirect-loop": always(told(302, b"", JSON, ("location", "/"))),
    "hangs": hangs,
    "resets": resets,
    "closes": saying(),
    "drips-its-head": saying(b"H", b"T", b"T", b"P", pause=0.1, for_ever=True),
    "drips-headers": saying(b"HTTP/1.1 200 OK\r\n", *[b"x-a: b\r\n"] * 1000, pause=0.05),
    "drips-its-body": drips_its_body,
    "endless-body": saying(HEAD + b"\r\n", *[b"[" * 2**16] * 10**4),
    "endless-chunks": saying(HEAD + b"transfer-encoding: chunked\r\n\r\n", *[b"1\r\n[\r\n"] * 10**6),
    "huge-headers": saying(HEAD + b"x-a: " + b"b" * 2**20 + b"\r\n\r\n"),
    "many-headers": saying(HEAD + b"x-a: b\r\n" * 10**5 + b"\r\n"),
    "garbage": saying(b"\x00\xff\x16\x03not http at all\r\n\r\n"),
    "smtp": saying(b"220 mail.example.org ESMTP\r\n"),
    "too-long-a-length": saying(HEAD + b"content-length: 1000\r\n\r\n{}"),
    "too-short-a-length": saying(HEAD + b'content-length: 1\r\n\r\n{"code": 200}'),
    "two-lengths": saying(HEAD + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}{"),
    "no-length-number": saying(HEAD + b"content-length: many\r\n\r\n{}"),
    "bad-chunks": saying(HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "100-for-ever": saying(b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.01, for_ever=True),
}

# Their replies do not end, or are asked for again a second later.
WAITED_FOR = {"hangs", "drips-its-head", "drips-headers", "drips-its-body", "endless-chunks", "100-for-ever", "429"}

# A few of their replies are enough to fill the memory of a kit that reads all of them.
FLOODS = {"endless-body", "huge-headers", "many-headers"}

REFUSING_THE_KEY = ("401", "403")

# Of each way of being none, by what is wrong: the meaning, the pace, the size, the framing.
AT_EACH_CHANGE = {
    "200-canned", "login-page", "hangs", "resets", "drips-headers", "endless-body", "huge-headers", "garbage",
    "bad-chunks",
}  # fmt: skip
NAMES = tiers(SERVERS, at_each_change=AT_EACH_CHANGE, proofs=set(SERVERS))


async def judged(server: Connected, limits: WireLimits = ENDING, *only: str) -> Report:
    async with listening(server) as port:
        options = Options(profile="core", limits=limits, only=only)
        return await asyncio.wait_for(Run(Target(f"http://127.0.0.1:{port}", KEY), options).report(), PATIENCE)


@pytest.mark.parametrize("name", parameters(NAMES))
def test_what_is_no_such_api_never_passes(name: str) -> None:
    limits = NEVER_ENDING if name in WAITED_FOR else replace(ENDING, max_requests=8) if name in FLOODS else ENDING
    assert asyncio.run(judged(SERVERS[name], limits)).exit_code in (1, 3)


@pytest.mark.parametrize("name", REFUSING_THE_KEY)
def test_a_server_that_refuses_the_key_proves_nothing(name: str) -> None:
    report = asyncio.run(judged(SERVERS[name]))
    assert report.exit_code == 3
    assert report.obstacle == Reason.of(ReasonKind.KEY_REFUSED)


def test_a_port_where_nobody_listens_proves_nothing() -> None:
    async def run() -> Report:
        async with listening(hangs) as port:
            pass
        return await Run(Target(f"http://127.0.0.1:{port}", KEY), Options(limits=ENDING)).report()

    report = asyncio.run(run())
    assert report.exit_code == 3
    assert report.obstacle


CANNED: dict[str, Callable[[], Answered]] = {
    "200": lambda: canned(200),
    "201": lambda: canned(201),
}


@pytest.mark.parametrize("status", CANNED)
def test_the_same_envelope_for_everything_is_no_conformance(status: str) -> None:
    report = asyncio.run(judged(always(CANNED[status]()), ENDING, "AUTH-001", "TYPE-001"))
    assert report.exit_code == 1
    assert {"AUTH-001", "TYPE-001"} & {each.requirement.id for each in report.failed}
