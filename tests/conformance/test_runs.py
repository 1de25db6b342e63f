"""Runs on the emulator: no false alarm, whatever the seed; the plan is what is sent; the same again is the same."""

import asyncio
from collections.abc import Iterator
from time import monotonic
from typing import get_args

import httpx
import pytest

from tests.conformance import timeless
from tests.conformance.kill_matrix import judged as judged_by_the_matrix
from tests.conformance.kit import PATIENT, InProcess, report_on, run_on
from tests.conformance.mutants.facts import KEY, sandbox_app
from tests.conformance.mutants.named.sockets import Papers, shown
from tests.conformance.mutants.population import broken
from tests.conformance.sockets import serving as serving_app
from tests.conformance.test_benign import objections
from tests.patience import PATIENCE
from tests.tiers import Tier, part
from tests.wire.served import Served, serving
from traits_sandbox.conformance import Options, run_conformance
from traits_sandbox.conformance.http.client import Target
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.judging.requirements import Profile, registry
from traits_sandbox.conformance.running.events import CaseEnded, RunEvent, Stage
from traits_sandbox.conformance.running.run import Run

# All of them send the same.
PROFILES = [
    pytest.param(each, marks=part("kit", Tier.TEST if each == "emulator" else Tier.PROOFS))
    for each in get_args(Profile)
]
# One after the other is tried among the proofs, the first ones at each change.
SEEDS = [*range(2), *(pytest.param(seed, marks=part("kit")) for seed in range(2, 20))]
REPETITIONS = [2, pytest.param(20, marks=part("kit"))]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("runs"), "--log-format", "none") as sandbox:
        yield sandbox


def journalled(sandbox: Served, least: int) -> int:
    """Return how many requests the journal of a sandbox has counted, those without a valid key too.

    It takes an entry once its reply is on its way: this many are awaited.
    """
    end = monotonic() + PATIENCE
    with httpx.Client(base_url=sandbox.url, trust_env=False, timeout=PATIENCE) as client:
        while True:
            meta = client.get("/_sandbox/requests", params={"limit": 1}).json()["meta"]
            counted = int(meta["total"] + meta["evicted"])
            if counted >= least or monotonic() > end:
                return counted


@pytest.mark.parametrize("profile", PROFILES)
def test_the_emulator_is_conformant(served: Served, profile: Profile) -> None:
    report = run_conformance(served.url, f"{served.key}/{profile}", Options(profile=profile, limits=PATIENT))
    assert objections(report) == []
    assert report.exit_code == 0
    assert {each.requirement.id for each in report.judged} >= {
        each.id for each in registry().requirement if not each.id.startswith("TLS")
    }


def test_what_is_sent_is_what_was_planned_and_what_arrived(served: Served) -> None:
    with httpx.Client(base_url=served.url, trust_env=False) as client:
        client.delete("/_sandbox/requests")
    sent = 0
    arrived: list[int] = []

    def tell(event: RunEvent) -> None:
        nonlocal sent
        if isinstance(event, CaseEnded):
            sent = event.sent
        # The requests that remove what was made come after this, and are in no plan.
        if isinstance(event, Stage):
            arrived.append(journalled(served, sent))

    options = Options(profile="emulator", limits=PATIENT)
    report = run_conformance(served.url, f"{served.key}/counted", options, tell=tell)
    assert arrived == [report.sent]
    assert report.sent == report.planned


def over_tls(*only: str) -> Report:
    async def run() -> Report:
        options = Options(profile="emulator", limits=PATIENT, only=only)
        with shown(Papers()) as (context, ca_file):
            async with serving_app(sandbox_app(), context=context) as port:
                return await Run(Target(f"https://localhost:{port}", KEY, ca_file), options).report()

    return asyncio.run(run())


def test_the_emulator_keeps_over_tls_what_is_about_connections_and_keys() -> None:
    report = over_tls("OP-001", "TLS-*", "AUTH-*", "HTTP-*")
    assert objections(report) == []
    assert report.exit_code == 0
    assert {each.requirement.id for each in report.judged} >= {"TLS-001", "TLS-002", "TLS-003"}


@part("kit")
def test_the_emulator_is_conformant_over_tls() -> None:
    report = over_tls()
    assert objections(report) == []
    assert report.exit_code == 0
    assert {each.requirement.id for each in report.judged} == {each.id for each in registry().requirement}


def in_process(seed: int = 0, transport: httpx.AsyncBaseTransport | None = None, prefix: str = "") -> Report:
    return report_on(transport or InProcess(sandbox_app()), Options(profile="emulator", seed=seed), prefix=prefix)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_seed_raises_a_false_alarm(seed: int) -> None:
    report = in_process(seed)
    assert objections(report) == []
    assert report.exit_code == 0


@part("kit")
def test_the_same_server_can_be_judged_again_and_again() -> None:
    transport = InProcess(sandbox_app())
    assert [in_process(transport=transport).exit_code for _ in range(3)] == [0, 0, 0]


def test_two_kits_at_once_do_not_disturb_each_other() -> None:
    async def both() -> list[Report]:
        transport = InProcess(sandbox_app())
        runs = [run_on(transport, Options(profile="emulator", seed=seed)) for seed in (1, 2)]
        return list(await asyncio.gather(*(run.report() for run in runs)))

    assert [objections(report) for report in timeless.run(both())] == [[], []]


def verdicts(report: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.requirement.id, each.outcome, tuple(r.id for r in each.failures)) for each in report.judged]


@pytest.mark.parametrize("times", REPETITIONS)
def test_repetitions_come_to_the_same_verdicts(times: int) -> None:
    reports = [in_process() for _ in range(times)]
    assert [verdicts(report) for report in reports] == [verdicts(reports[0])] * times


@part("kit")
def test_repetitions_on_a_broken_server_come_to_the_same_verdicts() -> None:
    mutant = next(each for each in broken() if each.name == "batch.good-kept")
    reports = [judged_by_the_matrix(mutant) for _ in range(3)]
    assert reports[0].failed
    assert [verdicts(report) for report in reports] == [verdicts(reports[0])] * 3


class Recording(httpx.AsyncBaseTransport):
    """Keeps what passes, with one mark in place of the run's prefix."""

    def __init__(self, prefix: str) -> None:
        self._inner = InProcess(sandbox_app())
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
