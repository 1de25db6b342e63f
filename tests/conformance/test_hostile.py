"""Servers that want the key, or the kit's time: the key goes nowhere else, the budget holds, the run ends."""

import asyncio
import base64
import html
import io
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import quote

import h11
import pytest
from rich.console import Console

from tests.conformance import timeless
from tests.conformance.kit import InProcess
from tests.conformance.kit import run_on as run_within
from tests.conformance.mutants.facts import sandbox_app
from tests.conformance.mutants.wrapping import Answered, Wrapped, after
from tests.conformance.sockets import Connected, framed, listening, request_of
from tests.conformance.test_degenerate import SERVERS, canned, told
from tests.patience import PATIENCE
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.http.keys import masker_of
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reports import RENDERERS
from traits_sandbox.conformance.reports.masking import masked
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.terminal import Terminal
from traits_sandbox.conformance.running.cleaning import GRACE
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run
from traits_sandbox.reporting.masking import Masker

KEY = "tsc-canary-Zk3/9+q=_key"

# Every request is answered: none is late, however busy the machine is.
LIMITS = WireLimits(timeout=PATIENCE, max_time=PATIENCE, max_requests=150)


@dataclass(slots=True)
class Visited:
    """What arrived at a server: its requests, and how many connections."""

    requests: list[h11.Request] = field(default_factory=list)
    connections: int = 0

    def values(self, name: bytes) -> list[bytes]:
        return [bytes(value) for each in self.requests for header, value in each.headers if header == name]


Answering = Callable[[h11.Request, bytes], Answered]


def recording(visited: Visited, answering: Answering) -> Connected:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visited.connections += 1
        left = b""
        while arrived := await request_of(reader, left):
            request, body, left = arrived
            visited.requests.append(request)
            writer.write(framed(request, answering(request, body)))
            await writer.drain()

    return connected


async def judged(url: str, limits: WireLimits = LIMITS, **choices: object) -> Report:
    options = Options(profile="emulator", limits=limits, **choices)  # type: ignore[arg-type]
    return await asyncio.wait_for(Run(Target(url, KEY), options).report(), PATIENCE)


def run_on(answering: Answering, limits: WireLimits = LIMITS, **choices: object) -> tuple[Report, Visited]:
    """Return the report on a server that answers so, and what arrived there."""
    visited = Visited()

    async def run() -> Report:
        async with listening(recording(visited, answering)) as port:
            return await judged(f"http://127.0.0.1:{port}", limits, **choices)

    return asyncio.run(run()), visited


def echo(request: h11.Request, body: bytes) -> Answered:
    """Answer with all that was sent, in the body and in headers, the key in every spelling among it."""
    sent = {bytes(name).decode(): bytes(value).decode("latin-1") for name, value in request.headers}
    given = sent.get("authorization", "")
    spelled = {
        "base64": base64.b64encode(given.encode()).decode(),
        "shifted": base64.b64encode(f"x{given}".encode()).decode(),
        "twice": base64.b64encode(f"xy{given}".encode()).decode(),
        "url": quote(given, safe=""),
        "html": html.escape(given),
        "slashes": given.replace("/", "\\/"),
        "lower": re.sub("%..", lambda found: found[0].lower(), quote(given, safe="")),
        "target": bytes(request.target).decode("latin-1"),
    }
    message = {"code": 200, "message": given, "data": {**sent, **spelled, "body": body.decode("latin-1")}}
    pairs = [(f"x-{name}", value) for name, value in (sent | spelled).items() if value]
    return told(200, json.dumps(message).encode(), "application/json", *pairs)


def spellings() -> list[bytes]:
    """Return how the key may be written, made here without the mask that is judged."""
    plain = KEY.encode()
    encoded = [base64.b64encode(b"\0" * shift + plain) for shift in range(3)]
    # Without what depends on the neighbours.
    middles = [encoded[0][:-4], encoded[1][2:-4], encoded[2][4:-4]]
    urls = [quote(KEY), quote(KEY, safe=""), re.sub("%..", lambda found: found[0].lower(), quote(KEY, safe=""))]
    return [plain, json.dumps(KEY)[1:-1].encode(), KEY.replace("/", "\\/").encode(), *middles,
            *(each.encode() for each in urls), html.escape(KEY).encode()]  # fmt: skip


def texts() -> list[bytes]:
    """Return texts in which servers may repeat the key: as it is, and as a part of what they encode."""
    whole = [
        base64.b64encode(b"x" * shift + KEY.encode() + behind) for shift in range(3) for behind in (b"", b":", b"yz")
    ]
    return [*spellings()[:3], *spellings()[6:], *whole]


def artefacts(report: Report) -> dict[str, bytes]:
    """Return all that a run leaves to be read."""
    shown = masked(report, masker_of(KEY))
    way = Reproduction.to(shown)
    page = io.StringIO()
    Terminal(Console(file=page, width=200), shown, way).show()
    return {"terminal": page.getvalue().encode()} | {kind: render(shown, way) for kind, render in RENDERERS.items()}


def test_no_report_tells_the_key_that_a_server_echoes() -> None:
    report, visited = run_on(echo)
    assert len(visited.requests) > 20
    assert "AUTH-010" in {each.requirement.id for each in report.failed}
    found = {
        (name, spelling)
        for name, content in artefacts(report).items()
        for spelling in spellings()
        if spelling in content
    }
    assert not found


def test_the_search_for_the_key_would_find_it() -> None:
    report, _ = run_on(echo)
    way = Reproduction.to(report)
    assert any(KEY.encode() in render(report, way) for render in RENDERERS.values())


def test_the_mask_hides_the_key_in_every_spelling() -> None:
    masker = Masker([KEY])
    shown = b" ".join(masker.data(each) for each in texts())
    assert all(any(each in text for text in texts()) for each in spellings())
    assert not [each for each in spellings() if each in shown]


@asynccontextmanager
async def elsewhere(visited: Visited) -> AsyncIterator[int]:
    async with listening(recording(visited, lambda *_: canned(200))) as port:
        yield port


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_to_another_host(status: int) -> None:
    other, visited = Visited(), Visited()

    async def run() -> Report:
        async with elsewhere(other) as far:

            def away(request: h11.Request, _: bytes) -> Answered:
                target = bytes(request.target).decode("latin-1")
                return told(status, b"", "text/plain", ("location", f"http://127.0.0.1:{far}{target}"))

            async with listening(recording(visited, away)) as near:
                return await judged(f"http://127.0.0.1:{near}")

    assert asyncio.run(run()).exit_code == 1
    assert visited.requests
    assert other.connections == 0


def test_links_and_refreshes_are_not_followed_either() -> None:
    other, visited = Visited(), Visited()

    async def run() -> Report:
        async with elsewhere(other) as far:

            def luring(*_: object) -> Answered:
                there = f"http://127.0.0.1:{far}/"
                named = ("link", f"<{there}>; rel=next"), ("refresh", f"0; url={there}"), ("alt-svc", f'h2=":{far}"')
                return told(200, canned(200).body, "application/json", *named, ("content-location", there))

            async with listening(recording(visited, luring)) as near:
                return await judged(f"http://127.0.0.1:{near}")

    assert asyncio.run(run()).exit_code == 1
    assert other.connections == 0


def test_every_request_is_for_the_target_alone() -> None:
    report, visited = run_on(lambda *_: canned(200))
    target = report.about.target.removeprefix("http://").encode()
    assert set(visited.values(b"host")) == {target}


def test_cookies_are_not_sent_back() -> None:
    _, visited = run_on(lambda *_: told(200, canned(200).body, "application/json", ("set-cookie", "a=b; Path=/")))
    assert visited.requests
    assert not visited.values(b"cookie")


@pytest.mark.parametrize("challenge", ["Basic realm=a", "Digest realm=a, nonce=b", "Negotiate", "NTLM"])
def test_a_challenge_is_not_taken_up(challenge: str) -> None:
    refused = told(401, canned(401).body, "application/json", ("www-authenticate", challenge))
    report, visited = run_on(lambda *_: refused)
    assert report.exit_code == 3
    assert set(visited.values(b"authorization")) == {f"Bearer {KEY}".encode()}


@pytest.mark.parametrize("most", [1, 3, 10, 100])
def test_the_budget_holds_to_the_request(most: int) -> None:
    report, visited = run_on(lambda *_: canned(200), replace(LIMITS, max_requests=most))
    assert len(visited.requests) == most
    assert report.sent <= most
    assert report.exit_code in (1, 3)


def test_the_budget_holds_where_connections_end_early() -> None:
    count = 0

    async def cuts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        if await reader.read(2**16):
            count += 1
        writer.transport.abort()

    async def run() -> Report:
        async with listening(cuts) as port:
            return await judged(f"http://127.0.0.1:{port}", replace(LIMITS, max_requests=10))

    assert asyncio.run(run()).exit_code == 3
    assert count <= 10


@pytest.mark.parametrize("pause", ["999999", "0", "-5", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "9" * 400])
def test_who_asks_for_patience_does_not_get_all_of_it(pause: str) -> None:
    busy = told(429, canned(429).body, "application/json", ("retry-after", pause))

    async def run() -> tuple[Report, float]:
        loop, limits = asyncio.get_running_loop(), WireLimits(max_time=30.0, max_requests=300)
        transport = InProcess(Wrapped(sandbox_app(), after(lambda *_: busy)))
        return await run_within(transport, Options(limits=limits), key=KEY).report(), loop.time()

    report, seconds = timeless.run(run())
    assert report.exit_code in (1, 3)
    assert seconds <= 30.0 + GRACE


def test_bodies_without_an_end_are_cut_off() -> None:
    async def run() -> Report:
        async with listening(SERVERS["endless-body"]) as port:
            return await judged(f"http://127.0.0.1:{port}", replace(LIMITS, max_requests=8))

    assert asyncio.run(run()).exit_code in (1, 3)
