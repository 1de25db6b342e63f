"""The results of benchmarks: a ratio with its target, or the reason why a benchmark cannot run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """The largest ratio of a figure, `at_most`, or the smallest, `at_least`; one of the two is set."""

    at_most: float | None = None
    at_least: float | None = None

    def met_by(self, ratio: float) -> bool:
        """Return whether a ratio meets the target."""
        if self.at_most is not None:
            return ratio <= self.at_most
        return self.at_least is None or ratio >= self.at_least

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """The ratios of all rounds, and the target if there is one. `note` has the measured values with their units."""

    id: str
    what: str
    rounds: tuple[float, ...]
    target: Target | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return the median of the rounds."""
        return median(self.rounds)

    @property
    def met(self) -> bool | None:
        """Return whether the median meets the target, or None without a target."""
        return self.target.met_by(self.ratio) if self.target else None

    def as_json(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        target = {"at_most": self.target.at_most, "at_least": self.target.at_least} if self.target else {}
        return {
            "id": self.id,
            "what": self.what,
            "ratio": self.ratio,
            "low": min(self.rounds),
            "high": max(self.rounds),
            "rounds": list(self.rounds),
            "target": {name: value for name, value in target.items() if value is not None} or None,
            "met": self.met,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A benchmark that cannot run on this machine, and the reason."""

    id: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the reason as JSON values."""
        return {"id": self.id, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    There are `rounds` of `tries`, of which the best one is used. `loads`, `starts`, `fills` and `batches` are the
    numbers of repetitions of single benchmarks. Files have `load_bytes`, and five times as many.
    """

    rounds: int
    tries: int
    loads: int
    starts: int
    fills: int
    batches: int
    load_bytes: int


FULL = Effort(rounds=15, tries=10, loads=7, starts=15, fills=3, batches=1000, load_bytes=10**9)
QUICK = Effort(rounds=5, tries=3, loads=1, starts=3, fills=1, batches=100, load_bytes=5 * 10**7)

Result = Figure | Skipped
Benchmark = Callable[[Effort], Iterator[Result]]
