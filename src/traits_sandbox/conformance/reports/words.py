"""Words of all reports of a run: the verdict with its reason, short forms of replies and bodies."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

import orjson

from traits_sandbox.conformance.http.exchange import Exchange, Request
from traits_sandbox.conformance.judging.observers import phrase
from traits_sandbox.conformance.judging.report import Exploration, Report, RequirementOutcome, Result
from traits_sandbox.conformance.judging.requirements import AREAS, Requirement
from traits_sandbox.conformance.reasons import Reason, ReasonKind
from traits_sandbox.conformance.reports.reasons import describe, is_not_allowed
from traits_sandbox.reporting.words import plural, printable, printable_lines, size

HEADLINES: Final = {
    "conformant": "CONFORMANT",
    "not conformant": "NOT CONFORMANT",
    "inconclusive": "INCONCLUSIVE",
}

OUTCOMES: Final = ("failed", "noted", "deviation", "inconclusive", "skipped", "passed", "inapplicable")
"""The outcomes of a requirement in reports, the worst first."""

REACHES: Final = {
    "read": "read only",
    "append": "read and add",
    "destroy": "read, add, and remove what it added",
    "unsafe": "send anything",
}


def headline(report: Report) -> str:
    """Return the verdict in a few words, with its scope if not all deciding cases could be sent."""
    verdict = HEADLINES[report.verdict]
    if report.verdict != "conformant" or not _held_back(report):
        return verdict
    return f"{verdict}, judged by {'reads' if report.about.reach == 'read' else 'allowed requests'} only"


def _held_back(report: Report) -> bool:
    """Return whether cases that decide were not sent to keep the target safe."""
    return any(
        is_not_allowed(result.reason)
        for judged in report.judged
        if judged.requirement.level in report.deciding
        for result in judged.results
        if result.outcome == "skipped"
    )


def standing(report: Report, judged: RequirementOutcome) -> str:
    """Return the outcome of a requirement in a word.

    `noted` is a failure that does not decide; `inapplicable` is a requirement that cannot be tested on this target.
    """
    if judged.outcome == "skipped" and all(_is_inapplicable(each) for each in judged.results):
        return "inapplicable"
    if judged.outcome == "failed" and judged.requirement.level not in report.deciding:
        return "noted"
    return judged.outcome


def standings(report: Report) -> Counter[str]:
    """Return the number of requirements by outcome."""
    return Counter(standing(report, each) for each in report.judged)


def by_area(report: Report) -> dict[str, Counter[str]]:
    """Return for each tested area the number of requirements by outcome."""
    sums: dict[str, Counter[str]] = {area: Counter() for area in AREAS.values()}
    for each in report.judged:
        if (outcome := standing(report, each)) != "inapplicable":
            sums[each.requirement.area][outcome] += 1
    return {area: counts for area, counts in sums.items() if counts}


def verdict_line(report: Report) -> str:
    """Return the reason for the verdict, without a full stop."""
    counts = standings(report)
    judged = sum(counts[each] for each in ("passed", "failed", "noted", "deviation"))
    if report.verdict == "conformant":
        return f"{plural(judged, 'requirement')} judged, none that decides failed{_partly(report, counts)}"
    if report.failed or report.unused:
        failed = [plural(len(report.failed), "requirement") + " failed"] if report.failed else []
        unused = [plural(len(report.unused), "expected deviation") + " did not occur"] if report.unused else []
        return " and ".join(failed + unused)
    return describe(report.obstacle) or f"{plural(len(report.missing), 'thing')} could not be proven"


def _partly(report: Report, counts: Counter[str]) -> str:
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return skipped + (f", only {' '.join(report.about.only)}" if report.about.only else "")


def explored(exploration: Exploration) -> str:
    """Return the result of exploration in words."""
    stopped = f"; it ended early: {'; '.join(map(describe, exploration.skipped))}" if exploration.skipped else ""
    found = plural(len(exploration.findings), "finding")
    return f"{plural(exploration.requests, 'request')}, {found}{stopped}"


def deciding(report: Report) -> str:
    """Return the deciding levels in words."""
    *others, last = [level for level in ("MUST", "SHOULD", "INFO") if level in report.deciding]
    return f"{', '.join(others)} and {last} decide" if others else f"{last} decides"


def _is_inapplicable(result: Result) -> bool:
    return result.reason is not None and result.reason.kind is ReasonKind.NOT_APPLICABLE


def reasons(results: Iterable[Result]) -> dict[Reason, list[str]]:
    """Return the ids of the skipped cases by their reasons."""
    grouped: defaultdict[Reason, list[str]] = defaultdict(list)
    for result in results:
        if result.outcome == "skipped" and result.reason:
            grouped[result.reason].append(result.id)
    return dict(grouped)


def sources(requirement: Requirement, most: int = 4) -> str:
    """Return the first `most` headings of a requirement in the document, and the number of the others."""
    headings = list(requirement.passages)
    more = f" and {len(headings) - most} more" if len(headings) > most else ""
    return ", ".join(headings[:most]) + more if headings else "it says nothing about this"


def simplest(results: Iterable[Result]) -> list[Result]:
    """Return results sorted for reading: few and short requests first."""
    return sorted(
        results, key=lambda each: (len(each.exchanges), sum(_length(sent) for sent in each.exchanges), each.id)
    )


def _length(exchange: Exchange) -> int:
    return len(exchange.request.body or b"")


def pattern(judged: RequirementOutcome) -> str:
    """Return a pattern for a deviation: for all failures of a requirement if they are alike, else for the simplest."""
    first = simplest(judged.failures)[0]
    alike = all(each.observed == first.observed for each in judged.failures)
    return f"{judged.requirement.id}.*" if alike and len(judged.failures) > 1 else first.id


def received(exchange: Exchange) -> str:
    """Return a short form of the reply: the status with its phrase, or the problem."""
    if exchange.reply is None:
        detail = describe(exchange.limit) or exchange.detail
        return f"no reply: {exchange.problem}" + (f" ({detail})" if detail else "")
    return phrase(exchange.reply.status)


def request_line(request: Request) -> str:
    """Return a short form of the request: method, path and query, with markers of the key."""
    query = "&".join(f"{name}={value}" for name, value in request.query)
    return f"{request.method} {request.path}" + (f"?{query}" if query else "")


def excerpt(body: bytes | None, limit: int) -> str:
    """Return the beginning of a body on one line, without control characters."""
    text = printable((body or b"")[: limit * 4].decode("utf-8", "backslashreplace"))
    return (
        text if len(text) <= limit and len(body or b"") <= limit * 4 else f"{text[:limit]}… ({size(len(body or b''))})"
    )


def readable(body: bytes | None, limit: int) -> str:
    """Return a body for people: indented JSON, cut after `limit` characters."""
    if not body:
        return ""
    text = printable_lines((_indented(body) or body)[: limit * 4].decode("utf-8", "backslashreplace"))
    return text if len(text) <= limit else f"{text[:limit]}… ({size(len(body))} in all)"


def _indented(body: bytes) -> bytes:
    # Nobody reads a long body to its end, and a deeply nested one would be mostly indentation.
    if len(body) > 2**14:
        return b""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return b""
