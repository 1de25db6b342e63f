"""The planned faults, and the number of calls that each one was applied to."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from traits_sandbox.clock import Clock
from traits_sandbox.control.faults import Decision, Fault, Turn, decide
from traits_sandbox.control.matching import Matcher
from traits_sandbox.errors import UsageError

MAX_FAULTS = 1000

Candidates = Callable[[], Sequence[Any]]


class PlanFull(UsageError):
    """The plan is full: it has more faults than a test suite needs."""


@dataclass(slots=True)
class FaultCounts:
    """The counts of one fault on one dashboard: possible calls, calls with the fault, and the quota's window."""

    calls: int = 0
    hits: int = 0
    window_end: float = 0.0
    in_window: int = 0

    def next(self, window: float | None, now: float) -> Turn:
        """Count a call and return its number."""
        self.calls += 1
        if window is None:
            return Turn(self.calls)
        if now >= self.window_end or self.window_end - now > window:  # the clock may have been set back
            self.window_end, self.in_window = now + window, 0
        self.in_window += 1
        return Turn(self.calls, self.in_window, self.window_end - now)


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault with its id. Without a dashboard it applies to all dashboards, with separate counts for each.

    `expires_at` is in epoch seconds.
    """

    id: str
    fault: Fault
    dashboard: str | None
    expires_at: float | None
    matcher: Matcher | None
    counts_by_dashboard: dict[str, FaultCounts] = field(default_factory=dict)

    def concerns(self, operation: str, dashboard: str, candidates: Candidates) -> bool:
        """Return whether the fault can apply to a call."""
        return (
            self.dashboard in (None, dashboard)
            and self.fault.operation in (None, operation)
            and (self.matcher is None or any(self.matcher.matches(candidate) for candidate in candidates()))
        )

    @property
    def calls(self) -> int:
        """Return the number of calls that the fault could apply to."""
        return sum(counts.calls for counts in self.counts_by_dashboard.values())

    @property
    def hits(self) -> int:
        """Return the number of calls that the fault was applied to."""
        return sum(counts.hits for counts in self.counts_by_dashboard.values())


class FaultPlan:
    """The planned faults, oldest first. The first one that applies to a call takes effect; only this one counts it."""

    def __init__(self, clock: Clock, *, seed: int) -> None:
        self._clock = clock
        self._seed = seed
        self._number = 0
        self._planned: dict[str, PlannedFault] = {}

    @property
    def idle(self) -> bool:
        """Return whether no fault is planned."""
        return not self._planned

    def add(self, fault: Fault, dashboard: str | None = None) -> PlannedFault:
        """Plan a fault for one dashboard, or all; raises PlanFull, or MatchError for a bad matcher."""
        self._drop_expired()
        if len(self._planned) >= MAX_FAULTS:
            raise PlanFull(f"at most {MAX_FAULTS} faults can be planned: DELETE those that are no longer needed")
        matcher = None if fault.match is None else Matcher.of(fault.match)
        self._number += 1
        expires_at = None if fault.ttl is None else self._clock() + fault.ttl
        planned = PlannedFault(f"fault-{self._number}", fault, dashboard, expires_at, matcher)
        self._planned[planned.id] = planned
        return planned

    def planned(self, dashboard: str | None = None) -> Iterator[PlannedFault]:
        """Yield the faults of one dashboard, or all."""
        self._drop_expired()
        yield from [each for each in self._planned.values() if dashboard in (None, each.dashboard)]

    def find(self, fault_id: str, dashboard: str | None = None) -> PlannedFault | None:
        """Return a fault of one dashboard, or any."""
        return next((each for each in self.planned(dashboard) if each.id == fault_id), None)

    def remove(self, fault_id: str, dashboard: str | None = None) -> bool:
        """Remove a fault from the plan; return whether it was there."""
        found = self.find(fault_id, dashboard)
        return found is not None and self._planned.pop(found.id, None) is not None

    def clear(self, dashboard: str | None = None) -> int:
        """Remove the faults of one dashboard, or all, from the plan; return their number."""
        return sum(self.remove(each.id) for each in self.planned(dashboard))

    def claim(self, operation: str, dashboard: str, candidates: Candidates) -> tuple[str, Decision] | None:
        """Return the id and the decision of the first fault that applies to a call; `candidates` are its values."""
        self._drop_expired()
        for planned in self._planned.values():
            if planned.concerns(operation, dashboard, candidates) and (decision := self._ask(planned, dashboard)):
                return planned.id, decision
        return None

    def _ask(self, planned: PlannedFault, dashboard: str) -> Decision | None:
        counts = planned.counts_by_dashboard.setdefault(dashboard, FaultCounts())
        window = planned.fault.quota.window if planned.fault.quota else None
        decision = decide(planned.fault, counts.next(window, self._clock()), seed=self._seed)
        counts.hits += decision is not None
        return decision

    def _drop_expired(self) -> None:
        now = self._clock()
        for planned in list(self._planned.values()):
            if planned.expires_at is not None and now >= planned.expires_at:
                del self._planned[planned.id]
