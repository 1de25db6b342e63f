"""Reasons for tests, and what reports say about them."""

from collections.abc import Iterable

from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reasons import Reason, ReasonKind
from traits_sandbox.conformance.reports.reasons import describe

NOT_APPLICABLE = Reason.of(ReasonKind.NOT_APPLICABLE)
NOT_ALLOWED = Reason.of(ReasonKind.CASE_NOT_ALLOWED, reach="append")
TIME_OVER = Reason.of(ReasonKind.TIME_OVER, limit=1)
NOT_SENT = Reason.of(ReasonKind.NOT_SENT, TIME_OVER)
NO_ANSWER = Reason.of(ReasonKind.NO_ANSWER, problem="dropped", detail="")
NO_CASE_JUDGED = Reason.of(ReasonKind.NO_CASE_JUDGED)
ANSWERED_500 = Reason.of(ReasonKind.ANSWERED, status=500)


def saying(text: str) -> Reason:
    """Return a reason that reports describe by this text, with more around it."""
    return Reason.of(ReasonKind.DEVIATION, text=text, until="2030-01-01")


def described(reasons: Iterable[Reason | None]) -> list[str]:
    """Return reasons as reports say them."""
    return [describe(each) for each in reasons if each]


def lacking(report: Report) -> str:
    """Return all that keeps a report from a proof, as one text."""
    return " ".join(described((report.obstacle, *report.missing)))
