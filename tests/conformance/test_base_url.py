"""A base URL without the API is reported at once; a server that has a part of the API is judged."""

from collections.abc import Callable

import pytest

from tests.conformance.kit import report_on
from tests.conformance.mutants.facts import contract, sandbox_app
from tests.conformance.mutants.mutant import PREFIX
from tests.conformance.mutants.wrapping import Answered, Asked, Wrapped, after, answer
from tests.conformance.reasons import lacking
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.running.options import Options

HOST = "api.example.test"
EFFECTS = {each.id: each.effect for each in contract().operations}


def judged(url: str, missing: Callable[[Asked], bool] = lambda _: False, **choices: object) -> Report:
    def change(asked: Asked, reply: Answered) -> Answered:
        return answer(404, message="not found") if missing(asked) else reply

    options = Options(only=("OP-001",), **choices)  # type: ignore[arg-type]
    return report_on(Wrapped(sandbox_app(allow_host=(HOST,)), after(change)), options, url=url, prefix=PREFIX)


@pytest.mark.parametrize("url", ["http://127.0.0.1", f"https://{HOST}"])
def test_a_base_url_where_nothing_is_found_is_told_of_at_once(url: str) -> None:
    report = judged(f"{url}/v1", lambda _: True)
    assert "is the base URL right?" in lacking(report)
    assert (report.exit_code, report.judged) == (3, ())
    assert report.sent <= len(EFFECTS)


def test_a_sandbox_below_another_path_is_told_of_at_once() -> None:
    report = judged("http://127.0.0.1/v1")
    assert "is the base URL right?" in lacking(report)
    assert (report.exit_code, report.judged) == (3, ())


@pytest.mark.parametrize("there", [each for each, effect in EFFECTS.items() if effect == "append"])
def test_a_server_that_has_one_operation_is_judged(there: str) -> None:
    report = judged("http://127.0.0.1", lambda asked: asked.at is None or asked.at.id != there)
    assert (report.obstacle, report.exit_code) == (None, 1)


@pytest.mark.parametrize("there", [each for each, effect in EFFECTS.items() if effect == "read"])
def test_a_server_that_answers_one_read_is_judged_by_reads_alone(there: str) -> None:
    url = f"https://{HOST}"
    report = judged(url, lambda asked: asked.at is None or asked.at.id != there, known_user="1001")
    assert (report.obstacle, report.exit_code) == (None, 1)
