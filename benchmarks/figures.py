"""What a benchmark yields: a ratio with the bar that it is held against, or the reason why there is none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Bar:
    """The ratio that a figure may be `at_most`, or must be `at_least`; one of the two is given."""

    at_most: float | None = None
    at_least: float | None = None

    def met_by(self, ratio: float) -> bool:
        """Tell whether a ratio keeps the bar."""
        if self.at_most is not None:
            return ratio <= self.at_most
        return self.at_least is None or ratio >= self.at_least

    def __str__(self) -> str:
        return f"≤ {self.at_most:g}" if self.at_most is not None else f"≥ {self.at_least:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio as every round gave it; without a bar it is only told. `note` says what it stands for in units."""

    id: str
    what: str
    rounds: tuple[float, ...]
    bar: Bar | None = None
    note: str = ""

    @property
    def ratio(self) -> float:
        """Return the median of the rounds."""
        return median(self.rounds)

    @property
    def met(self) -> bool | None:
        """Tell whether the median keeps the bar, None without one."""
        return self.bar.met_by(self.ratio) if self.bar else None

    def as_json(self) -> dict[str, Any]:
        """Return the figure as JSON values."""
        bar = {"at_most": self.bar.at_most, "at_least": self.bar.at_least} if self.bar else {}
        return {
            "id": self.id,
            "what": self.what,
            "ratio": self.ratio,
            "low": min(self.rounds),
            "high": max(self.rounds),
            "rounds": list(self.rounds),
            "bar": {name: value for name, value in bar.items() if value is not None} or None,
            "met": self.met,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A benchmark that cannot run here, and why."""

    id: str
    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return the reason as JSON values."""
        return {"id": self.id, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured: `rounds` of `tries` of which the best counts, and so on by what is repeated.

    Files have `load_bytes`, and five times as many.
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
