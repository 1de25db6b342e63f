"""Judges the results of a run: outcomes by requirement, expected deviations, and reasons why proof is missing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase

from traits_sandbox.conformance.judging.deviations import Deviation
from traits_sandbox.conformance.judging.report import Outcome, RequirementOutcome, Result
from traits_sandbox.conformance.judging.requirements import Level, Registry
from traits_sandbox.conformance.reasons import Reason, ReasonKind
from traits_sandbox.conformance.running.plan import Plan
from traits_sandbox.conformance.running.runner import RunState


def judge(registry: Registry, tally: RunState) -> tuple[RequirementOutcome, ...]:
    """Return the outcome of each tested requirement, in the order of the registry."""
    results: defaultdict[str, list[Result]] = defaultdict(list)
    for result in sorted(tally.results, key=lambda result: result.id):
        results[result.requirement].append(result)
    tried = results.keys() | tally.passed.keys()
    return tuple(
        RequirementOutcome(each, tally.passed[each.id], tuple(results[each.id]))
        for each in registry.requirement
        if each.id in tried
    )


def excuse(
    tally: RunState, deviations: Iterable[Deviation], target: str, today: date, ran: frozenset[str]
) -> tuple[str, ...]:
    """Mark the expected failures; return the deviations that were expected and did not occur."""
    unused = []
    for deviation in deviations:
        if not deviation.counts(target, today):
            continue
        covered = [number for number, result in enumerate(tally.results) if _excused(result, deviation)]
        for number in covered:
            reason = Reason.of(ReasonKind.DEVIATION, text=deviation.reason, until=deviation.expires)
            tally.results[number] = replace(tally.results[number], outcome="deviation", reason=reason)
        if not covered and _tried(deviation, ran):
            unused.append(f"{deviation.case}: expected {deviation.observed}, which did not occur ({deviation.reason})")
    return tuple(unused)


def _excused(result: Result, deviation: Deviation) -> bool:
    return result.outcome == "failed" and deviation.covers(result)


def _tried(deviation: Deviation, ran: frozenset[str]) -> bool:
    """Return whether a case of the deviation was sent; the deviation may name a requirement before the case."""
    return any(fnmatchcase(case, deviation.case) or deviation.case.endswith(case) for case in ran)


def missing(
    plan: Plan, tally: RunState, judged: tuple[RequirementOutcome, ...], deciding: frozenset[Level]
) -> Iterator[Reason]:
    """Yield the reasons why a run without failures does not prove conformance."""
    if not any(each.passed or each.failures for each in judged):
        kinds = {result.reason.kind for each in judged for result in each.results if result.reason}
        inapplicable = kinds == {ReasonKind.NOT_APPLICABLE}
        yield Reason.of(ReasonKind.NO_CASE_APPLIES if inapplicable else ReasonKind.NO_CASE_JUDGED)
    asked = {case.operation for case in plan.sent if case.requirement == "OP-001"}
    for operation in sorted(asked - tally.succeeded):
        yield Reason.of(ReasonKind.NEVER_SUCCEEDED, operation=operation)
    yield from _unproven(each for each in judged if each.requirement.level in deciding)


def _unproven(judged: Iterable[RequirementOutcome]) -> Iterator[Reason]:
    """Yield the reasons why requirements that decide were not judged, grouped by reason."""
    together: defaultdict[tuple[Reason, ...], list[str]] = defaultdict(list)
    for each in judged:
        if each.outcome == "inconclusive":
            together[_reasons(each, "inconclusive")].append(each.requirement.id)
        elif each.outcome == "skipped":
            unsent = tuple(reason for reason in _reasons(each, "skipped") if reason.kind in _UNSENT)
            if unsent:
                yield Reason.of(ReasonKind.REQUIREMENT_NOT_SENT, *unsent, requirements=each.requirement.id)
    for reasons, requirements in together.items():
        yield Reason.of(ReasonKind.REQUIREMENT_NOT_JUDGED, *reasons, requirements=", ".join(requirements))


_UNSENT = (ReasonKind.NOT_SENT, ReasonKind.HUNG)


def _reasons(judged: RequirementOutcome, outcome: Outcome) -> tuple[Reason, ...]:
    found = {result.reason for result in judged.results if result.outcome == outcome and result.reason}
    return tuple(sorted(found, key=lambda reason: (reason.kind, reason.values)))
