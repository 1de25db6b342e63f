"""Sentences for reasons, and what a user can do about them."""

from typing import Final
from urllib.parse import urlsplit

from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reasons import Reason, ReasonKind

_SEVERAL: Final = 3

# `{causes}` are the sentences of the reasons behind a reason.
WORDS: Final[dict[ReasonKind, str]] = {
    ReasonKind.NOT_APPLICABLE: "not applicable: the base URL of the target uses plain HTTP",
    ReasonKind.CASE_NOT_ALLOWED: "not allowed on this target: its reach is '{reach}'",
    ReasonKind.REQUEST_NOT_ALLOWED: (
        "not allowed on this target: the reach of {method} {path} is '{reach}', only '{allowed}' is allowed"
    ),
    ReasonKind.PATH_NOT_ALLOWED: "not allowed on this target: {method} {path} would not be sent unchanged",
    ReasonKind.NOT_SENT: "not sent: {causes}",
    ReasonKind.HUNG: "not sent: {operation} hung {times} times",
    ReasonKind.REQUESTS_USED: "all of --max-requests {limit} are used",
    ReasonKind.REQUESTS_RESERVED: "all of --max-requests {limit} are used or needed to clean up",
    ReasonKind.TIME_OVER: "--max-time {limit} s is over",
    ReasonKind.NO_REPLY: "no reply: {problem}, {detail}",
    ReasonKind.ANSWERED: "answered {status}",
    ReasonKind.NO_DATA: "there is no data in the reply: {status}",
    ReasonKind.NO_LIST_OF_USERS: "the reply has no list of users that can be read: {status}",
    ReasonKind.NOBODY_LISTED: "no user who was pushed is listed, so the lists prove nothing",
    ReasonKind.NO_KNOWN_USER: "answered {status}: the server does not know this user; name a user that it knows",
    ReasonKind.SURVEY_REFUSED: "the survey was not accepted: {status}",
    ReasonKind.SURVEY_NOT_SHOWN: "the status does not show the survey, so its removal cannot be checked",
    ReasonKind.DELETION_REFUSED: "the deletion was answered {status}, so its effect is unknown",
    ReasonKind.DELETION_PENDING: "the deletion was answered {status} and had no effect until the end of the run",
    ReasonKind.DELETION_NOT_SHOWN: "the deleted user is still listed, so it is unknown what the deletion leaves",
    ReasonKind.OLD_TLS_NOT_TESTABLE: "this machine cannot test whether the server uses TLS 1.1",
    ReasonKind.DEVIATION: "{text} (until {until})",
    ReasonKind.LIMITS_TOO_SMALL: "the limits of the run are too small to begin: {causes}",
    ReasonKind.NO_ANSWER: "the server does not answer ({problem}: {detail})",
    ReasonKind.KEY_REFUSED: "the server refuses the key: every read with it is answered 401 or 403",
    ReasonKind.ALL_UNKNOWN: (
        "every operation is answered 404: is the base URL right? It is the part before paths like {path}"
    ),
    ReasonKind.RUN_CANCELLED: "the run was cancelled",
    ReasonKind.OTHER_EXPLORATION: "another run in this process was exploring during the whole time",
    ReasonKind.EXPLORATION_PROBLEM: "{text}",
    ReasonKind.NO_CASE_APPLIES: "no case applies to this target",
    ReasonKind.NO_CASE_JUDGED: "no case was judged",
    ReasonKind.NEVER_SUCCEEDED: "{operation} never answered with success",
    ReasonKind.REQUIREMENT_NOT_SENT: "{requirements}: {causes}",
    ReasonKind.REQUIREMENT_NOT_JUDGED: "{requirements} could not be judged: {causes}",
}

NEXT_STEPS: Final[dict[ReasonKind, str]] = {
    ReasonKind.KEY_REFUSED: "Check that TRAITS_API_KEY has the key of this server.",
    ReasonKind.TIME_OVER: "Increase --max-time, or select fewer cases with --only.",
    ReasonKind.REQUESTS_USED: "Increase --max-requests; --plan shows how many requests the run needs.",
    ReasonKind.NO_ANSWER: "Check the address, and that the server is running. Increase --timeout if it is slow.",
    ReasonKind.NO_KNOWN_USER: "--user-id names a user who exists on the target, and whose status can be read.",
    ReasonKind.NEVER_SUCCEEDED: "Use --only OP-001 to send only these requests, and `replay` to see each exchange.",
    ReasonKind.HUNG: "Increase --timeout, the time for each reply.",
    ReasonKind.NO_CASE_APPLIES: "Cases about TLS need an https:// base URL.",
    ReasonKind.NO_CASE_JUDGED: "No selected case is allowed on this target: see the list of skipped cases.",
}
"""What a user can do to get a verdict, by reason. If several reasons apply, the first one in this order is used."""

_CERTIFICATE_STEP: Final = "Use --ca-file to trust the certificate of your own CA."

_NOT_ALLOWED: Final = (
    ReasonKind.CASE_NOT_ALLOWED,
    ReasonKind.REQUEST_NOT_ALLOWED,
    ReasonKind.PATH_NOT_ALLOWED,
)


def describe(reason: Reason | None) -> str:
    """Return a reason in words, without a full stop; an empty text without a reason."""
    if reason is None:
        return ""
    causes = sorted(map(describe, reason.causes))[:_SEVERAL]
    return WORDS[reason.kind].format(**dict(reason.values), causes="; ".join(causes))


def is_not_allowed(reason: Reason | None) -> bool:
    """Return whether a case was not sent to keep the target safe."""
    return reason is not None and reason.has(*_NOT_ALLOWED)


def next_step(report: Report) -> str:
    """Return what a user can do first to get a verdict.

    It is empty if there is a verdict, or if no step is known.
    """
    reasons = [*([report.obstacle] if report.obstacle else []), *report.missing]
    if any(reason.kind is ReasonKind.NO_ANSWER and reason["problem"] == "certificate" for reason in reasons):
        return _CERTIFICATE_STEP
    return next((step for kind, step in NEXT_STEPS.items() if any(each.has(kind) for each in reasons)), "")


def hint(reason: Reason, report: Report) -> str:
    """Return how to send the cases that were skipped for a reason; empty if that is not possible."""
    if not is_not_allowed(reason):
        return ""
    if reason.kind is ReasonKind.CASE_NOT_ALLOWED and reason["reach"] == "unsafe":
        return "requests that a broken server could misread are only sent to a server on loopback"
    return f"--allow-writes {urlsplit(report.about.target).hostname} allows it: test data is written, and removed again"
