"""The report as one HTML file: the verdict, what to do next, and every requirement with its cases."""

from collections.abc import Iterator
from typing import Final

from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reasons import Reason
from traits_sandbox.conformance.reports.html_cases import OPEN, requirement
from traits_sandbox.conformance.reports.reasons import describe, hint, next_step
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import (
    OUTCOMES,
    REACHES,
    by_area,
    deciding,
    explored,
    headline,
    reasons,
    standing,
    verdict_line,
)
from traits_sandbox.reporting.html import render_html
from traits_sandbox.reporting.words import number, plural

TONES: Final = {"conformant": "passed", "not conformant": "failed", "inconclusive": "inconclusive"}


def render(report: Report, reproduction: Reproduction) -> bytes:
    """Return a report as HTML. The key must be masked in it."""
    ranked = sorted(report.judged, key=lambda judged: OUTCOMES.index(standing(report, judged)))
    seen = {standing(report, judged) for judged in report.judged}
    areas, title = by_area(report), headline(report).capitalize()
    exploration = report.exploration
    about = report.about
    return render_html(
        __package__,
        title=f"{title}: {about.target}",
        headline=title,
        tone=TONES[report.verdict],
        reason=verdict_line(report),
        failed=[judged.requirement.id for judged in report.failed],
        target=about.target,
        facts=_facts(report),
        lists=list(_first_lists(report)),
        areas=areas,
        columns=[name for name in OUTCOMES if any(counts[name] for counts in areas.values())],
        outcomes=[name for name in OUTCOMES if name in seen],
        requirements=[requirement(report, judged, reproduction) for judged in ranked],
        open_cases=OPEN,
        exploration=exploration and {"words": explored(exploration), "findings": exploration.findings},
        last_lists=list(_last_lists(report)),
        origin=f"traits-sandbox {about.kit}, requirements {about.suite}, contract {about.contract}.",
    )


def _facts(report: Report) -> dict[str, str]:
    about = report.about
    return {
        "Profile": f"{about.profile}: {deciding(report)}",
        **({"Only": " ".join(about.only)} if about.only else {}),
        "Allowed to": REACHES[about.reach],
        "Requests": f"{number(report.sent)} in {about.seconds:.1f} s",
        "Started": f"{about.started[:19].replace('T', ' ')} UTC",
        "Seed": str(about.seed),
        "Document": f"edition {about.edition}",
    }


def _first_lists(report: Report) -> Iterator[tuple[str, list[str]]]:
    """Yield the lists before the requirements, each with its heading."""
    if report.unused:
        yield "Expected deviations that did not occur", list(report.unused)
    if report.missing:
        yield "What could not be proven", list(map(describe, report.missing))
    if step := next_step(report):
        yield "What to do next", [step]


def _last_lists(report: Report) -> Iterator[tuple[str, list[str]]]:
    """Yield the lists after the requirements, each with its heading."""
    grouped = reasons(result for judged in report.judged for result in judged.results)
    if grouped:
        yield "Skipped", [_skipped(reason, len(ids), report) for reason, ids in grouped.items()]
    if report.left_behind:
        yield "Left behind", list(report.left_behind)


def _skipped(reason: Reason, count: int, report: Report) -> str:
    step = hint(reason, report)
    return f"{plural(count, 'case')}: {describe(reason)}" + (f". {step[0].upper()}{step[1:]}." if step else "")
