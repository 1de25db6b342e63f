"""What a run will send: the selected cases, in order, each with the reason why it is not sent, if there is one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random

from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.http.safety import Permit
from traits_sandbox.conformance.judging.requirements import Level, Registry
from traits_sandbox.errors import UsageError

_ORDER: tuple[Level, ...] = ("MUST", "SHOULD", "INFO")


@dataclass(frozen=True, slots=True)
class Step:
    """A case with the reason why it is skipped, empty if it is sent."""

    case: Case
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they are sent: what a server MUST do first, shuffled by the seed."""

    steps: tuple[Step, ...]
    preflight: int
    clean_up: int

    @property
    def sent(self) -> tuple[Case, ...]:
        """Return the cases that are sent."""
        return tuple(step.case for step in self.steps if not step.skipped)

    @property
    def requests(self) -> int:
        """Return how many requests a server that keeps its promises at once gets to see, without clean-up."""
        return self.preflight + sum(case.requests for case in self.sent)

    @property
    def at_most(self) -> int:
        """Return how many requests are sent at most, slow servers and clean-up included."""
        return self.preflight + sum(case.limit for case in self.sent) + self.clean_up

    def by_requirement(self) -> dict[str, tuple[int, int]]:
        """Return for each requirement how many requests its cases send, and how many at most."""
        sums: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        for case in self.sent:
            usual, most = sums[case.requirement]
            sums[case.requirement] = usual + case.requests, most + case.limit
        return dict(sums)


def select(cases: Iterable[Case], only: tuple[str, ...]) -> list[Case]:
    """Return the cases that a person asked for: all, or those whose id or requirement fits a pattern.

    Raises:
        UsageError: a pattern fits nothing.

    """
    known = list(cases)
    for pattern in only:
        if not any(fits(case, pattern) for case in known):
            raise UsageError(f"no case fits --only {pattern}; `traits-sandbox conformance list` shows them")
    return [case for case in known if not only or any(fits(case, pattern) for pattern in only)]


def fits(case: Case, pattern: str) -> bool:
    """Tell whether a case is meant by a pattern of case ids or requirement ids, in whichever letter case."""
    return any(fnmatchcase(each.lower(), pattern.lower()) for each in (case.id, case.requirement))


def make_plan(
    cases: list[Case], registry: Registry, permit: Permit, *, secured: bool, seed: int, preflight: int
) -> Plan:
    """Order the cases and tell which are not sent."""
    by_level: dict[Level, list[Case]] = {level: [] for level in _ORDER}
    for case in cases:
        by_level[registry[case.requirement].level].append(case)
    for level, group in by_level.items():
        Random(f"{seed}/order/{level}").shuffle(group)  # noqa: S311 - to repeat a run, not to hide anything
    steps = tuple(Step(case, _reason(case, permit, secured)) for level in _ORDER for case in by_level[level])
    return Plan(steps, preflight, 0)


def _reason(case: Case, permit: Permit, secured: bool) -> str:
    if case.secured and not secured:
        return NOT_APPLICABLE
    return "" if permit.allows(case.reach) else f"{NOT_ALLOWED}: it reaches as far as {case.reach!r}"


NOT_ALLOWED = "not allowed on this target"
NOT_APPLICABLE = "not applicable: the target is spoken to over plain HTTP"
