"""Lists of all requirements and cases, and of the requests that a run would send."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.judging.requirements import Registry, Requirement
from traits_sandbox.conformance.reasons import Reason
from traits_sandbox.conformance.reports.reasons import describe
from traits_sandbox.conformance.running.plan import Plan
from traits_sandbox.reporting.words import number, plural

ListedRequirement = tuple[Requirement, list[Case]]


def entries(registry: Registry, cases: Iterable[Case]) -> list[ListedRequirement]:
    """Return every requirement with its cases; requirements of single replies have none."""
    of: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        of[case.requirement].append(case)
    return [(each, of[each.id]) for each in registry.requirement]


def catalogue_lines(listed: Iterable[ListedRequirement]) -> Iterator[str]:
    """Yield requirements and cases as lines."""
    for requirement, cases in listed:
        yield f"{requirement.id:9} {requirement.level:6}  {requirement.statement}"
        yield from (f"    {case.id}  {case.title}" for case in cases)
        if not cases:
            yield "    checked on the replies to other cases"


def catalogue_form(listed: Iterable[ListedRequirement]) -> list[dict[str, Any]]:
    """Return requirements and cases for JSON."""
    return [
        {
            "id": requirement.id,
            "level": requirement.level,
            "area": requirement.area,
            "basis": requirement.basis,
            "statement": requirement.statement,
            "passages": list(requirement.passages),
            "cases": [_case(case) for case in cases],
        }
        for requirement, cases in listed
    ]


def _case(case: Case) -> dict[str, Any]:
    names = ("id", "title", "operation", "reach", "requests")
    return {name: getattr(case, name) for name in names} | {"at_most": case.limit}


def plan_lines(plan: Plan, registry: Registry, explore: int = 0) -> Iterator[str]:
    """Yield the requests of a plan by requirement, and the skipped cases with reasons; `explore` as for a run."""
    sums, skipped = plan.by_requirement(), _skipped(plan)
    yield f"{'requirement':12}{'level':8}{'cases':>6}{'requests':>10}{'at most':>9}"
    for requirement, cases in entries(registry, plan.sent):
        if cases:
            usual, most = sums[requirement.id]
            yield f"{requirement.id:12}{requirement.level:8}{len(cases):6}{usual:10}{most:9}"
    yield ""
    yield f"first: {plural(plan.preflight, 'request')}, to check that the server answers and accepts the key"
    for reason, ids in skipped.items():
        yield f"skipped, {describe(reason)}: {plural(len(ids), 'case')} of {', '.join(_requirements(ids))}"
    if explore:
        examples = plural(explore, "made-up example")
        yield f"also: {examples} for each operation, and edge cases, as far as --max-requests allows"
    sent = f"{plural(len(plan.sent), 'case')} of {number(len(plan.steps))}"
    yield f"in all: {sent}, {plural(plan.requests, 'request')}, at most {number(plan.at_most)}; nothing was sent"


def plan_form(plan: Plan, registry: Registry) -> dict[str, Any]:
    """Return a plan for JSON."""
    sums = plan.by_requirement()
    return {
        "preflight": plan.preflight,
        "requests": plan.requests,
        "at_most": plan.at_most,
        "requirements": [
            {"id": each.id, "level": each.level, "requests": sums[each.id][0], "at_most": sums[each.id][1]}
            for each in registry.requirement
            if each.id in sums
        ],
        "skipped": [{"case": step.case.id, "reason": describe(step.skipped)} for step in plan.steps if step.skipped],
    }


def _skipped(plan: Plan) -> dict[Reason, list[str]]:
    grouped: defaultdict[Reason, list[str]] = defaultdict(list)
    for step in plan.steps:
        if step.skipped:
            grouped[step.skipped].append(step.case.id)
    return dict(grouped)


def _requirements(ids: Iterable[str]) -> list[str]:
    return sorted({each.partition(".")[0] for each in ids})
