"""The report as JUnit XML, for build servers: a suite for each area, a test case for each case."""

from collections.abc import Iterator
from typing import Final

from traits_sandbox.conformance.judging.report import Outcome, Report, RequirementOutcome, Result
from traits_sandbox.conformance.judging.requirements import AREAS
from traits_sandbox.conformance.reports.reasons import describe
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import excerpt, received, request_line, verdict_line
from traits_sandbox.reporting.junit import JUnitCase, JUnitProblem, JUnitSuite, junit

RUN: Final = "Run"
_BODY: Final = 2000
_WORST: Final[tuple[Outcome, ...]] = ("failed", "inconclusive", "deviation", "skipped", "passed")


def render(report: Report, reproduction: Reproduction) -> bytes:
    """Return a report as JUnit XML. The key must be masked in it.

    The names are stable: each case has a test case with its id, whether it passed or not. Breaches that the replies of
    other cases showed are in one test case with the id of the requirement. A requirement that does not decide the
    verdict never fails.
    """
    return junit("traits-sandbox conformance", _suites(report, reproduction), seconds=report.about.seconds)


def _suites(report: Report, reproduction: Reproduction) -> Iterator[JUnitSuite]:
    for area in AREAS.values():
        judged = report.of_area(area)
        yield JUnitSuite(area, tuple(case for each in judged for case in _requirement(report, each, reproduction)))
    facts = {name: getattr(report.about, name) for name in report.about.__slots__}
    properties = {name: " ".join(value) if isinstance(value, tuple) else str(value) for name, value in facts.items()}
    yield JUnitSuite(RUN, (_run(report),), properties, report.about.started.partition("+")[0])


def _run(report: Report) -> JUnitCase:
    """Return the test case about the run itself: whether it has a verdict."""
    left = "left behind: " + "\n".join(report.left_behind) if report.left_behind else ""
    return JUnitCase(RUN, "verdict", tuple(_run_problems(report)), left, seconds=0)


def _run_problems(report: Report) -> Iterator[JUnitProblem]:
    if report.unused:
        message = "expected deviations did not occur"
        yield JUnitProblem("failure", message, "failure", "\n".join(report.unused))
    elif report.verdict == "inconclusive":
        text = "\n".join(filter(None, map(describe, (report.obstacle, *report.missing))))
        yield JUnitProblem("error", verdict_line(report), "error", text)


def _requirement(report: Report, judged: RequirementOutcome, reproduction: Reproduction) -> Iterator[JUnitCase]:
    decides = judged.requirement.level in report.deciding
    own = [each for each in judged.results if each.id == each.case]
    for result in own:
        yield _case(judged, result.id, [result], reproduction, decides=decides)
    others = [each for each in judged.results if each.id != each.case]
    if others or judged.passed > sum(each.outcome == "passed" for each in own):
        yield _case(judged, judged.requirement.id, others, reproduction, decides=decides)


def _case(
    judged: RequirementOutcome, name: str, results: list[Result], reproduction: Reproduction, *, decides: bool
) -> JUnitCase:
    failed = [each for each in results if each.outcome == "failed"]
    worst = min(results, key=lambda result: _WORST.index(result.outcome), default=None)
    problems: list[JUnitProblem] = []
    output = ""
    if failed:
        message = f"{judged.requirement.statement} Observed: {failed[0].observed}"
        text = "\n\n".join(_failure(each, reproduction) for each in failed)
        if decides:
            problems.append(JUnitProblem("failure", message, "failure", text))
        else:
            output = f"noted, decides nothing at this profile: {message}\n{text}"
    elif worst and worst.outcome == "inconclusive" and decides:
        message = f"no answer to judge: {describe(worst.reason)}"
        problems.append(JUnitProblem("error", message, "error", _failure(worst, reproduction)))
    elif worst and worst.outcome != "passed":
        problems.append(JUnitProblem("skipped", f"{worst.outcome}: {describe(worst.reason)}"))
    return JUnitCase(judged.requirement.area, name, tuple(problems), output, _seconds(results))


def _failure(result: Result, reproduction: Reproduction) -> str:
    lines = [result.id, f"expected: {result.expected}", f"observed: {result.observed}", *_exchanges(result)]
    return "\n".join([*lines, f"repeat: {reproduction.replay(result.case)}"])


def _exchanges(result: Result) -> Iterator[str]:
    for exchange in result.exchanges:
        sent = excerpt(exchange.request.body, _BODY)
        body = excerpt(exchange.reply.body, _BODY) if exchange.reply else ""
        yield f"sent: {request_line(exchange.request)} {sent}".rstrip()
        yield f"received: {received(exchange)} {body}".rstrip()


def _seconds(results: list[Result]) -> float:
    return sum(exchange.seconds for result in results for exchange in result.exchanges)
