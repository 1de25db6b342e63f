"""The report as JUnit XML, which build servers show: a suite for each area, a test case for each case."""

import re
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from traits_sandbox.conformance.judging.report import Outcome, Report, RequirementOutcome, Result
from traits_sandbox.conformance.judging.requirements import AREAS
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import came, excerpt, request_line, verdict_line

RUN: Final = "Run"
_BODY: Final = 2000
_WORST: Final[tuple[Outcome, ...]] = ("failed", "inconclusive", "deviation", "skipped", "passed")
# All that XML 1.0 has no way to say, and what turns text around or rules a terminal.
_UNSAYABLE: Final = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def render(report: Report, way: Reproduction) -> bytes:
    """Return a report as JUnit XML. The report must hold no key any more.

    The names are stable: a case is always there by its id, passed or not; what the replies of other cases broke
    stands in one test case named for the requirement. What does not decide the verdict never fails.
    """
    suites = Element("testsuites", name="traits-sandbox conformance")
    for area in AREAS.values():
        cases = [case for judged in report.of_area(area) for case in _requirement(report, judged, way)]
        if cases:
            SubElement(suites, "testsuite", name=area).extend(cases)
    suites.append(_run(report))
    for suite in suites:
        _count(suite)
    _count(suites)
    suites.set("time", f"{report.about.seconds:.3f}")
    indent(suites)
    return bytes(tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _count(element: Element) -> None:
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(kind, str(sum(1 for _ in element.iter(tag))))
    element.set("tests", str(sum(1 for _ in element.iter("testcase"))))


def _run(report: Report) -> Element:
    """Return the suite about the run itself: how it was made, and what keeps it from a verdict."""
    suite = Element("testsuite", name=RUN, timestamp=report.about.started.partition("+")[0])
    properties = SubElement(suite, "properties")
    for name in report.about.__slots__:
        value = getattr(report.about, name)
        text = " ".join(value) if isinstance(value, tuple) else str(value)
        SubElement(properties, "property", name=name, value=_safe(text))
    case = SubElement(suite, "testcase", classname=RUN, name="verdict", time="0")
    if report.unused:
        _tell(case, "failure", "expected deviations did not show", "\n".join(report.unused))
    elif report.verdict == "inconclusive":
        _tell(case, "error", verdict_line(report), "\n".join((report.obstacle, *report.missing)).strip())
    if report.left_behind:
        SubElement(case, "system-out").text = _safe("left behind: " + "\n".join(report.left_behind))
    return suite


def _requirement(report: Report, judged: RequirementOutcome, way: Reproduction) -> Iterator[Element]:
    decides = judged.requirement.level in report.deciding
    own = [each for each in judged.results if each.id == each.case]
    for result in own:
        yield _case(judged, result.id, [result], way, decides=decides)
    others = [each for each in judged.results if each.id != each.case]
    if others or judged.passed > sum(each.outcome == "passed" for each in own):
        yield _case(judged, judged.requirement.id, others, way, decides=decides)


def _case(judged: RequirementOutcome, name: str, results: list[Result], way: Reproduction, *, decides: bool) -> Element:
    case = Element("testcase", classname=judged.requirement.area, name=_safe(name), time=_seconds(results))
    failed = [each for each in results if each.outcome == "failed"]
    worst = min(results, key=lambda result: _WORST.index(result.outcome), default=None)
    if failed:
        message = f"{judged.requirement.statement} Observed: {failed[0].observed}"
        _tell(
            case, "failure" if decides else "system-out", message, "\n\n".join(_failure(each, way) for each in failed)
        )
    elif worst and worst.outcome == "inconclusive" and decides:
        _tell(case, "error", f"no answer to judge: {worst.reason}", _failure(worst, way))
    elif worst and worst.outcome != "passed":
        SubElement(case, "skipped", message=_safe(f"{worst.outcome}: {worst.reason}"))
    return case


def _tell(case: Element, tag: str, message: str, text: str) -> None:
    if tag == "system-out":
        SubElement(case, tag).text = _safe(f"noted, decides nothing at this profile: {message}\n{text}")
    else:
        SubElement(case, tag, message=_safe(message), type=tag).text = _safe(text)


def _failure(result: Result, way: Reproduction) -> str:
    lines = [result.id, f"expected: {result.expected}", f"observed: {result.observed}", *_exchanges(result)]
    return "\n".join([*lines, f"again: {way.replay(result.case)}"])


def _exchanges(result: Result) -> Iterator[str]:
    for exchange in result.exchanges:
        sent = excerpt(exchange.request.body, _BODY)
        body = excerpt(exchange.reply.body, _BODY) if exchange.reply else ""
        yield f"sent: {request_line(exchange.request)} {sent}".rstrip()
        yield f"came: {came(exchange)} {body}".rstrip()


def _seconds(results: list[Result]) -> str:
    return f"{sum(exchange.seconds for result in results for exchange in result.exchanges):.3f}"


def _safe(text: str) -> str:
    """Return a text that XML 1.0 can say."""
    return _UNSAYABLE.sub(lambda found: ascii(found[0])[1:-1], text)
