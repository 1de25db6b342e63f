"""Reports made by hand, so that what is shown can be chosen."""

from dataclasses import replace
from typing import Any

from traits_sandbox.conformance.http.exchange import BEARER, JSON, Exchange, Reply, Request
from traits_sandbox.conformance.judging.report import Outcome, Report, RequirementOutcome, Result, RunFacts
from traits_sandbox.conformance.judging.requirements import Profile, registry

MUST, SHOULD = "LIM-003", "LIM-004"
TARGET = "http://127.0.0.1:8012"

ABOUT = RunFacts(
    kit="0", suite="1", edition="2020-09", contract="c", target=TARGET, profile="core", reach="unsafe", seed=0,
    prefix="tsc-1-", started="2026-11-01T12:00:00+00:00", seconds=1.0,
)  # fmt: skip


def exchange(answer: bytes = b"{}", sent: bytes = b'{"logins": []}', status: int = 201, **more: Any) -> Exchange:
    request = Request("POST", "/v1/logins", (), (BEARER, JSON), sent, "push_logins")
    return Exchange(request, Reply(status, (("Content-Type", "application/json"),), answer), number=1, **more)


def result(case: str, outcome: Outcome = "failed", *exchanges: Exchange, **more: Any) -> Result:
    requirement = more.pop("requirement", case.partition(".")[0])
    given = {"observed": "201", "expected": "a reply of class 4xx"} if outcome in ("failed", "deviation") else {}
    return Result(requirement, case, "try it", "push_logins", outcome, exchanges=exchanges, **given | more)


def judged(requirement: str, *results: Result, passed: int = 0) -> RequirementOutcome:
    return RequirementOutcome(registry()[requirement], passed, results)


def report(*entries: RequirementOutcome, profile: Profile = "core", **more: Any) -> Report:
    return Report(replace(ABOUT, profile=profile), entries, planned=9, sent=9, **more)


def failing(answer: bytes = b"{}", sent: bytes = b'{"logins": []}') -> Report:
    """Return a report with one failure, of a requirement that decides."""
    return report(judged(MUST, result(f"{MUST}.logins.over", "failed", exchange(answer, sent))))
