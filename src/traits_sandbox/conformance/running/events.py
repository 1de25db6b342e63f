"""What a run tells while it goes on, for whoever shows its progress."""

from collections.abc import Callable
from dataclasses import dataclass

from traits_sandbox.conformance.judging.report import Result


@dataclass(frozen=True, slots=True)
class RunPlanned:
    """The run begins: so many cases and requests are planned."""

    cases: int
    requests: int


@dataclass(frozen=True, slots=True)
class CaseEnded:
    """A case is over: its own result, how many requests have been sent in all, what its replies broke besides.

    The result has all exchanges, also where it passed.
    """

    result: Result
    sent: int
    broken: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """The run turns to something other than cases, such as exploring or cleaning up."""

    name: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The run was ended from outside. `left_behind` lists what it could not remove of what it knows to have made."""

    prefix: str
    left_behind: tuple[str, ...]


RunEvent = RunPlanned | CaseEnded | Stage | Interrupted
Observer = Callable[[RunEvent], None]


def nobody(_: RunEvent) -> None:
    """Take no notice."""
