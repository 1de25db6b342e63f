"""The verdict of a run: what decides, what outranks what, and what a proof needs."""

import pytest

from tests.conformance.reasons import ANSWERED_500, NO_ANSWER, NOT_ALLOWED, NOT_SENT, described
from traits_sandbox.conformance.catalogue.case import Breach, Case, Talk
from traits_sandbox.conformance.http.safety import Permit
from traits_sandbox.conformance.judging.judgement import judge, missing
from traits_sandbox.conformance.judging.report import Outcome, Report, Result, RunFacts
from traits_sandbox.conformance.judging.requirements import DECIDING, Profile, registry
from traits_sandbox.conformance.reasons import Reason
from traits_sandbox.conformance.running.plan import Plan, Step, make_plan, select
from traits_sandbox.conformance.running.runner import RunState
from traits_sandbox.errors import UsageError

MUST, SHOULD, INFO = "LIM-003", "LIM-004", "LIM-005"


async def kept(_: Talk) -> Breach | None:
    return None


def case(requirement: str, about: str = "actions", **more: object) -> Case:
    given = {"operation": "push_actions", "reach": "append", "judge": kept}
    return Case(id=f"{requirement}.{about}", title="", **given | more)  # type: ignore[arg-type]


def result(requirement: str, outcome: Outcome, reason: Reason | None = None) -> Result:
    return Result(requirement, f"{requirement}.actions", "", "push_actions", outcome, "201", "4xx", reason)


def report(*results: Result, profile: Profile = "core", succeeded: bool = True, **more: object) -> Report:
    tally = RunState(results=list(results), succeeded={"push_actions"} if succeeded else set())
    tally.passed.update(["OP-001", MUST, SHOULD, INFO])
    plan = Plan((Step(case("OP-001")), *(Step(case(each)) for each in (MUST, SHOULD, INFO))), 3, 0)
    judged = judge(registry(), tally)
    about = RunFacts("0", "1", "2020-09", "", "http://127.0.0.1", profile, "unsafe", 0, "tsc-", "", 0.0)
    lacking = tuple(missing(plan, tally, judged, DECIDING[profile]))
    return Report(about, judged, 4, 4, missing=lacking, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("requirement", "profile", "code"),
    [
        (MUST, "core", 1), (MUST, "strict", 1), (MUST, "emulator", 1),
        (SHOULD, "core", 0), (SHOULD, "strict", 1), (SHOULD, "emulator", 1),
        (INFO, "core", 0), (INFO, "strict", 0), (INFO, "emulator", 1),
    ],
)  # fmt: skip
def test_the_profile_says_which_levels_decide(requirement: str, profile: Profile, code: int) -> None:
    made = report(result(requirement, "failed"), profile=profile)
    assert made.exit_code == code
    assert [each.requirement.id for each in (made.failed or made.noted)] == [requirement]


def test_a_proven_failure_outranks_everything() -> None:
    failed = result(MUST, "failed")
    assert report(failed, result("TS-001", "inconclusive", ANSWERED_500), obstacle=NO_ANSWER).exit_code == 1


@pytest.mark.parametrize(("requirement", "code"), [(MUST, 3), (SHOULD, 0)])
def test_a_deciding_requirement_without_an_answer_proves_nothing(requirement: str, code: int) -> None:
    made = report(result(requirement, "inconclusive", ANSWERED_500))
    assert (made.exit_code, made.complete) == (code, code == 0)


@pytest.mark.parametrize(("reason", "code"), [(NOT_SENT, 3), (NOT_ALLOWED, 0)])
def test_what_was_left_out_on_purpose_is_not_missed(reason: Reason, code: int) -> None:
    assert report(result("TS-001", "skipped", reason)).exit_code == code


def test_an_operation_that_never_succeeded_proves_nothing() -> None:
    made = report(succeeded=False)
    assert (made.verdict, described(made.missing)) == ("inconclusive", ["push_actions never answered with success"])


def test_an_obstacle_is_inconclusive_and_an_unused_deviation_a_failure() -> None:
    assert report(obstacle=NO_ANSWER).exit_code == 3
    assert report(unused=("LIM-003",)).exit_code == 1
    assert report(result(MUST, "deviation")).exit_code == 0


def test_a_case_behind_another_requirement_is_named_by_both() -> None:
    assert result(MUST, "failed").id == "LIM-003.actions"
    assert Result("HTTP-002", "LIM-003.actions", "", "", "failed").id == "HTTP-002.LIM-003.actions"


def planned(*cases: Case, reach: str = "unsafe", secured: bool = False, seed: int = 0) -> Plan:
    permit = Permit(reach, "tsc-")  # type: ignore[arg-type]
    return make_plan(list(cases), registry(), permit, secured=secured, seed=seed, preflight=3)


def test_what_a_server_must_do_is_asked_first() -> None:
    cases = [case(each, f"n{number}") for number in range(5) for each in (INFO, SHOULD, MUST)]
    order = [step.case.requirement for step in planned(*cases).steps]
    assert order == [MUST] * 5 + [SHOULD] * 5 + [INFO] * 5


def test_the_seed_decides_the_order() -> None:
    cases = [case(MUST, f"n{number}") for number in range(20)]
    first, again, other = ([step.case.id for step in planned(*cases, seed=seed).steps] for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first) == sorted(other)


def test_a_plan_counts_what_will_be_sent_and_what_will_not() -> None:
    plan = planned(case(MUST), case(SHOULD, requests=2, at_most=6), case(INFO, reach="unsafe"), reach="append")
    assert (plan.requests, plan.at_most) == (3 + 1 + 2, 3 + 1 + 6)
    assert plan.by_requirement() == {MUST: (1, 1), SHOULD: (2, 6)}
    assert [step.case.requirement for step in plan.steps if step.skipped] == [INFO]


def test_cases_about_tls_do_not_apply_to_plain_http() -> None:
    secured = case("TLS-001", secured=True)
    assert planned(secured).sent == ()
    assert planned(secured, secured=True).sent == (secured,)


def test_only_what_was_asked_for_is_selected() -> None:
    cases = [case(MUST), case(MUST, "items"), case(SHOULD)]
    assert len(select(cases, (MUST,))) == 2
    assert [each.id for each in select(cases, ("*.items", SHOULD))] == ["LIM-003.items", "LIM-004.actions"]
    with pytest.raises(UsageError, match="no case fits --only NONE"):
        select(cases, ("NONE",))
