"""The events of a run, for its progress."""

from collections.abc import Callable
from dataclasses import dataclass

from traits_sandbox.conformance.judging.report import Result


@dataclass(frozen=True, slots=True)
class RunPlanned:
    """The run begins, with this many planned cases and requests."""

    cases: int
    requests: int


@dataclass(frozen=True, slots=True)
class CaseEnded:
    """A case has ended: its result, the number of requests so far, and other requirements that its replies broke.

    The result has all exchanges, also if it passed.
    """

    result: Result
    sent: int
    broken: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The run begins a stage other than cases, such as exploring or cleaning up."""

    name: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The run was cancelled. `left_behind` lists the data that it created and could not remove."""

    prefix: str
    left_behind: tuple[str, ...]


RunEvent = RunPlanned | CaseEnded | Stage | Interrupted
Observer = Callable[[RunEvent], None]


def nobody(_: RunEvent) -> None:
    """Ignore an event."""
