"""The sequences of the catalogue: complete, honest about their reach and their requests, and never at a loss."""

import asyncio
import base64
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any, cast

import httpx
import orjson
import pytest
import trustme

from tests.conformance.independent.server import running
from tests.conformance.kit import PATIENT, InProcess, report_on
from tests.conformance.mutants.facts import sandbox_app
from tests.conformance.sockets import Connected, listening
from tests.tiers import Tier, part
from traits_sandbox.conformance import Options, run_conformance
from traits_sandbox.conformance.catalogue.case import Breach, Case, Talk
from traits_sandbox.conformance.catalogue.chapters import (
    authentication,
    deletion,
    methods,
    personas,
    repetition,
    replies,
    state,
    transport,
    uploads,
    webhook,
)
from traits_sandbox.conformance.catalogue.every_case import catalogue
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.conversation import POLLS
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.http.keys import near
from traits_sandbox.conformance.http.reach import REACHES
from traits_sandbox.conformance.http.safety import Gate, Permit
from traits_sandbox.conformance.http.sockets import accepts_old_tls, reply_to_head
from traits_sandbox.conformance.judging.observers import Observers
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.judging.requirements import registry
from traits_sandbox.conformance.reasons import ReasonKind, Unanswered
from traits_sandbox.conformance.running.runner import OwnIds
from traits_sandbox.contract.load import load
from traits_sandbox.derive.examples import reply_example
from traits_sandbox.reporting.masking import Masker

PREFIX = "tsc-0123abcd-"
MADE = RequestFactory(load("2020-09"), PREFIX)
CHAPTERS = (
    authentication, deletion, methods, personas, repetition, replies, state, transport, uploads, webhook,
)  # fmt: skip
CASES = [case for chapter in CHAPTERS for case in chapter.cases(MADE)]
AREAS = ("AUTH", "TLS", "CSV", "HOOK", "STATE", "DEL", "IDEM", "HTTP")
MINE = (*(f"{area}-*" for area in AREAS), "ENV-003", "ENV-004", "ENV-007")
# Judged on every exchange, whatever its case is about.
OBSERVED = {"AUTH-010", "HTTP-002"}

Answers = Callable[[Request], Reply]


def ids(case: Case) -> str:
    return case.id


@dataclass
class Told:
    """A conversation with a server that gives prepared replies; time does not pass."""

    answer: Answers
    requests: list[Request] = field(default_factory=list)
    handshakes: int = 0
    waited: bool = False

    async def send(self, request: Request) -> Reply:
        exchange = await self.attempt(request)
        if exchange.reply is None or exchange.reply.status >= 500:
            raise Unanswered(ReasonKind.NO_REPLY, problem="dropped", detail="")
        return exchange.reply

    async def attempt(self, request: Request) -> Exchange:
        self.requests.append(request)
        return Exchange(request, self.answer(request))

    async def poll(self, request: Request, done: Callable[[Reply], bool]) -> Reply:
        for _ in range(1, POLLS):
            if done(reply := await self.send(request)):
                return reply
        return await self.send(request)

    async def at_last(self, _: float = 0.0) -> None:
        self.waited = True

    async def together(self, requests: list[Request]) -> list[Reply]:
        return [await self.send(request) for request in requests]

    async def accepts_old_tls(self) -> bool:
        self.handshakes += 1
        return False


def reply(status: int, body: Any) -> Reply:
    return Reply(
        status, (("Content-Type", "application/json"),), body if isinstance(body, bytes) else orjson.dumps(body)
    )


def agreeable(request: Request) -> Reply:
    """Answer every operation as its example shows."""
    operation = next((each for each in MADE.contract.operations if each.id == request.operation), None)
    if operation is None or operation.response is None:
        return reply(404, {"code": 404, "message": "not found"})
    return reply(operation.response.status, reply_example(operation.response))


@dataclass
class Crowd:
    """Lists every id of the run that was ever named, whatever is done to it; to the `forgetful` one a deletion is one
    of all."""

    forgetful: bool = False
    named: set[str] = field(default_factory=set)

    def __call__(self, request: Request) -> Reply:
        if request.operation == MADE.the("persona_users").id:
            return reply(200, {"code": 200, "message": "", "data": {"ids": sorted(self.named)}})
        if request.operation == MADE.the("remove_user").id and self.forgetful:
            self.named.clear()
        else:
            self.named |= OwnIds(PREFIX).within(orjson.dumps(request.query) + (request.body or b""))
        return agreeable(request)


def fickle() -> Answers:
    numbers = count()
    return lambda _: reply(200, {"data": {"ids": [str(next(numbers))]}})


def forgetting() -> Answers:
    told = cycle(({"completed": True, "completed_at": 1}, {"completed": False}))
    status = MADE.the("assessment_status").id
    return lambda request: reply(200, {"data": next(told)}) if request.operation == status else agreeable(request)


BODIES: list[Any] = [
    b"", b"null", b"[]", b'"text"', b"{}", b"{", b"\xff", b"5", {"data": None}, {"data": []}, {"data": {}}, {"data": 1},
    {"data": {"ids": None}}, {"data": {"ids": "text"}}, {"data": {"ids": {}}}, {"data": {"ids": [{}]}}, [{"data": 1}],
    {"data": {"ids": [1, None, "x"]}}, {"data": {"ids": [[]]}}, {"data": {"completed": True, "completed_at": True}},
    {"data": {"completed": True, "completed_at": 1.5}}, {"data": {"completed": 1}}, {"message": 5, "data": 5},
    {"data": {"agreeableness": [1]}}, {"data": {"agreeableness": {"Trust": "1"}}}, {"data": {"agreeableness": None}},
    {"data": {"estimated_time_to_complete": None}}, {"data": {"estimated_time_to_complete": -1}},
]  # fmt: skip


def odd_servers() -> Iterator[Answers]:
    yield agreeable
    yield Crowd()
    yield Crowd(forgetful=True)
    yield fickle()
    yield forgetting()
    yield lambda request: Reply(200, (), b"a body") if request.method == "HEAD" else Reply(405, (), b"")
    for status in (200, 201, 204, 302, 401, 404, 405, 503):
        yield lambda _, status=status: reply(status, {"code": status})  # type: ignore[misc]
    for body in BODIES:
        yield lambda _, body=body: reply(200, body)  # type: ignore[misc]
        turns = cycle((reply(200, body), reply(404, body)))
        yield lambda _, turns=turns: next(turns)  # type: ignore[misc]


def talked(case: Case, answer: Answers) -> tuple[Told, Breach | None]:
    """Return the talk of a case and its result. No loop is needed if the case does not wait."""
    told = Told(answer)
    judging = case.judge(cast(Talk, told)).__await__()
    try:
        next(judging)
    except StopIteration as over:
        return told, cast(Breach | None, over.value)
    except Unanswered:
        return told, None
    raise AssertionError("a case waits for something else than its talk")


def test_ids_of_cases_are_unique_and_of_known_requirements() -> None:
    found = [case.id for case in catalogue(MADE)]
    assert len(found) == len(set(found))
    assert {case.id for case in CASES} <= set(found)
    assert {case.requirement for case in CASES} <= {each.id for each in registry().requirement}


def test_every_requirement_of_these_areas_has_a_case() -> None:
    wanted = {each.id for each in registry().requirement if each.id.partition("-")[0] in AREAS}
    assert {case.requirement for case in CASES} | OBSERVED >= wanted | {"ENV-003", "ENV-004", "ENV-007"}


@pytest.mark.parametrize("requirement", ["AUTH-001", "AUTH-002"])
def test_every_operation_is_tried_without_a_key_and_with_an_unknown_one(requirement: str) -> None:
    found = {case.operation for case in CASES if case.requirement == requirement}
    assert found == {each.id for each in MADE.contract.operations}


@pytest.mark.parametrize("requirement", ["AUTH-003", "AUTH-004", "AUTH-005", "AUTH-011", "AUTH-012"])
def test_reads_and_pushes_are_tried_with_other_keys(requirement: str) -> None:
    assert {case.reach for case in CASES if case.requirement == requirement} >= {"read", "append"}


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_case_reaches_as_far_as_its_requests_and_sends_no_more_than_it_says(case: Case) -> None:
    gate = Gate(MADE.contract, Permit("unsafe", PREFIX))
    for answer in odd_servers():
        told, breach = talked(case, answer)
        assert breach is None or (breach.observed and breach.expected)
        assert len(told.requests) + told.handshakes <= case.limit
        # All others would wait for it, and it for them.
        assert not (case.alone and told.waited)
        for request in told.requests:
            gate.check(request)
            assert REACHES.index(gate.reach(request)) <= REACHES.index(case.reach), request
            assert request.operation in ("", *(each.id for each in MADE.contract.operations))


@pytest.mark.parametrize("case", [each for each in CASES if not each.secured], ids=ids)
def test_no_case_is_kept_whatever_the_server_does(case: Case) -> None:
    assert any(talked(case, answer)[1] for answer in odd_servers())


def test_a_server_without_a_list_of_users_is_not_said_to_lose_them() -> None:
    (case,) = (each for each in CASES if each.id == "DEL-003.letter-case")
    assert talked(case, agreeable)[1] is None


@pytest.mark.parametrize(
    ("key", "variants"),
    [("Key-7", {"headless", "longer", "swapped", "first"}), ("1234", {"headless", "longer", "first"}),
     ("k", {"longer", "swapped"}), ("7", {"longer"})],
)  # fmt: skip
def test_only_keys_that_differ_are_tried(key: str, variants: set[str]) -> None:
    assert set(near(key)) == variants
    made = RequestFactory(MADE.contract, PREFIX, near_keys=near(key))
    tried = {case.id.rpartition(".")[2] for case in authentication.cases(made) if case.requirement == "AUTH-003"}
    assert tried == variants


def in_process(key: str, seed: int, **settings: Any) -> tuple[Report, InProcess]:
    sandbox = InProcess(sandbox_app(key=key.partition("/")[0], **settings))
    options = Options(profile="emulator", seed=seed, only=MINE)
    return report_on(sandbox, options, key=key, prefix=PREFIX), sandbox


@pytest.mark.parametrize(
    ("key", "seed"),
    [
        ("sandbox-key/abc", 1),
        *(pytest.param(*each, marks=part("kit")) for each in (("sandbox-key", 0), ("31415926", 2))),
    ],
)
def test_the_sandbox_passes_with_the_requests_that_were_planned(key: str, seed: int) -> None:
    report, _ = in_process(key, seed)
    assert (report.exit_code, report.missing) == (0, ())
    assert report.sent == report.planned
    assert not any("users whose ids" in each for each in report.left_behind)


@pytest.mark.parametrize("number", [11, *(pytest.param(each, marks=part("kit")) for each in (1, 2))])
def test_a_sandbox_of_more_or_fewer_personas_passes(number: int) -> None:
    report, _ = in_process("sandbox-key", 0, personas=number)
    assert report.exit_code == 0


def test_nobody_of_the_run_is_left() -> None:
    _, sandbox = in_process("sandbox-key", 0)

    async def left() -> list[str]:
        async with httpx.AsyncClient(transport=sandbox, base_url="http://127.0.0.1") as client:
            headers = {"Authorization": "Bearer sandbox-key"}
            found = (await client.request(MADE.users().method, MADE.users().path, headers=headers)).json()
        return [str(each) for each in found["data"]["ids"]]

    assert asyncio.run(left()) == []


def test_ids_of_every_kind_are_found_in_what_was_sent() -> None:
    names = ["u", "CASE", "a/b", "end ", "caf\u00e9", "\U0001f40e", 'quote"', "back\\", "\u007f", PREFIX]
    body = orjson.dumps({"rows": [{"user_id": PREFIX + name, "other": "1001"} for name in names]})
    assert OwnIds(PREFIX).within(body) == {PREFIX + name for name in names}
    assert OwnIds(PREFIX).within(f"user_id\n{PREFIX}row-1,green\n".encode()) == {f"{PREFIX}row-1"}
    assert OwnIds(PREFIX).within(f'{{"id":"{PREFIX}cut-short'.encode()) == {f"{PREFIX}cut-short"}


BREAKS = [
    ("", MINE, set[str]()),
    ("csv_no_estimate", ("CSV-*",), {"CSV-001"}),
    ("key_ignored", ("AUTH-*",), {"AUTH-001", "AUTH-002"}),
    ("removed_stays", ("DEL-002",), {"DEL-002"}),
    ("text_traits", ("STATE-*",), {"STATE-004"}),
    ("wrong_status", ("ENV-*", "IDEM-*"), {"ENV-008"}),
]


@pytest.mark.parametrize(
    ("broken", "only", "requirements"),
    [pytest.param(*each, marks=part("kit", Tier.TEST if each[0] else Tier.PROOFS), id=each[0]) for each in BREAKS],
)
def test_the_independent_server_passes_unless_it_is_broken(
    broken: str, only: tuple[str, ...], requirements: set[str]
) -> None:
    with running("sandbox-key", broken) as url:
        report = run_conformance(url, "sandbox-key", Options(only=only, limits=PATIENT))
    assert {each.requirement.id for each in report.failed} == requirements
    assert report.exit_code == (1 if broken else 0)


def saying(words: bytes) -> Connected:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(words)
        await writer.drain()
        await reader.read()

    return say


async def head_of(words: bytes) -> Reply:
    async with listening(saying(words)) as port:
        return await reply_to_head(httpx.Request("HEAD", f"http://127.0.0.1:{port}/v1"), None)


@pytest.mark.parametrize("body", [b"", b"{}"])
def test_what_comes_behind_the_head_is_seen(body: bytes) -> None:
    found = asyncio.run(head_of(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nAllow: GET\r\n\r\n" + body))
    assert (found.status, found.header("allow"), found.body) == (404, "GET", body)


def test_what_is_no_http_is_no_reply_to_head() -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        asyncio.run(head_of(b"220 ready\r\n\r\n"))


@pytest.mark.parametrize("least", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_noticed(least: ssl.TLSVersion) -> None:
    async def accepted_by() -> bool | None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = least
        async with listening(saying(b""), context) as port:
            return await accepts_old_tls("127.0.0.1", port)

    assert asyncio.run(accepted_by()) is (least < ssl.TLSVersion.TLSv1_2)


def test_whether_old_tls_is_spoken_cannot_be_told_where_nothing_listens() -> None:
    async def accepted_by() -> bool | None:
        async with listening(saying(b"")) as port:
            pass
        return await accepts_old_tls("127.0.0.1", port)

    assert asyncio.run(accepted_by()) is None


def observed(request: Request, answer: Reply | None) -> dict[str, Breach | None]:
    return dict(
        Observers(MADE.contract, Masker(["Canary-Key-42"]))(Exchange(request, answer, "" if answer else "dropped"))
    )


def test_a_call_over_plain_http_may_end_in_any_way() -> None:
    plain = Request("GET", "/v1", plain=True)
    assert observed(plain, None) == observed(plain, reply(503, {})) == {}


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_may_be_spelt_in_several_ways(charset: str) -> None:
    headers = (("Content-Type", f"application/json;charset={charset}"),)
    body = orjson.dumps({"code": 200, "message": "", "data": {}})
    assert set(observed(MADE.users(), Reply(200, headers, body)).values()) == {None}


def test_json_that_few_parsers_take_is_json_all_the_same() -> None:
    body = b'{"code":200,"message":"\\ud800","data":{"number":1e400}}'
    assert set(observed(MADE.users(), Reply(200, (("Content-Type", "application/json"),), body)).values()) == {None}
    with pytest.raises(ValueError, match=r"line 1 column 2"):
        Reply(200, (), b"[NaN]").json()


def test_a_reply_that_is_too_long_to_read_is_no_failure_if_it_tells_its_length() -> None:
    long = Reply(200, (("Content-Length", "99999999"),), b'{"code":', cut=True)
    assert set(observed(MADE.users(), long).values()) == {None}
    assert observed(MADE.users(), Reply(200, (), b'{"code":', cut=True))["HTTP-002"] is not None


def test_the_key_is_seen_in_headers_and_in_replies_to_head() -> None:
    told = Reply(200, (("X-Key", base64.b64encode(b"Canary-Key-42").decode()),), b"")
    assert observed(Request("HEAD", "/v1"), told)["AUTH-010"] is not None
