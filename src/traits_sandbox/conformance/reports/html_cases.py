"""Requirements and cases as HTML: what was expected, what was sent, what came back, how to see it again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from traits_sandbox.conformance.http.exchange import Exchange
from traits_sandbox.conformance.judging.report import Report, RequirementOutcome, Result
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import (
    came,
    plural,
    printable,
    readable,
    reasons,
    request_line,
    simplest,
    sources,
    standing,
)
from traits_sandbox.reporting.page import Markup, element, join

BODY: Final = 4000
"""How many characters of a body are shown."""

OPEN: Final = 1
"""How many failing cases of a requirement stand open at first."""

DETAILED: Final = 20
"""How many failing cases of a requirement are shown with all that was sent and came back."""


def requirement(report: Report, judged: RequirementOutcome, way: Reproduction) -> Markup:
    """Return a requirement with what came of it."""
    asked, outcome = judged.requirement, standing(report, judged)
    return element(
        "details",
        element(
            "summary",
            element("span", outcome, class_="badge"),
            element("span", asked.id, class_="id"),
            element("span", asked.level, class_="level"),
            element("span", asked.statement, class_="statement"),
        ),
        element("div", *_inside(judged, way), class_="inside"),
        id=asked.id,
        class_=f"requirement {outcome}",
        data_outcome=outcome,
        data_level=asked.level,
        data_area=asked.area,
        open=outcome == "failed",
    )


def _inside(judged: RequirementOutcome, way: Reproduction) -> Iterator[Markup]:
    about = f"{judged.requirement.area}. Document: {sources(judged.requirement, 99)}."
    yield element("p", f"{about} Kept {plural(judged.passed, 'time')}.", class_="soft")
    told = [each for each in judged.results if each.outcome not in ("passed", "skipped")]
    ordered = simplest(told)
    for number, result in enumerate(ordered[:DETAILED]):
        yield _case(result, way, is_open=number < OPEN)
    if rest := ordered[DETAILED:]:
        yield element("p", f"{plural(len(rest), 'more case')}, which the JSON report has in full:")
        yield element("ul", *(element("li", alike) for alike in _in_short(rest)))
    for reason, ids in reasons(judged.results).items():
        yield element("p", printable(f"Skipped, {reason}: {', '.join(ids)}"))
    passed = [each.id for each in judged.results if each.outcome == "passed"]
    if passed:
        yield element("p", f"Passed: {', '.join(passed)}", class_="soft")


def _in_short(results: Iterable[Result]) -> Iterator[Markup]:
    """Yield for each symptom how many cases show it, and which."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for each in results:
        alike[each.observed or each.reason].append(each.id)
    for symptom, ids in alike.items():
        told = f"{symptom}, {plural(len(ids), 'case')}: "
        yield join(printable(told), element("span", ", ".join(ids), class_="id"))


def _case(result: Result, way: Reproduction, *, is_open: bool) -> Markup:
    rows = {"Expected": result.expected, "Observed": result.observed, "Reason": result.reason}
    judged = [
        join(element("dt", name), element("dd", printable(text), class_="seen" if name == "Observed" else None))
        for name, text in rows.items()
        if text
    ]
    return element(
        "details",
        element(
            "summary",
            element("span", result.id, class_="id"),
            element("span", printable(result.title)),
            element("span", printable(result.observed), class_="seen"),
        ),
        element(
            "div",
            element("dl", *judged, class_="judged"),
            *(_exchange(each, way) for each in result.exchanges),
            again("The whole case again", way.replay(result.case)),
        ),
        class_=f"case {result.outcome}",
        open=is_open,
    )


def _exchange(exchange: Exchange, way: Reproduction) -> Markup:
    request, reply = exchange.request, exchange.reply
    sent = _message(request_line(request), request.headers, request.body)
    back = _message(came(exchange), reply.headers if reply else (), reply.body if reply else b"")
    curl = way.curl(request)
    return element(
        "div",
        element(
            "div",
            element("div", element("h3", f"Request {exchange.number}"), sent),
            element("div", element("h3", f"Reply after {exchange.seconds:.2f} s"), back),
            class_="pair",
        ),
        again("The request again", curl) if curl else None,
        class_="exchange",
    )


def _message(line: str, headers: Iterable[tuple[str, str]], body: bytes | None) -> Markup:
    told = "".join(f"{name}: {value}\n" for name, value in headers)
    text = readable(body, BODY)
    return element("pre", element("strong", printable(line)), printable(f"\n{told}" + (f"\n{text}" if text else "")))


def again(title: str, line: str) -> Markup:
    """Return a line for a shell, which a button copies."""
    button = element("button", "Copy", type="button", hidden=True, data_copy=True)
    return element("div", element("div", element("h3", title), button), element("pre", printable(line)), class_="again")
