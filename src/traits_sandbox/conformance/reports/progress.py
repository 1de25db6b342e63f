"""Shows the progress of a run: as a bar on a terminal, otherwise as some lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from traits_sandbox.conformance.judging.requirements import AREAS
from traits_sandbox.conformance.running.events import CaseEnded, Interrupted, Observer, RunEvent, RunPlanned, Stage
from traits_sandbox.reporting.progress import ProgressState, ProgressView, each_part, progress_view
from traits_sandbox.reporting.words import number, plural, printable

LINES: Final = 10
"""The number of progress lines of a run without a terminal."""

NAMED: Final = 3
"""The number of failed requirements that are named during the run."""


@contextmanager
def progress(console: Console, deciding: frozenset[str]) -> Iterator[Observer]:
    """Yield a function that shows the events of a run; `deciding` are the ids of the requirements that decide."""
    columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with progress_view(console, columns, "waiting for the first reply", each_part(LINES)) as view:
        yield _RunProgress(view, deciding)


class _RunProgress:
    """Counts the events of a run and shows the counts."""

    def __init__(self, view: ProgressView, deciding: frozenset[str]) -> None:
        self._view, self._deciding = view, deciding
        self._failed = set[str]()
        self._cases = self._done = self._sent = 0

    def __call__(self, event: RunEvent) -> None:
        """Show an event."""
        match event:
            case RunPlanned(cases, requests):
                self._cases = cases
                line = f"{plural(cases, 'case')}, {plural(requests, 'request')}"
                self._view.begin_stage(self._counts(), line)
            case CaseEnded():
                self._end_case(event)
            case Stage(name):
                self._view.begin_stage(f"{self._counts()}  {printable(name)}", printable(name))
            case Interrupted():
                self._view.note(printable(_interruption(event)))

    def _end_case(self, event: CaseEnded) -> None:
        self._done, self._sent = self._done + 1, event.sent
        self._failed |= {each.requirement for each in (event.result, *event.broken) if each.outcome == "failed"}
        area = AREAS[event.result.requirement.partition("-")[0]]
        line = f"{number(self._done)} of {plural(self._cases, 'case')}, {self._counts()}"
        self._view.update(ProgressState(self._done, self._cases, f"{self._counts()}  {area}", printable(line)))

    def _counts(self) -> str:
        failed = sorted(self._failed & self._deciding)
        words = f"failed: {', '.join(failed[:NAMED])}{', …' * (len(failed) > NAMED)}" if failed else "none failed"
        return f"{plural(self._sent, 'request')}, {words}"


def _interruption(event: Interrupted) -> str:
    left = f"left behind: {'; '.join(event.left_behind)}" if event.left_behind else "all known test data was removed"
    return f"interrupted; {left}. Any remaining data of this run has ids that start with {event.prefix}"
