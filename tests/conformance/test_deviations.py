"""Known deviations are strict both ways."""

from datetime import date
from pathlib import Path

import pytest

from tests.conformance.reasons import described
from traits_sandbox.conformance.judging.deviations import Deviation, read_deviations
from traits_sandbox.conformance.judging.judgement import excuse
from traits_sandbox.conformance.judging.report import Result
from traits_sandbox.conformance.running.runner import RunState
from traits_sandbox.errors import UsageError

TODAY = date(2026, 11, 22)
URL = "https://api.example.com"
CASE = "LIM-003.actions.one-over"


def deviation(**changes: object) -> Deviation:
    given = {"case": CASE, "observed": "201", "reason": "ticket 1", "expires": date(2027, 1, 1)}
    return Deviation(**given | changes)  # type: ignore[arg-type]


def failed(observed: str = "201", requirement: str = "LIM-003", case: str = CASE) -> RunState:
    return RunState(results=[Result(requirement, case, "", "push_actions", "failed", observed, "4xx")])


def judged(tally: RunState, *deviations: Deviation) -> tuple[list[str], tuple[str, ...]]:
    unused = excuse(tally, deviations, URL, TODAY, frozenset({CASE}))
    return [result.outcome for result in tally.results], unused


@pytest.mark.parametrize("pattern", [CASE, "LIM-003.*", "LIM-*"])
def test_an_expected_failure_is_excused(pattern: str) -> None:
    tally = failed()
    assert judged(tally, deviation(case=pattern)) == (["deviation"], ())
    assert described([tally.results[0].reason])[0].startswith("ticket 1")


@pytest.mark.parametrize("changed", [{"observed": "500"}, {"target": "https://other.example.com"}])
def test_another_symptom_or_target_is_not_excused(changed: dict[str, str]) -> None:
    outcomes, _ = judged(failed(), deviation(**changed))
    assert outcomes == ["failed"]


def test_a_deviation_that_does_not_show_fails() -> None:
    _, unused = judged(RunState(), deviation())
    assert len(unused) == 1
    assert CASE in unused[0]


def test_a_deviation_about_what_was_not_tried_is_left_alone() -> None:
    assert excuse(RunState(), [deviation()], URL, TODAY, frozenset({"OP-001.push_actions"})) == ()


@pytest.mark.parametrize(("day", "outcome"), [(date(2026, 11, 22), "deviation"), (date(2026, 11, 21), "failed")])
def test_a_deviation_excuses_up_to_its_last_day(day: date, outcome: str) -> None:
    assert judged(failed(), deviation(expires=day)) == ([outcome], ())


def test_what_an_exchange_showed_is_addressed_by_its_requirement_before_the_case() -> None:
    tally = failed("500", requirement="HTTP-002")
    assert judged(tally, deviation(case=f"HTTP-002.{CASE}", observed="500")) == (["deviation"], ())
    assert judged(RunState(), deviation(case=f"HTTP-002.{CASE}", observed="500"))[1] != ()


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_file_of_deviations_is_read(tmp_path: Path, mark: str) -> None:
    file = tmp_path / "deviations.toml"
    file.write_text(
        f'{mark}[[deviation]]\ncase = "{CASE}"\nobserved = "201"\nreason = "ticket 1"\nexpires = 2027-01-01\n',
        encoding="utf-8",
    )
    assert read_deviations(file) == (deviation(),)


@pytest.mark.parametrize(
    "text",
    [
        "[[deviation]]\n",
        f'[[deviation]]\ncase = "{CASE}"\nobserved = "201"\nreason = "x"\n',
        f'[[deviation]]\ncase = "{CASE}"\nobserved = "201"\nreason = ""\nexpires = 2027-01-01\n',
        f'[[deviation]]\ncase = "{CASE}"\nobserved = "201"\nreason = "x"\nexpires = 2027-01-01\nmore = 1\n',
        "not toml",
    ],
)
def test_a_deviation_needs_symptom_reason_and_expiry(tmp_path: Path, text: str) -> None:
    file = tmp_path / "deviations.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match="is not a file of deviations"):
        read_deviations(file)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_deviations(tmp_path / "none.toml")
