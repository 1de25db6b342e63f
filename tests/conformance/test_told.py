"""What a verdict says of itself: how far it goes, what did not apply, what was not asked."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.conformance.kit import report_on
from tests.conformance.made import MUST, SHOULD, judged, report, result
from tests.conformance.mutants.facts import KEY, sandbox_app
from tests.conformance.mutants.mutant import PREFIX
from tests.conformance.reasons import NO_CASE_JUDGED, NOT_ALLOWED, NOT_APPLICABLE, described
from tests.conformance.test_reports import names, printed, rendered
from tests.conformance.test_verdict import case
from traits_sandbox.conformance.http.client import Target
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reports.html_cases import DETAILED
from traits_sandbox.conformance.reports.reasons import next_step
from traits_sandbox.conformance.reports.words import headline
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.plan import select
from traits_sandbox.conformance.running.run import Run

HOST = "api.example.test"
SKIPPED = result(f"{MUST}.logins.over", "skipped", reason=NOT_ALLOWED)


def run(url: str, **choices: object) -> Report:
    options = Options(**choices)  # type: ignore[arg-type]
    return report_on(sandbox_app(allow_host=(HOST,)), options, url=url, prefix=PREFIX)


@pytest.mark.parametrize(
    ("allow_writes", "told"),
    [("", "CONFORMANT, judged by reads only"), (HOST, "CONFORMANT, judged by allowed requests only")],
)
def test_a_verdict_about_a_part_says_so(allow_writes: str, told: str) -> None:
    made = run(f"https://{HOST}", allow_writes=allow_writes, known_user="1001", only=("OP-001", "DEL-*"))
    assert (made.verdict, made.exit_code, headline(made)) == ("conformant", 0, told)
    assert f"{told}  " in printed(made)
    assert f"<h1>{told.capitalize()}</h1>" in rendered("html", made)


def test_a_verdict_about_everything_says_no_more() -> None:
    assert headline(run("http://127.0.0.1", only=("OP-001",))) == "CONFORMANT"
    unasked = judged(SHOULD, replace(SKIPPED, requirement=SHOULD, case=f"{SHOULD}.x"))
    assert headline(report(judged("OP-001", passed=1), unasked)) == "CONFORMANT"
    strict = report(judged("OP-001", passed=1), unasked, profile="strict")
    assert headline(strict) == "CONFORMANT, judged by allowed requests only"


def test_a_partial_verdict_is_no_excuse_for_a_failure() -> None:
    failed = judged(MUST, SKIPPED, result(f"{MUST}.actions.over"))
    assert headline(report(failed)) == "NOT CONFORMANT"


def test_what_does_not_apply_is_not_called_forbidden() -> None:
    made = run("http://127.0.0.1", only=("tls-*",))
    assert (made.exit_code, described(made.missing)) == (3, ["no case applies to this target"])
    assert "https://" in next_step(made)
    forbidden = run(f"https://{HOST}", only=("LIM-003",))
    assert forbidden.missing == (NO_CASE_JUDGED,)
    assert "No selected case is allowed" in next_step(forbidden)


def test_a_pattern_may_be_in_any_letter_case() -> None:
    cases = [case(MUST), case(SHOULD)]
    assert select(cases, ("lim-003",)) == select(cases, ("Lim-003.ACTIONS",)) == cases[:1]
    assert select(cases, ("lim-*",)) == cases


def test_what_does_not_apply_is_skipped_in_junit_and_keeps_its_name() -> None:
    shown = report(judged("TLS-001", result("TLS-001.plain", "skipped", reason=NOT_APPLICABLE)))
    assert names(shown) == {"TLS-001.plain": "skipped", "verdict": None}
    suites = ElementTree.fromstring(rendered("junit", shown))
    assert [each.get("skipped") for each in suites] == ["1", "0"]


def test_one_thing_is_told_in_the_singular() -> None:
    cases = Run(Target("http://127.0.0.1", KEY), Options()).plan.steps
    assert [each.case.title for each in cases if each.case.title.startswith("1 records")] == []
    assert any(each.case.title == "1 record" for each in cases)


def test_a_page_tells_the_same_symptom_once_with_every_case_that_shows_it() -> None:
    many = [result(f"{MUST}.{number}", observed="201" if number % 2 else "200") for number in range(100)]
    text = rendered("html", report(judged(MUST, *many)))
    assert all(f"{MUST}.{number}" in text for number in range(100))
    rest = text.partition("which the JSON report has in full")[2]
    counts = [int(each) for each in re.findall(r"<li>20[01], (\d+) cases: ", rest)]
    assert (len(counts), sum(counts)) == (2, 100 - DETAILED)
