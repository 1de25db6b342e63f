"""Faults decided: schedules, chance, quotas, life and scope, without any HTTP."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from traits_sandbox.control.fault_plan import MAX_FAULTS, FaultPlan, PlanFull
from traits_sandbox.control.fault_reading import PRESETS, FaultError, fault_schemas, read_fault, read_header
from traits_sandbox.control.faults import Decision, Fault, FaultEffect, Turn, decide

OPERATIONS = ["push_actions", "push_purchases"]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@dataclass
class Hand:
    """A clock that a test moves."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def plan(clock: Hand) -> FaultPlan:
    return FaultPlan(clock, seed=1)


def claim(plan: FaultPlan, dashboard: str = "a", operation: str = "push_actions", *, body: Any = None) -> str:
    """Return the id of the fault that meets a call, or nothing."""
    claimed = plan.claim(operation, dashboard, lambda: [] if body is None else [body])
    return claimed[0] if claimed else ""


def hits(spec: dict[str, Any], calls: int, *, seed: int = 1) -> list[int]:
    """Return the numbers of the calls that a fault meets."""
    fault = read_fault(spec, OPERATIONS)
    return [number for number in range(1, calls + 1) if decide(fault, Turn(number), seed=seed)]


def decisions(spec: dict[str, Any], calls: int, *, seed: int = 1) -> list[Decision | None]:
    fault = read_fault(spec, OPERATIONS)
    return [decide(fault, Turn(number), seed=seed) for number in range(1, calls + 1)]


@pytest.mark.parametrize(
    ("schedule", "met"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"first": 2}, [1, 2]),
        ({"every": 3}, [3, 6]),
        ({"probability": 0}, []),
        ({"probability": 1}, [1, 2, 3, 4, 5, 6]),
        ({"sequence": [False, True, True, False, True]}, [2, 3, 5]),
    ],
)
def test_a_schedule_selects_the_calls_that_fail(schedule: dict[str, Any], met: list[int]) -> None:
    assert hits({"status": 500} | schedule, 6) == met


def test_a_sequence_can_name_an_effect_for_each_call() -> None:
    sequence = [{"status": 503, "delay": 2}, False, True, {"reset": "during"}]
    assert decisions({"status": 500, "delay": 0.5, "sequence": sequence}, 5) == [
        Decision(FaultEffect(status=503, delay=2.0), 2.0),
        None,
        Decision(FaultEffect(status=500, delay=0.5), 0.5),
        Decision(FaultEffect(reset="during"), 0.5),
        None,
    ]


def test_a_probability_is_about_kept_and_a_higher_one_only_adds() -> None:
    few = set(hits({"status": 500, "probability": 0.1}, 2000))
    many = set(hits({"status": 500, "probability": 0.3}, 2000))
    assert 150 < len(few) < 250
    assert 520 < len(many) < 680
    assert few < many


def test_the_seed_decides() -> None:
    spec = {"status": 500, "probability": 0.5}
    assert hits(spec, 50, seed=1) == hits(spec, 50, seed=1) != hits(spec, 50, seed=2)
    assert hits(spec | {"seed": 2}, 50, seed=1) == hits(spec, 50, seed=2)
    assert hits(spec, 50) != hits(spec | {"operation": "push_actions"}, 50)


def test_chance_is_the_same_in_every_version() -> None:
    # What people recorded must go on to fail alike: these must never change.
    assert hits({"status": 500, "probability": 0.2}, 30) == [4, 6, 7, 11, 17]


def test_two_processes_decide_alike() -> None:
    program = (
        "import json; from traits_sandbox.control.fault_reading import read_fault\n"
        "from traits_sandbox.control.faults import Turn, decide\n"
        "fault = read_fault({'preset': 'flaky', 'delay': {'distribution': 'normal', 'mean': 1, 'deviation': 1}})\n"
        "print(json.dumps([repr(decide(fault, Turn(n), seed=7)) for n in range(1, 301)]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": str(n)}, capture_output=True, check=True
        ).stdout
        for n in (1, 2)
    ]
    assert runs[0] == runs[1]
    assert len(set(json.loads(runs[0]))) > 30


def test_one_of_several_effects_is_drawn() -> None:
    met = [each.effect for each in decisions({"preset": "flaky", "probability": 1}, 200) if each]
    assert {(effect.status, effect.reset) for effect in met} == {(500, None), (None, "before")}
    assert 70 < sum(effect.status == 500 for effect in met) < 130


@pytest.mark.parametrize(
    ("delay", "low", "mean", "high"),
    [
        (0.25, 0.25, 0.25, 0.25),
        ({"distribution": "uniform", "low": 1, "high": 3}, 1, 2, 3),
        ({"distribution": "exponential", "mean": 2}, 0, 2, 60),
        ({"distribution": "normal", "mean": 5, "deviation": 1}, 0, 5, 15),
        ({"distribution": "exponential", "mean": 3600}, 0, 2275, 3600),
    ],
)
def test_a_delay_has_its_distribution(delay: Any, low: float, mean: float, high: float) -> None:
    drawn = [each.delay for each in decisions({"delay": delay}, 2000) if each]
    assert min(drawn) >= low
    assert max(drawn) <= high
    assert sum(drawn) / len(drawn) == pytest.approx(mean, rel=0.1)


def test_a_quota_is_counted_by_windows(plan: FaultPlan, clock: Hand) -> None:
    plan.add(read_fault({"quota": {"limit": 2, "window": 10}}))
    answers = []
    for moment in (0, 1, 2, 9, 10, 11, 12):
        clock.now = 1000.0 + moment
        claimed = plan.claim("push_actions", "a", list)
        answers.append(claimed and (claimed[1].effect.status, claimed[1].effect.retry_after))
    assert answers == [None, None, (429, 8), (429, 1), None, None, (429, 8)]


def test_a_quota_survives_a_clock_that_is_set_back(plan: FaultPlan, clock: Hand) -> None:
    plan.add(read_fault({"quota": {"limit": 1, "window": 10}}))
    assert claim(plan) == ""
    clock.now = 5.0
    assert claim(plan) == ""
    assert claim(plan) == "fault-1"


def test_a_fault_ends_with_its_time_to_live(plan: FaultPlan, clock: Hand) -> None:
    plan.add(read_fault({"status": 500, "ttl": 60}))
    clock.now += 59.9
    assert claim(plan) == "fault-1"
    clock.now += 0.1
    assert claim(plan) == ""
    assert plan.idle


def test_dashboards_do_not_see_each_others_faults(plan: FaultPlan) -> None:
    one = plan.add(read_fault({"status": 500}), "a")
    other = plan.add(read_fault({"status": 503}), "b")
    assert (claim(plan, "a"), claim(plan, "b"), claim(plan, "c")) == (one.id, other.id, "")
    assert [each.id for each in plan.planned("a")] == [one.id]
    assert plan.find(other.id, "a") is None
    assert not plan.remove(other.id, "a")
    assert plan.clear("a") == 1
    assert [each.id for each in plan.planned()] == [other.id]


def test_a_fault_for_all_counts_each_dashboard_by_itself(plan: FaultPlan) -> None:
    planned = plan.add(read_fault({"status": 500, "first": 1}))
    assert [claim(plan, dashboard) for dashboard in "aabb"] == [planned.id, "", planned.id, ""]
    assert (planned.calls, planned.hits) == (4, 2)
    assert list(plan.planned("a")) == []


def test_the_first_fault_that_meets_a_call_decides_and_later_ones_wait(plan: FaultPlan) -> None:
    first = plan.add(read_fault({"status": 500, "first": 2}))
    second = plan.add(read_fault({"status": 503, "first": 2}))
    assert [claim(plan) for _ in range(5)] == [first.id, first.id, second.id, second.id, ""]
    assert (first.calls, first.hits, second.calls, second.hits) == (5, 2, 3, 2)


def test_a_fault_applies_to_its_operation_and_its_matches(plan: FaultPlan) -> None:
    spec = {"status": 500, "operation": "push_actions", "match": {"user_id": "7"}, "first": 1}
    planned = plan.add(read_fault(spec, OPERATIONS))
    assert claim(plan, operation="push_purchases", body={"user_id": "7"}) == ""
    assert claim(plan, body={"user_id": "8"}) == ""
    assert claim(plan) == ""
    assert planned.calls == 0
    assert claim(plan, body={"user_id": "7"}) == planned.id


def test_there_is_an_end_to_faults(plan: FaultPlan, clock: Hand) -> None:
    for _ in range(MAX_FAULTS):
        plan.add(Fault(status=500, ttl=1))
    with pytest.raises(PlanFull):
        plan.add(Fault(status=500))
    clock.now += 2
    plan.add(Fault(status=500))


@pytest.mark.parametrize(
    ("spec", "errors"),
    [
        ([], {"fault": 'fault must be an object such as {"operation": "push_actions", "status": 500}'}),
        ({}, {"status": "one of status, reset, truncate, slow, lost, one_of and delay must be given"}),
        ({"first": 2}, {"status": "one of status, reset, truncate, slow, lost, one_of and delay must be given"}),
        (
            {"sequence": [True]},
            {"status": "one of status, reset, truncate, slow, lost, one_of and delay must be given"},
        ),
        ({"stats": 500}, {"stats": "stats is unknown: did you mean status?"}),
        ({"status": "500"}, {"status": "status must be a whole number from 200 to 599"}),
        ({"status": 99}, {"status": "status must be a whole number from 200 to 599"}),
        ({"status": 500, "reset": "before"}, {"reset": "status and reset exclude each other"}),
        ({"status": 500, "first": 1, "every": 2}, {"every": "first and every exclude each other"}),
        ({"status": 500, "first": 0}, {"first": "first must be a whole number from 1"}),
        (
            {"status": 500, "sequence": []},
            {"sequence": "sequence must be a list of 1 to 1000, each true, false or an effect"},
        ),
        ({"status": 500, "probability": 2}, {"probability": "probability must be a number from 0 to 1"}),
        ({"status": 500, "ttl": 0}, {"ttl": "ttl must be seconds above 0, at most 86400"}),
        ({"status": 204, "body": {}}, {"body": "body cannot go with status 204, which has none"}),
        ({"lost": True, "retry_after": 1}, {"retry_after": "retry_after can only be given with status"}),
        ({"status": 500, "one_of": [{"lost": True}]}, {"one_of": "status and one_of exclude each other"}),
        (
            {"one_of": [{"delay": 1}, {"reset": 1}]},
            {"one_of[1].reset": "one_of[1].reset must be one of before, during and after"},
        ),
        ({"one_of": [{"nope": 1}]}, {"one_of[0].nope": "one_of[0].nope is unknown"}),
        ({"one_of": [{}]}, {"one_of[0]": "one_of[0] must have one of status, reset, truncate, slow, lost and delay"}),
        (
            {"delay": {"distribution": "uniform", "low": 2, "high": 1}},
            {"delay": "delay must have a low that is not above its high"},
        ),
        (
            {"status": 500, "operation": "push_action"},
            {"operation": "operation must be the id of an operation: did you mean push_actions?"},
        ),
        ({"status": 500, "match": {"a": {"in": 1}}}, {"match": "match: a: in needs a list of values"}),
        ({"status": 500, "content_type": "a/b\n"}, {"content_type": "content_type must be printable"}),
        ({"slow": 0}, {"slow": "slow must be bytes a second, from 1"}),
        ({"status": 500, "body": deep(100)}, {"fault": "fault may be at most 64 levels deep"}),
        ({"preset": "nope"}, {"preset": "preset must be one of flaky, outage, rate-limited, slow"}),
        ({"preset": []}, {"preset": "preset must be one of flaky, outage, rate-limited, slow"}),
    ],
)
def test_an_invalid_fault_is_reported_field_by_field(spec: Any, errors: dict[str, str]) -> None:
    with pytest.raises(FaultError) as caught:
        read_fault(spec, OPERATIONS)
    assert caught.value.errors == errors


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_a_fault_and_can_be_changed(preset: str) -> None:
    assert read_fault({"preset": preset}) == read_fault(PRESETS[preset])
    assert read_fault({"preset": preset, "first": 3}).schedules == ("first",)
    assert read_fault({"preset": preset, "status": 418}).outcomes == ("status",)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("status=503; retry-after=2", Fault(status=503, retry_after=2)),
        ("status=503,delay=0.25", Fault(status=503, delay=0.25)),
        ("lost", Fault(lost=True)),
        ("reset = during", Fault(reset="during")),
        ("truncate=0.5", Fault(truncate=0.5)),
        ("Slow=100", Fault(slow=100.0)),
        ("preset=outage", Fault(status=503, retry_after=30)),
        ('{"status": 400, "body": {"a": [1, 2]}}', Fault(status=400, body={"a": [1, 2]})),
    ],
)
def test_a_header_is_read(text: str, fault: Fault) -> None:
    assert read_header(text) == fault


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_in_a_header_is_met_for_certain(preset: str) -> None:
    assert decide(read_header(f"preset={preset}"), Turn(1, in_window=1, left=1.0), seed=1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "one of status, reset, truncate, slow, lost, one_of and delay must be given"),
        ("=5", '"" is unknown'),
        ("status=abc", "status must be a whole number from 200 to 599"),
        ("status=500; first=2", "first needs a plan, made by POST /_sandbox/faults"),
        ("stat=500", "stat is unknown: did you mean status?"),
        ("{", "a value that begins with a brace must be a JSON object"),
        ("status", "status must be a whole number from 200 to 599"),
    ],
)
def test_a_header_that_cannot_be_read_is_reported(text: str, why: str) -> None:
    with pytest.raises(FaultError) as caught:
        read_header(text)
    assert str(caught.value) == why


def test_the_schemas_are_whole() -> None:
    schemas = fault_schemas()
    text = json.dumps(schemas)
    assert {name for name in schemas if f'"#/components/schemas/{name}"' in text} == set(schemas) - {"Fault"}
    described: Sequence[str] = [name for name, each in schemas["Fault"]["properties"].items() if "description" in each]
    assert set(described) == {*Fault.__struct_fields__, "preset"}
