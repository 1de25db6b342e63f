"""Runs on the emulator: no false alarm, whatever the seed; the plan is what is sent; the same again is the same."""

import asyncio
import time
from collections.abc import Iterator
from typing import get_args

import httpx
import pytest

from tests.conformance.mutants.facts import KEY, sandbox_app
from tests.conformance.mutants.named.sockets import Papers, shown
from tests.conformance.mutants.population import broken
from tests.conformance.sockets import serving as serving_app
from tests.conformance.test_benign import objections
from tests.wire.served import Served, serving
from traits_sandbox.conformance import Options, run_conformance
from traits_sandbox.conformance.events import Event, Stage
from traits_sandbox.conformance.report import Report
from traits_sandbox.conformance.requirement import Profile, registry
from traits_sandbox.conformance.run import Run
from traits_sandbox.conformance.wire import Target

PROFILES = get_args(Profile)
SEEDS = range(20)
REPETITIONS = 20


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("runs"), "--log-format", "none") as sandbox:
        yield sandbox


def journalled(sandbox: Served) -> int:
    """Return how many requests the journal of a sandbox has counted, those without a valid key too."""
    with httpx.Client(base_url=sandbox.url, trust_env=False) as client:
        meta = client.get("/_sandbox/requests", params={"limit": 1}).json()["meta"]
    return int(meta["total"] + meta["evicted"])


@pytest.mark.parametrize("profile", PROFILES)
def test_the_emulator_is_conformant(served: Served, profile: Profile) -> None:
    report = run_conformance(served.url, f"{served.key}/{profile}", Options(profile=profile))
    assert objections(report) == []
    assert report.exit_code == 0
    assert {each.requirement.id for each in report.judged} >= {
        each.id for each in registry().requirement if not each.id.startswith("TLS")
    }


def test_what_is_sent_is_what_was_planned_and_what_arrived(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        client.delete("/_sandbox/requests")
    arrived: list[int] = []

    def tell(event: Event) -> None:
        # The requests that remove what was made come after this, and are in no plan.
        if isinstance(event, Stage):
            # The journal takes an entry once its reply is on its way.
            time.sleep(0.5)
            arrived.append(journalled(served))

    report = run_conformance(served.url, f"{served.key}/counted", Options(profile="emulator"), tell=tell)
    assert arrived == [report.sent]
    assert report.sent == report.planned


def test_the_emulator_is_conformant_over_tls() -> None:
    async def run() -> Report:
        with shown(Papers()) as (context, ca_file):
            async with serving_app(sandbox_app(), context=context) as port:
                return await Run(
                    Target(f"https://localhost:{port}", KEY, ca_file), Options(profile="emulator")
                ).report()

    report = asyncio.run(run())
    assert objections(report) == []
    assert report.exit_code == 0
    assert {each.requirement.id for each in report.judged} == {each.id for each in registry().requirement}


def in_process(seed: int = 0, transport: httpx.AsyncBaseTransport | None = None, prefix: str = "") -> Report:
    options = Options(profile="emulator", seed=seed)
    transport = transport or httpx.ASGITransport(sandbox_app())
    run = Run(Target("http://127.0.0.1", KEY), options, transport=transport, prefix=prefix)
    return asyncio.run(run.report())


@pytest.mark.parametrize("seed", SEEDS)
def test_no_seed_raises_a_false_alarm(seed: int) -> None:
    report = in_process(seed)
    assert objections(report) == []
    assert report.exit_code == 0


def test_the_same_server_can_be_judged_again_and_again() -> None:
    transport = httpx.ASGITransport(sandbox_app())
    assert [in_process(transport=transport).exit_code for _ in range(3)] == [0, 0, 0]


def test_two_kits_at_once_do_not_disturb_each_other() -> None:
    async def both() -> list[Report]:
        transport = httpx.ASGITransport(sandbox_app())
        runs = [
            Run(Target("http://127.0.0.1", KEY), Options(profile="emulator", seed=seed), transport=transport)
            for seed in (1, 2)
        ]
        return list(await asyncio.gather(*(run.report() for run in runs)))

    assert [objections(report) for report in asyncio.run(both())] == [[], []]


def verdicts(report: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.requirement.id, each.outcome, tuple(r.id for r in each.failures)) for each in report.judged]


def test_repetitions_come_to_the_same_verdicts() -> None:
    reports = [in_process() for _ in range(REPETITIONS)]
    assert [verdicts(report) for report in reports] == [verdicts(reports[0])] * REPETITIONS


def test_repetitions_on_a_broken_server_come_to_the_same_verdicts() -> None:
    mutant = next(each for each in broken() if each.name == "batch.good-kept")
    reports = [asyncio.run(mutant.report()) for _ in range(3)]
    assert reports[0].failed
    assert [verdicts(report) for report in reports] == [verdicts(reports[0])] * 3


class Recording(httpx.AsyncBaseTransport):
    """Keeps what passes, with one mark in place of the run's prefix."""

    def __init__(self, prefix: str) -> None:
        self._inner = httpx.ASGITransport(sandbox_app())
        self._spellings = (prefix.encode(), prefix.encode("utf-16-le"))
        self.sent: list[tuple[bytes, ...]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        given = request.headers.get("authorization", "").encode()
        parts = (request.method.encode(), request.url.raw_path, given, body)
        self.sent.append(self._marked(*parts))
        again = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        return await self._inner.handle_async_request(again)

    def _marked(self, *parts: bytes) -> tuple[bytes, ...]:
        for spelling in self._spellings:
            parts = tuple(part.replace(spelling, b"PREFIX") for part in parts)
        return parts


def recorded(seed: int, prefix: str) -> list[tuple[bytes, ...]]:
    recording = Recording(prefix)
    report = in_process(seed, recording, prefix)
    # What is removed at the end is in the order of the ids.
    return sorted(recording.sent[: report.sent])


def test_the_same_seed_sends_the_same_requests_but_for_the_prefix() -> None:
    assert recorded(7, "tsc-00000000-") == recorded(7, "tsc-12ab34cd-")


def test_another_seed_sends_in_another_order() -> None:
    def order(seed: int) -> list[str]:
        run = Run(Target("http://127.0.0.1", KEY), Options(seed=seed))
        return [step.case.id for step in run.plan.steps]

    assert order(1) != order(2)
    assert order(1) == order(1)
    assert sorted(order(1)) == sorted(order(2))
