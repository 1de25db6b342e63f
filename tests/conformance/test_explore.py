"""Exploration finds what is planted and nothing else, and gets past no rule of the run."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from msgspec.structs import replace as changed
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.conformance.independent.server import running
from tests.conformance.kit import PATIENT
from tests.conformance.reasons import described
from tests.conftest import CHECKOUT
from tests.tiers import Tier, part
from tests.wire.served import serving
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.exploring.engine import Broken, Course, Scene, scenes
from traits_sandbox.conformance.exploring.exploration import explore
from traits_sandbox.conformance.exploring.findings import LISTED, Findings, Sighting
from traits_sandbox.conformance.exploring.settled import Readings
from traits_sandbox.conformance.http.client import Target, Wire, WireLimits
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.http.keys import masker_of
from traits_sandbox.conformance.http.safety import Gate, Permit
from traits_sandbox.conformance.judging.report import Exploration
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run
from traits_sandbox.conformance.running.runner import MAX_HANGS, RunState
from traits_sandbox.contract.load import editions, load
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.openapi.document import openapi
from traits_sandbox.errors import UsageError
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings

pytest.importorskip("schemathesis")

# Any other seed may be tried by hand.
SEED = int(os.environ.get("EXPLORE_SEED", "0"))
KEY = "Canary-Key-7"
PREFIX = "tsc-0f0f0f0f-"
HERE = "http://127.0.0.1"
THERE = "https://api.example.com"


@cache
def contract() -> Contract:
    return load(editions()[-1])


def only(*operations: str) -> Contract:
    """Return the contract with some of its operations, which is the sooner explored."""
    return changed(contract(), operations=tuple(each for each in contract().operations if each.id in operations))


@dataclass(frozen=True, slots=True)
class Explored:
    exploration: Exploration
    tally: RunState
    requests: list[httpx.Request]

    @property
    def kinds(self) -> set[tuple[str, str]]:
        return {(each.operation, each.title) for each in self.exploration.findings}


class Recording(httpx.AsyncBaseTransport):
    """Keeps what is sent, and passes it on."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.requests: list[httpx.Request] = []
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


class Answering(httpx.AsyncBaseTransport):
    """Answers every request as a function says, which may raise what a connection does."""

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = self._answer(request)
        return httpx.Response(reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content))


class Hanging(httpx.AsyncBaseTransport):
    """Never answers."""

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError


def try_on(
    transport: httpx.AsyncBaseTransport | None,
    *operations: str,
    url: str = HERE,
    key: str = KEY,
    reach: str = "",
    prefix: str = PREFIX,
    **options: Any,
) -> Explored:
    """Explore some operations, all unless some are named."""
    recording = Recording(transport or httpx.AsyncHTTPTransport())
    chosen = replace(Options(explore=4, seed=SEED, limits=PATIENT), **options)
    target = Target(url, key)
    permit = Permit(reach or chosen.reach(target), prefix)  # type: ignore[arg-type]
    held, tally = only(*operations) if operations else contract(), RunState()

    async def run() -> Exploration:
        wire = Wire(target, Gate(contract(), permit), chosen.limits, transport=recording)
        try:
            return await explore(wire, RequestFactory(held, prefix, chosen.seed), permit, tally, chosen, target)
        finally:
            await wire.close()

    return Explored(asyncio.run(run()), tally, recording.requests)


def sandbox() -> ASGIApp:
    return Sandbox(Settings(log_format="none", api_key=(KEY,))).app


Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Planted:
    """A sandbox with a fault: it fails on some rows, or reads them otherwise than they are."""

    crashes: Callable[[Row], bool] = lambda _: False
    reads: Callable[[Row], Row] = lambda row: row
    app: ASGIApp = field(default_factory=sandbox)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        if any(map(self.crashes, rows(body))):
            await httpx_reply(500, b"Traceback", send)
            return
        await self.app(without_length(scope), replay(self._read(body)), send)

    def _read(self, body: bytes) -> bytes:
        if not list(rows(body)):
            return body
        value = orjson.loads(body)
        (name,) = [name for name, each in value.items() if isinstance(each, list)][:1]
        value[name] = [self.reads(row) if isinstance(row, dict) else row for row in value[name]]
        return orjson.dumps(value)


def rows(body: bytes) -> Iterator[Row]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    lists = [each for each in value.values() if isinstance(each, list)] if isinstance(value, dict) else []
    yield from (row for each in lists[:1] for row in each if isinstance(row, dict))


def replay(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def without_length(scope: Scope) -> Scope:
    return {**scope, "headers": [each for each in scope["headers"] if each[0] != b"content-length"]}


async def httpx_reply(status: int, body: bytes, send: Send) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def on_a_socket(app: ASGIApp) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def texts(row: Row) -> Iterator[str]:
    yield from (value for value in row.values() if isinstance(value, str))


# One of each kind at each change, all of them among the proofs.
SOME = ("push_level_ups", "upload_survey_data", "get_assessment_status")
OPERATIONS = [
    pytest.param(SOME, id="some"),
    pytest.param(tuple(each.id for each in contract().operations), marks=part("kit"), id="all"),
]


@pytest.mark.parametrize("operations", OPERATIONS)
def test_nothing_is_found_on_the_emulator(tmp_path: Path, operations: tuple[str, ...]) -> None:
    with serving(tmp_path, "--log-format", "none") as served:
        found = try_on(None, *operations, url=served.url, key=served.key, explore=25, profile="emulator")
    assert found.exploration.findings == ()
    assert found.exploration.skipped == ()
    assert found.exploration.requests == len(found.requests) > 25 * (len(operations) - 1)
    assert found.tally.unnamed == 0


PLANTS: dict[str, Callable[[Row], bool]] = {
    "a character beyond ASCII": lambda row: not all(text.isascii() for text in texts(row)),
    "a negative number": lambda row: any(isinstance(each, int | float) and each < 0 for each in row.values()),
    "a text that is long": lambda row: any(len(text) > 20 for text in texts(row)),
}


@pytest.mark.parametrize(
    "crashes",
    [
        pytest.param(each, marks=part("kit", Tier.TEST if name == "a negative number" else Tier.PROOFS), id=name)
        for name, each in PLANTS.items()
    ],
)
def test_a_planted_crash_is_found(crashes: Callable[[Row], bool]) -> None:
    with on_a_socket(Planted(crashes)) as url:
        found = try_on(None, "push_virtual_purchases", url=url, explore=25)
    assert ("push_virtual_purchases", "The server failed: 500") in found.kinds
    crash = found.exploration.findings[0]
    assert '"Authorization: Bearer $TRAITS_API_KEY"' in crash.curl or "too long to be shown" in crash.message
    assert KEY not in repr(found.exploration)


def test_what_is_taken_although_it_is_not_valid_is_found() -> None:
    planted = Planted(reads=lambda row: row | {"level": 1} if isinstance(row.get("level"), str) else row)
    found = try_on(httpx.ASGITransport(planted), "push_level_ups")
    assert ("push_level_ups", "Schema-violating request accepted") in found.kinds
    assert any("level" in each.message and "answered 201" in each.message for each in found.exploration.findings)


def test_what_is_refused_although_it_is_valid_is_found() -> None:
    planted = Planted(reads=lambda row: row | {"level": None} if row.get("level") == 0 else row)
    found = try_on(httpx.ASGITransport(planted), "push_level_ups")
    assert found.kinds == {("push_level_ups", "Schema-valid request rejected")}


def test_a_key_that_does_not_matter_is_found() -> None:
    found = try_on(Answering(lambda _: httpx.Response(201, json={"code": 201})), "push_items")
    assert ("push_items", "API accepts requests without authentication") in found.kinds


def test_an_echoed_key_is_in_no_finding() -> None:
    def echo(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, text=f"seen {request.headers.get('authorization')}")

    found = try_on(Answering(echo), "push_items", profile="emulator")
    assert found.exploration.findings
    assert KEY not in repr(found.exploration)


def dropped(_: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("reset")


def test_a_dropped_connection_is_found() -> None:
    assert try_on(Answering(dropped), "push_items").kinds == {("push_items", "No reply: dropped")}


def test_a_hang_is_found_and_an_operation_that_hangs_is_left_alone() -> None:
    found = try_on(Hanging(), "push_items", limits=WireLimits(timeout=0.1))
    assert found.kinds == {("push_items", "No reply: timeout")}
    assert len(found.requests) == MAX_HANGS


@pytest.mark.parametrize("operations", OPERATIONS)
def test_a_server_that_reads_the_silent_places_otherwise_has_no_finding_but_a_count(
    operations: tuple[str, ...],
) -> None:
    with running(KEY) as url:
        found = try_on(None, *operations, url=url)
    (count,) = found.exploration.findings
    assert re.fullmatch("[0-9]+ replies that differ from those of the emulator", count.title)
    assert "the document does not decide these cases" in count.message


def agree(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200 if request.method == "GET" else 201, json={"code": 201, "message": "", "data": None})


def paths(found: Explored) -> set[tuple[str, str]]:
    return {
        (
            each.method,
            re.sub(
                "segments/[^/]+/personas/[^/]+/", "segments/S/personas/P/", each.url.raw_path.decode().partition("?")[0]
            ),
        )
        for each in found.requests
    }


@part("kit")
def test_only_what_is_allowed_is_sent_and_only_to_the_target() -> None:
    found = try_on(Answering(agree), url=f"{HERE}:8099/base", explore=1)
    wanted = [each for each in contract().operations if each.effect != "destroy"]
    named = {(each.method, re.sub(r"\{segment_id\}", "S", each.path).replace("{persona}", "P")) for each in wanted}
    assert paths(found) == {(method, f"/base{path}") for method, path in named}
    assert {(each.url.host, each.url.port) for each in found.requests} == {("127.0.0.1", 8099)}
    assert not [name for each in found.requests for name in each.headers if "schemathesis" in name.lower()]


def test_a_host_that_is_not_allowed_to_be_written_to_is_only_read() -> None:
    found = try_on(Answering(agree), url=THERE)
    assert {method for method, _ in paths(found)} == {"GET", "POST"}
    assert {path for _, path in paths(found)} == {
        re.sub(r"\{segment_id\}", "S", each.path).replace("{persona}", "P")
        for each in contract().operations
        if each.effect == "read"
    }
    assert found.tally.created == set()
    assert found.tally.unnamed == 0


def test_the_webhook_is_given_its_key_where_the_document_says() -> None:
    found = try_on(Answering(agree), "receive_playfab_events")
    given = Counter((each.url.params.get("api_key"), each.headers.get("authorization")) for each in found.requests)
    assert given.most_common(1)[0][0] == (KEY, None)


def test_made_up_data_carries_ids_of_the_run() -> None:
    found = try_on(Answering(agree), "push_purchases", "push_items", "upload_kpis", "receive_playfab_events")
    bodies = b"\n".join(each.content for each in found.requests)
    named = re.findall(rb'"(?:user_id|EntityId)": "([^"]+)"', bodies)
    assert named
    assert all(each.startswith(PREFIX.encode()) for each in named)
    assert set(re.findall(rf"{PREFIX}[a-z0-9-]+".encode(), bodies)) == {each.encode() for each in found.tally.created}
    assert any(each.endswith("-item") for each in found.tally.created)


def test_what_is_taken_without_an_id_of_the_run_is_counted() -> None:
    found = try_on(Answering(agree), "push_level_ups")
    foreign = [each for each in found.requests if PREFIX.encode() not in each.content]
    assert found.tally.unnamed >= len(foreign) > 0


@pytest.mark.parametrize("most", [1, 30])
def test_the_budget_is_kept(most: int) -> None:
    found = try_on(Answering(agree), "push_level_ups", limits=replace(PATIENT, max_requests=most))
    assert len(found.requests) + len(found.tally.created) >= most
    assert len(found.requests) <= most
    assert any(f"--max-requests {most}" in each for each in described(found.exploration.skipped))


def test_what_was_found_before_the_budget_ended_is_told() -> None:
    found = try_on(
        Answering(lambda _: httpx.Response(200, json={})), "push_items", limits=replace(PATIENT, max_requests=12)
    )
    assert ("push_items", "API accepts requests without authentication") in found.kinds


def test_the_time_is_kept() -> None:
    found = try_on(Answering(agree), "push_level_ups", limits=WireLimits(max_time=0.0))
    assert found.requests == []
    assert found.exploration.skipped


def test_a_redirect_is_not_followed() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": f"{THERE}{request.url.path}"})

    found = try_on(Answering(away), "get_persona_user_ids")
    assert {each.url.host for each in found.requests} == {"127.0.0.1"}


def sent(found: Explored, prefix: str) -> list[tuple[str, str, bytes]]:
    return [(each.method, str(each.url), each.content.replace(prefix.encode(), b"")) for each in found.requests]


def test_a_seed_sends_the_same_but_for_the_prefix() -> None:
    operations = ("push_level_ups", "upload_survey_data", "get_assessment_status")
    first, second, other = (
        sent(try_on(Answering(agree), *operations, prefix=prefix, seed=seed), prefix)
        for prefix, seed in (("tsc-1-", 0), ("tsc-22-", 0), ("tsc-1-", 1))
    )
    assert first == second != other


def digest() -> str:
    """Return a summary of everything that is sent to two operations."""
    told = sent(try_on(Answering(agree), "get_assessment_status", "push_level_ups"), PREFIX)
    return hashlib.sha256(repr(told).encode()).hexdigest()


@part("kit")
def test_another_process_elsewhere_sends_the_same_and_leaves_nothing_behind(tmp_path: Path) -> None:
    program = f"from {__name__} import digest; print(digest())"
    environment = dict(os.environ, PYTHONPATH=str(CHECKOUT), PYTHONHASHSEED="7")
    other = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest()
    assert list(tmp_path.iterdir()) == []


def test_the_surroundings_take_no_part_and_are_left_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hypothesis.internal.conjecture import providers
    from requests.adapters import HTTPAdapter
    from schemathesis.core.media_types import MEDIA_TYPE_STRATEGIES

    before = sent(try_on(Answering(agree), "get_assessment_status"), PREFIX)
    (tmp_path / "schemathesis.toml").write_text("seed = 9\nno-such-option = true\n")
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.chdir(tmp_path)
    for name, value in {"SCHEMATHESIS_HOOKS": "no_such_module", "NETRC": str(tmp_path / "netrc")}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    # What Hypothesis takes from the modules around it; never asked for, it cannot fail.
    monkeypatch.setattr(providers, "_get_local_constants", lambda: 1 / 0)
    environment, send = dict(os.environ), HTTPAdapter.send
    found = try_on(Answering(agree), "get_assessment_status")
    assert (sent(found, PREFIX), found.exploration.skipped) == (before, ())
    assert {each.headers.get("authorization", "")[:7] for each in found.requests} == {"Bearer ", ""}
    assert HTTPAdapter.send is send
    assert dict(os.environ) == environment
    assert not MEDIA_TYPE_STRATEGIES
    assert sorted(each.name for each in tmp_path.iterdir()) == ["netrc", "schemathesis.toml"]


def test_what_breaks_off_is_told_and_restores_what_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send
    monkeypatch.setattr(Findings, "add", lambda *_: 1 / 0)
    found = try_on(Answering(dropped), "push_items")
    assert "ZeroDivisionError" in " ".join(described(found.exploration.skipped))
    assert HTTPAdapter.send is send


def test_two_runs_of_a_process_explore_one_after_the_other() -> None:
    alone = try_on(Answering(agree), "get_assessment_status")
    found: list[Explored] = []
    runs = [
        threading.Thread(target=lambda: found.append(try_on(Answering(agree), "get_assessment_status")))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [sent(each, PREFIX) for each in found] == [sent(alone, PREFIX)] * 2


def test_a_run_that_is_ended_sends_nothing_more() -> None:
    requests: list[httpx.Request] = []

    async def run() -> None:
        task = asyncio.current_task()
        assert task is not None

        def end(request: httpx.Request) -> httpx.Response:
            requests.append(request)
            if len(requests) == 5:
                task.cancel()
            return agree(request)

        permit, options, target = Permit("unsafe", PREFIX), Options(explore=4), Target(HERE, KEY)
        wire = Wire(target, Gate(contract(), permit), PATIENT, transport=Answering(end))
        await explore(wire, RequestFactory(only("push_items"), PREFIX), permit, RunState(), options, target)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert len(requests) in (5, 6)


def test_without_the_extra_it_is_one_sentence_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    with pytest.raises(UsageError, match="--explore needs the extra 'conformance'"):
        Run(Target(HERE, KEY), Options(explore=1))


def test_the_verdict_is_the_same_with_findings() -> None:
    planted = Planted(crashes=PLANTS["a negative number"])
    options = Options(only=("OP-001*",), limits=replace(PATIENT, max_requests=400))

    def report(explore: int) -> Any:
        transport = Recording(httpx.ASGITransport(planted))
        run = Run(Target(HERE, KEY), replace(options, explore=explore), transport=transport)
        made = asyncio.run(run.report())
        assert len(transport.requests) <= 400
        return made

    plain, explored = report(0), report(2)
    assert plain.exploration is None
    assert explored.exploration.findings
    assert "--max-requests" in " ".join(described(explored.exploration.skipped))
    assert (explored.verdict, explored.exit_code, explored.sent) == (plain.verdict, plain.exit_code, plain.sent)
    assert plain.verdict == "conformant"
    assert not any("users" in each for each in explored.left_behind)


def exchanged(body: bytes, status: int) -> Exchange:
    return Exchange(Request("POST", "/v1/level-ups", body=body, operation="push_level_ups"), Reply(status, (), b"{}"))


READ = {
    b'{"level_ups": [{"user_id": "a", "level": 1}]}': "valid",
    b'{"level_ups": [{"user_id": "a", "level": 1, "more": 1}]}': "open",
    b'{"level_ups": [{"user_id": "a", "level": 1.0}]}': "open",
    b'{"level_ups": [{"user_id": "a", "level": -1}]}': "open",
    b'{"level_ups": [{"user_id": "", "level": 1}]}': "open",
    b'{"level_ups": [{"user_id": "a", "level": 1, "timestamp": null}]}': "open",
    b'{"level_ups": [{"user_id": "a", "level": 9007199254740993}]}': "open",
    b'{"level_ups": []}': "open",
    b'{"level_ups": [{"user_id": "a", "level": "1"}]}': "invalid",
    b'{"level_ups": [{"user_id": null, "level": 1}]}': "invalid",
    b'{"level_ups": [{"user_id": "a"}]}': "invalid",
    b'{"level_ups": {}}': "invalid",
    b'{"level_ups": [': "invalid",
    b"": "invalid",
}


@pytest.mark.parametrize(("body", "reading"), READ.items())
def test_only_what_the_document_settles_is_held_against_a_server(body: bytes, reading: str) -> None:
    readings, request = Readings(contract()), exchanged(body, 201).request
    assert (readings.valid(request), readings.invalid(request)) == (reading == "valid", reading == "invalid")


def test_the_worst_is_told_first_each_thing_once_and_not_endlessly() -> None:
    findings = Findings(Readings(contract()), Reproduction(HERE), masker_of(KEY), exact=True)
    long, short = exchanged(b'{"long": 1}', 201), exchanged(b"{}", 201)
    for number in range(LISTED + 5):
        for exchange in (long, short, long):
            findings.add(Sighting(exchange, "negative_data_rejection", "taken", "", f"field {number}"))
    findings.add(Sighting(exchanged(b"{}", 500), "alive", "failed", "", ""))
    first, second, *_, last = told = findings.all()
    assert (len(told), first.title, last.title) == (LISTED + 1, "failed", "6 more findings")
    assert second.message == "field 0; answered 201; seen 3 times, this is the shortest"
    assert "'{}'" in second.curl


def test_the_engine_speaks_as_it_did() -> None:
    """Break loudly when another version of Schemathesis has other events, checks or ways to end."""
    document = openapi(only("push_level_ups"))
    course = Course(document, examples=3, seed=0, prefix=PREFIX, files=("user_id\nx\n",), operations={})
    seen: list[Scene] = []

    from requests.adapters import HTTPAdapter

    from traits_sandbox.conformance.exploring.translation import UNSENT, response

    sender = pytest.MonkeyPatch()
    sender.setattr(
        HTTPAdapter, "send", lambda adapter, request, **_: response(adapter, request, replace(UNSENT, status=200))
    )
    try:
        seen.extend(scenes(course))
    finally:
        sender.undo()
    assert [(each.label, each.problem) for each in seen] == [("POST /v1/level-ups", "")] * 3
    assert all(each.cases for each in seen)
    checks = {(each.check, each.title) for scene in seen for each in scene.broken}
    assert checks == {
        ("status_code_conformance", "Undocumented status code"),
        ("negative_data_rejection", "Schema-violating request accepted"),
        ("ignored_auth", "API accepts requests without authentication"),
    }
    about = {scene.cases[each.case] for scene in seen for each in scene.broken if isinstance(each, Broken)}
    assert "level_ups -> Array with invalid items: level: Incorrect type" in about
