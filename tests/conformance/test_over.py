"""A run that ends in the middle: what the kit cut short proves nothing about the server, and is cleaned up."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.conformance.kit import InProcess, report_on
from tests.conformance.mutants.facts import KEY, sandbox_app
from tests.conformance.mutants.mutant import PREFIX
from tests.conformance.reasons import described, lacking
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.client import Target, Wire, WireLimits
from traits_sandbox.conformance.http.exchange import BEARER, Exchange, Request
from traits_sandbox.conformance.http.safety import Gate, Permit
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.preflight import questions
from traits_sandbox.contract.load import load

CONTRACT = load("2020-09")
ONLY = ("STATE-003.all", "STATE-004.all", "STATE-005.*")
"""Reads, so that nothing has to be removed."""

READS = len(questions(RequestFactory(CONTRACT, "tsc-")))


class Endless(httpx.AsyncByteStream):
    """The beginning of a body."""

    def __init__(self, begin: bytes) -> None:
        self._begin = begin

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._begin
        await asyncio.Event().wait()


class Slow(httpx.AsyncBaseTransport):
    """A sandbox that completes a fixed number of replies, and no others."""

    def __init__(self, quick: int) -> None:
        self._sandbox, self._quick = InProcess(sandbox_app()), quick

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = await self._sandbox.handle_async_request(request)
        self._quick -= 1
        if self._quick >= 0:
            return reply
        return httpx.Response(reply.status_code, headers=reply.headers, stream=Endless((await reply.aread())[:-1]))


def report_of_slow(limits: WireLimits, *, quick: int) -> Report:
    """Return the report on a sandbox that never ends its replies, except the first ones."""
    return report_on(Slow(quick), Options(only=ONLY, limits=limits), prefix=PREFIX)


@pytest.mark.parametrize("quick", [0, 1, READS, READS + 2])
def test_a_reply_that_the_runs_end_cut_short_is_not_judged(quick: int) -> None:
    report = report_of_slow(WireLimits(max_time=1.0, timeout=600.0), quick=quick)
    assert (report.failed, report.noted, report.exit_code) == ((), (), 3)
    assert "--max-time 1 s is over" in lacking(report)


def test_a_reply_that_had_its_whole_time_is_judged() -> None:
    report = report_of_slow(WireLimits(max_time=30.0, timeout=0.2), quick=READS)
    assert "HTTP-002" in {each.requirement.id for each in report.failed}


def sent_by(limits: WireLimits, answer: Callable[[httpx.Request], httpx.Response]) -> Exchange:
    async def send() -> Exchange:
        gate = Gate(CONTRACT, Permit("unsafe", "tsc-"))
        wire = Wire(Target("http://127.0.0.1", KEY), gate, limits, transport=httpx.MockTransport(answer))
        try:
            return await wire.send(Request("GET", "/v1/actions", headers=(BEARER,)))
        finally:
            await wire.close()

    return asyncio.run(send())


def test_a_lost_connection_that_cannot_be_tried_again_is_not_judged_and_not_forgotten() -> None:
    def drop(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")

    assert sent_by(WireLimits(max_requests=2), drop).problem == "dropped"
    cut = sent_by(WireLimits(max_requests=1), drop)
    assert (cut.problem, described([cut.limit])) == ("over", ["all of --max-requests 1 are used"])
