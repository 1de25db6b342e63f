"""The plan of a run: the selected cases in order, and the reasons of those that are skipped."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.http.safety import Permit
from traits_sandbox.conformance.judging.requirements import Level, Registry
from traits_sandbox.conformance.reasons import Reason, ReasonKind
from traits_sandbox.errors import UsageError

_ORDER: tuple[Level, ...] = ("MUST", "SHOULD", "INFO")


@dataclass(frozen=True, slots=True)
class Step:
    """A case, and the reason why it is skipped; None if it is sent."""

    case: Case
    skipped: Reason | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they are sent: MUST first, each level shuffled by the seed."""

    steps: tuple[Step, ...]
    preflight: int
    clean_up: int

    @property
    def sent(self) -> tuple[Case, ...]:
        """Return the cases that are sent."""
        return tuple(step.case for step in self.steps if not step.skipped)

    @property
    def requests(self) -> int:
        """Return the number of requests to a conformant server that shows changes at once, without clean-up."""
        return self.preflight + sum(case.requests for case in self.sent)

    @property
    def at_most(self) -> int:
        """Return the largest number of requests, for slow servers and with clean-up."""
        return self.preflight + sum(case.limit for case in self.sent) + self.clean_up

    def by_requirement(self) -> dict[str, tuple[int, int]]:
        """Return for each requirement the number of requests of its cases, and the largest number."""
        sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for case in self.sent:
            usual, most = sums[case.requirement]
            sums[case.requirement] = usual + case.requests, most + case.limit
        return dict(sums)


def select(cases: Iterable[Case], only: tuple[str, ...]) -> list[Case]:
    """Return the selected cases: all, or those whose id or requirement fits a pattern.

    Raises:
        UsageError: a pattern fits no case.

    """
    known = list(cases)
    for pattern in only:
        if not any(fits(case, pattern) for case in known):
            raise UsageError(f"no case fits --only {pattern}; `traits-sandbox conformance list` shows them")
    return [case for case in known if not only or any(fits(case, pattern) for pattern in only)]


def fits(case: Case, pattern: str) -> bool:
    """Return whether a case fits a pattern of case ids or requirement ids; letter case is ignored."""
    return any(fnmatchcase(each.lower(), pattern.lower()) for each in (case.id, case.requirement))


def make_plan(
    cases: list[Case], registry: Registry, permit: Permit, *, secured: bool, seed: int, preflight: int
) -> Plan:
    """Return a plan: the cases in order, and which are skipped."""
    by_level: dict[Level, list[Case]] = {level: [] for level in _ORDER}
    for case in cases:
        by_level[registry[case.requirement].level].append(case)
    for level, group in by_level.items():
        Random(f"{seed}/order/{level}").shuffle(group)  # noqa: S311 - to repeat a run, not to hide anything
    steps = tuple(Step(case, _reason(case, permit, secured)) for level in _ORDER for case in by_level[level])
    return Plan(steps, preflight, 0)


def _reason(case: Case, permit: Permit, secured: bool) -> Reason | None:
    if case.secured and not secured:
        return Reason.of(ReasonKind.NOT_APPLICABLE)
    return None if permit.allows(case.reach) else Reason.of(ReasonKind.CASE_NOT_ALLOWED, reach=case.reach)
