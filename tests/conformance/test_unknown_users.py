"""A server may say 404 of users whom it never sent to the survey: that proves nothing; an operation that lacks does."""

import io
from collections.abc import Callable

import orjson
import pytest
from rich.console import Console

from tests.conformance.kill_matrix import judged as judged_by_the_matrix
from tests.conformance.kit import report_on
from tests.conformance.mutants.facts import sandbox_app, the
from tests.conformance.mutants.mutant import PREFIX
from tests.conformance.mutants.population import broken
from tests.conformance.mutants.wrapping import Answered, Asked, Wrapped, after, answer
from tests.conformance.reasons import described
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.terminal import Terminal
from traits_sandbox.conformance.running.options import Options

STATUS = the("assessment_status")
CASE = f"OP-001.{STATUS.id}"
UNKNOWN = answer(404, message="user not found")


def judged(hidden: Callable[[Asked, Answered], bool], **choices: object) -> Report:
    """Return the report on a sandbox that answers 404 to some questions about users."""

    def change(asked: Asked, reply: Answered) -> Answered:
        return UNKNOWN if asked.at == STATUS and reply.accepted and hidden(asked, reply) else reply

    options = Options(only=("OP-001",), **choices)  # type: ignore[arg-type]
    return report_on(Wrapped(sandbox_app(), after(change)), options, prefix=PREFIX)


def test_a_server_that_knows_no_user_of_the_run_proves_nothing_and_is_told_of_a_way() -> None:
    report = judged(lambda *_: True)
    assert (report.failed, report.exit_code) == ((), 3)
    assert any(each.startswith("OP-001 could not be judged: answered 404") for each in described(report.missing))
    told = io.StringIO()
    Terminal(Console(file=told), report, Reproduction(report.about.target)).verdict()
    assert "--user-id names a user" in told.getvalue()


def test_a_user_who_is_named_is_asked_about_instead() -> None:
    report = judged(lambda asked, _: b"1001" not in asked.scope["query_string"], known_user="1001")
    assert (report.missing, report.exit_code) == ((), 0)


def test_a_server_that_knows_whose_survey_was_uploaded_is_conformant() -> None:
    report = judged(lambda _, reply: not orjson.loads(reply.body)["data"][STATUS.roles["completed"]])
    assert (report.missing, report.exit_code) == ((), 0)


@pytest.mark.parametrize("how", ["moved", "next-version", "by-put"])
def test_an_operation_that_is_not_there_at_all_fails(how: str) -> None:
    mutant = next(each for each in broken() if each.name == f"contract.{STATUS.id}.{how}")
    report = judged_by_the_matrix(mutant, CASE)
    assert {each.requirement.id for each in report.failed} >= {"OP-001"}
