"""Requirements and cases for the HTML report: what was expected, sent and received, and how to reproduce it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from traits_sandbox.conformance.http.exchange import Exchange
from traits_sandbox.conformance.judging.report import Report, RequirementOutcome, Result
from traits_sandbox.conformance.reports.reasons import describe
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import (
    readable,
    reasons,
    received,
    request_line,
    simplest,
    sources,
    standing,
)
from traits_sandbox.reporting.words import plural

BODY: Final = 4000
"""The number of characters of a body that are shown."""

OPEN: Final = 1
"""The number of failing cases of a requirement whose details are open at first."""

DETAILED: Final = 20
"""The number of failing cases of a requirement that are shown with all requests and replies."""


def requirement(report: Report, judged: RequirementOutcome, reproduction: Reproduction) -> dict[str, Any]:
    """Return a requirement with the results of its cases, as the template uses it."""
    asked = judged.requirement
    ordered = simplest(each for each in judged.results if each.outcome not in ("passed", "skipped"))
    skipped = reasons(judged.results).items()
    return {
        "id": asked.id,
        "outcome": standing(report, judged),
        "level": asked.level,
        "area": asked.area,
        "statement": asked.statement,
        "about": f"{asked.area}. Document: {sources(asked, 99)}. Kept {plural(judged.passed, 'time')}.",
        "cases": [_case(result, reproduction) for result in ordered[:DETAILED]],
        "more": _by_symptom(ordered[DETAILED:]),
        "skipped": [f"Skipped, {describe(reason)}: {', '.join(ids)}" for reason, ids in skipped],
        "passed": ", ".join(each.id for each in judged.results if each.outcome == "passed"),
    }


def _by_symptom(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Return for each symptom the number of cases that show it, and their ids."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for each in results:
        alike[each.observed or describe(each.reason)].append(each.id)
    return [{"words": words, "count": len(ids), "ids": ", ".join(ids)} for words, ids in alike.items()]


def _case(result: Result, reproduction: Reproduction) -> dict[str, Any]:
    facts = {"Expected": result.expected, "Observed": result.observed, "Reason": describe(result.reason)}
    return {
        "id": result.id,
        "title": result.title,
        "outcome": result.outcome,
        "observed": result.observed,
        "facts": {name: text for name, text in facts.items() if text},
        "exchanges": [_exchange(each, reproduction) for each in result.exchanges],
        "replay": reproduction.replay(result.case),
    }


def _exchange(exchange: Exchange, reproduction: Reproduction) -> dict[str, Any]:
    request, reply = exchange.request, exchange.reply
    return {
        "number": exchange.number,
        "seconds": f"{exchange.seconds:.2f}",
        "request": _message(request_line(request), request.headers, request.body),
        "reply": _message(received(exchange), reply.headers if reply else (), reply.body if reply else b""),
        "curl": reproduction.curl(request),
    }


def _message(line: str, headers: Iterable[tuple[str, str]], body: bytes | None) -> dict[str, str]:
    lines = "".join(f"{name}: {value}\n" for name, value in headers)
    text = readable(body, BODY)
    return {"line": line, "text": f"\n{lines}" + (f"\n{text}" if text else "")}
