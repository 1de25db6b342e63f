"""The report as one HTML file that needs no network: readable on a phone, on paper and without scripts."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import Final

from traits_sandbox.conformance.judging.report import Report, RequirementOutcome
from traits_sandbox.conformance.reports.html_cases import again, requirement
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.words import (
    OUTCOMES,
    REACHES,
    by_area,
    deciding,
    explored,
    headline,
    hint,
    next_step,
    plural,
    printable,
    reasons,
    standing,
    verdict_line,
)
from traits_sandbox.reporting.page import Markup, document, element, join

TONES: Final = {"conformant": "passed", "not conformant": "failed", "inconclusive": "inconclusive"}


def render(report: Report, way: Reproduction) -> bytes:
    """Return a report as HTML. The report must hold no key any more."""
    title = f"{headline(report).capitalize()}: {printable(report.about.target)}"
    style, script = (
        files(__package__).joinpath(name).read_text(encoding="utf-8") for name in ("report.css", "report.js")
    )
    return document(title, *_body(report, way), style=style, script=script)


def _body(report: Report, way: Reproduction) -> Iterator[Markup]:
    ranked = sorted(report.judged, key=lambda judged: OUTCOMES.index(standing(report, judged)))
    yield _verdict(report)
    yield from _missing(report)
    yield from _areas(report)
    yield element("h2", "Requirements")
    yield _filters(report)
    yield element("main", *(requirement(report, judged, way) for judged in ranked))
    yield from _exploration(report)
    yield from _skipped(report)
    yield from _left(report)
    yield element("footer", _made(report), class_="soft")


def _verdict(report: Report) -> Markup:
    return element(
        "header",
        element("h1", headline(report).capitalize()),
        element("p", printable(verdict_line(report)), *_links(report.failed)),
        _about(report),
        class_=f"verdict {TONES[report.verdict]}",
    )


def _links(failed: Iterable[RequirementOutcome]) -> Iterator[Markup]:
    for number, judged in enumerate(failed):
        name = judged.requirement.id
        yield join(", " if number else ": ", element("a", name, href=f"#{name}"))


def _about(report: Report) -> Markup:
    about = report.about
    only = {"Only": " ".join(about.only)} if about.only else {}
    rows = {
        "Profile": f"{about.profile}: {deciding(report)}",
        **only,
        "Allowed to": REACHES[about.reach],
        "Requests": f"{report.sent} in {about.seconds:.1f} s",
        "Started": f"{about.started[:19].replace('T', ' ')} UTC",
        "Seed": str(about.seed),
        "Document": f"edition {about.edition}",
    }
    target = element("div", element("dt", "Server"), element("dd", printable(about.target)), class_="wide")
    return element("dl", target, *(_item(name, text) for name, text in rows.items()), class_="about")


def _item(name: str, text: str) -> Markup:
    return element("div", element("dt", name), element("dd", printable(text)))


def _missing(report: Report) -> Iterator[Markup]:
    titles = {"Expected deviations that did not show": report.unused, "What could not be proven": report.missing}
    for title, told in titles.items():
        if told:
            yield element("h2", title)
            yield _list(told)
    if step := next_step(report):
        yield element("h2", "What to do next")
        yield _list([step])


def _list(texts: Iterable[str]) -> Markup:
    return element("div", element("ul", *(element("li", printable(each)) for each in texts)), class_="card")


def _areas(report: Report) -> Iterator[Markup]:
    counts = by_area(report)
    shown = [name for name in OUTCOMES if any(counted[name] for counted in counts.values())]
    if not shown:
        return
    head = element("tr", element("th", "Area", scope="col"), *(element("th", name, scope="col") for name in shown))
    rows = [
        element("tr", element("td", area), *(_count(counted[name], name) for name in shown))
        for area, counted in counts.items()
    ]
    yield element("h2", "By area")
    yield element("div", element("table", element("thead", head), element("tbody", *rows)), class_="scroll")


def _count(count: int, outcome: str) -> Markup:
    return element("td", str(count) if count else "·", class_=f"count {outcome}" if count else "zero")


def _filters(report: Report) -> Markup:
    seen = {standing(report, judged) for judged in report.judged}
    chips = [
        element("label", element("input", type="checkbox", name="outcome", value=name), name, class_=f"chip {name}")
        for name in OUTCOMES
        if name in seen
    ]
    return element(
        "form",
        element("input", type="search", name="text", placeholder="Search ids, words, bodies", aria_label="Search"),
        _choice("level", "All levels", ("MUST", "SHOULD", "INFO")),
        _choice("area", "All areas", by_area(report)),
        element("fieldset", element("legend", "Outcome"), *chips),
        element("span", id="shown", class_="soft", role="status"),
        class_="filters",
        hidden=True,
    )


def _choice(name: str, everything: str, values: Iterable[str]) -> Markup:
    options = [element("option", value, value=value) for value in values]
    return element("select", element("option", everything, value=""), *options, name=name, aria_label=name)


def _exploration(report: Report) -> Iterator[Markup]:
    exploration = report.exploration
    if exploration is None:
        return
    yield element("h2", "Exploration")
    yield element("p", printable(f"{explored(exploration)}. It never decides the verdict."), class_="soft")
    for finding in exploration.findings:
        yield element(
            "details",
            element("summary", element("span", finding.operation, class_="id"), printable(finding.title)),
            element("div", element("p", printable(finding.message)), again("The request again", finding.curl)),
            class_="case noted card",
        )


def _skipped(report: Report) -> Iterator[Markup]:
    grouped = reasons(result for judged in report.judged for result in judged.results)
    if grouped:
        yield element("h2", "Skipped")
        yield _list(_why(reason, len(ids), report) for reason, ids in grouped.items())


def _why(reason: str, count: int, report: Report) -> str:
    step = hint(reason, report)
    return f"{plural(count, 'case')}: {reason}" + (f". {step[0].upper()}{step[1:]}." if step else "")


def _left(report: Report) -> Iterator[Markup]:
    if report.left_behind:
        yield element("h2", "Left behind")
        yield _list(report.left_behind)


def _made(report: Report) -> Markup:
    about = report.about
    return element(
        "p",
        f"traits-sandbox {about.kit}, requirements {about.suite}, contract {about.contract}. "
        "Unofficial; not affiliated with 12traits. {{key}} stands for the API key, {{key:…}} for what is made of it.",
    )
