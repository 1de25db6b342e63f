"""The words that all reports share: a verdict in a sentence, replies and bodies in short, what to do next."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

import orjson

from traits_sandbox.conformance.http.exchange import Exchange, Request
from traits_sandbox.conformance.judging.observers import phrase
from traits_sandbox.conformance.judging.report import Exploration, Report, RequirementOutcome, Result
from traits_sandbox.conformance.judging.requirements import AREAS, Requirement
from traits_sandbox.conformance.running.plan import NOT_ALLOWED, NOT_APPLICABLE
from traits_sandbox.reporting.words import plural, printable, printable_lines, size

HEADLINES: Final = {
    "conformant": "CONFORMANT",
    "not conformant": "NOT CONFORMANT",
    "inconclusive": "INCONCLUSIVE",
}

OUTCOMES: Final = ("failed", "noted", "deviation", "inconclusive", "skipped", "passed", "inapplicable")
"""What may come of a requirement, as reports tell it, the worst first."""

REACHES: Final = {
    "read": "read only",
    "append": "read and add",
    "destroy": "read, add and remove what is its own",
    "unsafe": "send anything",
}

NEXT_STEPS: Final = {
    "certificate": "--ca-file names the certificate of a CA of your own.",
    "does not answer": "Is the address right, and the server up? --timeout gives it more time.",
    "refuses the key": "Is it the key of this server? Set TRAITS_API_KEY.",
    "--max-time": "A larger --max-time gives the run more time, --only a smaller task.",
    "--max-requests": "A larger --max-requests lets it send more; --plan tells how many it needs.",
    "knows no user": "--user-id names a user who exists on the target, whose status can be asked.",
    "never answered with success": "--only OP-001 asks for that alone, and `replay` shows each exchange.",
    "hung": "--timeout gives each reply more time.",
    "no case applies": "What is about TLS is asked of an https:// base URL alone.",
    "no case was judged": "Nothing was allowed on this target: see what was skipped, and why.",
}
"""What a person can do about what keeps a run from a proof, by words that it is told with, the first cause first."""


def headline(report: Report) -> str:
    """Return the verdict in a word or two, with what it is about where not all that decides could be asked."""
    told = HEADLINES[report.verdict]
    if report.verdict != "conformant" or not _held_back(report):
        return told
    return f"{told}, as far as was {'read' if report.about.reach == 'read' else 'allowed'}"


def _held_back(report: Report) -> bool:
    """Tell whether cases that decide were not sent to keep the target safe."""
    return any(
        result.reason.startswith(NOT_ALLOWED)
        for judged in report.judged
        if judged.requirement.level in report.deciding
        for result in judged.results
        if result.outcome == "skipped"
    )


def standing(report: Report, judged: RequirementOutcome) -> str:
    """Return what came of a requirement, in a word.

    `noted` is a failure that does not decide, `inapplicable` what this target cannot be asked, which is no omission.
    """
    if judged.outcome == "skipped" and all(each.reason == NOT_APPLICABLE for each in judged.results):
        return "inapplicable"
    if judged.outcome == "failed" and judged.requirement.level not in report.deciding:
        return "noted"
    return judged.outcome


def standings(report: Report) -> Counter[str]:
    """Return how many requirements came out how."""
    return Counter(standing(report, each) for each in report.judged)


def by_area(report: Report) -> dict[str, Counter[str]]:
    """Return for each area that was tried how many requirements came out how."""
    sums: dict[str, Counter[str]] = {area: Counter() for area in AREAS.values()}
    for each in report.judged:
        if (came_of_it := standing(report, each)) != "inapplicable":
            sums[each.requirement.area][came_of_it] += 1
    return {area: counts for area, counts in sums.items() if counts}


def verdict_line(report: Report) -> str:
    """Return the reason for the verdict, as what follows it."""
    counts = standings(report)
    judged = sum(counts[each] for each in ("passed", "failed", "noted", "deviation"))
    if report.verdict == "conformant":
        return f"{plural(judged, 'requirement')} judged, none that decides failed{_partly(report, counts)}"
    if report.failed or report.unused:
        failed = [plural(len(report.failed), "requirement") + " failed"] if report.failed else []
        unused = [plural(len(report.unused), "expected deviation") + " did not show"] if report.unused else []
        return " and ".join(failed + unused)
    return report.obstacle or f"{plural(len(report.missing), 'thing')} could not be proven"


def _partly(report: Report, counts: Counter[str]) -> str:
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    return skipped + (f", only {' '.join(report.about.only)}" if report.about.only else "")


def explored(exploration: Exploration) -> str:
    """Return what exploration did, in words."""
    stopped = f"; it ended early: {exploration.skipped}" if exploration.skipped else ""
    found = plural(len(exploration.findings), "finding")
    return f"{plural(exploration.requests, 'request')}, {found}{stopped}"


def deciding(report: Report) -> str:
    """Return which levels decide, in words."""
    *others, last = [level for level in ("MUST", "SHOULD", "INFO") if level in report.deciding]
    return f"{', '.join(others)} and {last} decide" if others else f"{last} decides"


def next_step(report: Report) -> str:
    """Return what a person can do first to come to a verdict, empty if there is one or nothing is known to help."""
    told = " ".join((report.obstacle, *report.missing))
    return next((step for words, step in NEXT_STEPS.items() if words in told), "")


def hint(reason: str, report: Report) -> str:
    """Return how what was skipped for a reason can be had, empty if it cannot."""
    if not reason.startswith(NOT_ALLOWED):
        return ""
    if "unsafe" in reason:
        return "only a server on loopback is sent what a broken one could take for anything"
    return f"--allow-writes {urlsplit(report.about.target).hostname} allows it: test data is written, and removed again"


def reasons(results: Iterable[Result]) -> dict[str, list[str]]:
    """Return the cases that were skipped by the reason why."""
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for result in results:
        if result.outcome == "skipped":
            grouped[result.reason].append(result.id)
    return dict(grouped)


def sources(requirement: Requirement, most: int = 4) -> str:
    """Return where the document says it: its headings, or as many as are told."""
    headings = list(requirement.passages)
    more = f" and {len(headings) - most} more" if len(headings) > most else ""
    return ", ".join(headings[:most]) + more if headings else "silent about it"


def simplest(results: Iterable[Result]) -> list[Result]:
    """Return results in the order in which they are best looked at: few and short requests first."""
    return sorted(
        results, key=lambda each: (len(each.exchanges), sum(_length(sent) for sent in each.exchanges), each.id)
    )


def _length(exchange: Exchange) -> int:
    return len(exchange.request.body or b"")


def pattern(judged: RequirementOutcome) -> str:
    """Return what a deviation names: all failures of a requirement where they are alike, else the simplest of them."""
    first = simplest(judged.failures)[0]
    alike = all(each.observed == first.observed for each in judged.failures)
    return f"{judged.requirement.id}.*" if alike and len(judged.failures) > 1 else first.id


def came(exchange: Exchange) -> str:
    """Return what came back, in short: the status with its phrase, or why there is none."""
    if exchange.reply is None:
        return f"no reply: {exchange.problem}" + (f" ({exchange.detail})" if exchange.detail else "")
    return phrase(exchange.reply.status)


def request_line(request: Request) -> str:
    """Return what was sent, in short: method, path and query; the key is only marked."""
    query = "&".join(f"{name}={value}" for name, value in request.query)
    return f"{request.method} {request.path}" + (f"?{query}" if query else "")


def excerpt(body: bytes | None, limit: int) -> str:
    """Return the beginning of a body, on one line and without anything that moves a cursor."""
    text = printable((body or b"")[: limit * 4].decode("utf-8", "backslashreplace"))
    return (
        text if len(text) <= limit and len(body or b"") <= limit * 4 else f"{text[:limit]}… ({size(len(body or b''))})"
    )


def readable(body: bytes | None, limit: int) -> str:
    """Return a body for people: JSON indented, and cut where it is longer than so many characters."""
    if not body:
        return ""
    text = printable_lines((_indented(body) or body)[: limit * 4].decode("utf-8", "backslashreplace"))
    return text if len(text) <= limit else f"{text[:limit]}… ({size(len(body))} in all)"


def _indented(body: bytes) -> bytes:
    # What is long is not read to its end, and what is deep would be all indentation.
    if len(body) > 2**14:
        return b""
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return b""
