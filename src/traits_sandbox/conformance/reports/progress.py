"""What a person sees while a run goes on: a bar on a terminal, elsewhere a line now and then."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from traits_sandbox.conformance.judging.requirements import AREAS
from traits_sandbox.conformance.reports.words import plural, printable
from traits_sandbox.conformance.running.events import CaseEnded, Interrupted, Observer, RunEvent, RunPlanned, Stage

LINES: Final = 10
"""How many lines tell of the cases of a run where there is no terminal."""

NAMED: Final = 3
"""How many failed requirements are named while the run goes on."""


@contextmanager
def progress(console: Console, deciding: frozenset[str]) -> Iterator[Observer]:
    """Lend what shows the events of a run on a console; `deciding` are the ids of the requirements that decide."""
    so_far = _SoFar(deciding)
    if not console.is_terminal or console.is_dumb_terminal:
        yield _RunLines(console, so_far)
        return
    columns = (BarColumn(24), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield _RunBar(bar, so_far)


class _SoFar:
    """Counts what has happened so far."""

    def __init__(self, deciding: frozenset[str]) -> None:
        self._deciding, self._failed = deciding, set[str]()
        self.cases = self.done = self._sent = 0
        self.area = ""

    def count(self, event: RunPlanned | CaseEnded) -> None:
        if isinstance(event, RunPlanned):
            self.cases = event.cases
            return
        self.done, self._sent = self.done + 1, event.sent
        self._failed |= {each.requirement for each in (event.result, *event.broken) if each.outcome == "failed"}
        self.area = AREAS[event.result.requirement.partition("-")[0]]

    def __str__(self) -> str:
        failed = sorted(self._failed & self._deciding)
        told = f"failed: {', '.join(failed[:NAMED])}{', …' * (len(failed) > NAMED)}" if failed else "none failed"
        return f"{plural(self._sent, 'request')}, {told}"


class _RunBar:
    def __init__(self, bar: Progress, so_far: _SoFar) -> None:
        self._bar, self._so_far = bar, so_far
        self._task: TaskID = bar.add_task("asking for a sign of life", total=None)

    def __call__(self, event: RunEvent) -> None:
        match event:
            case RunPlanned() | CaseEnded():
                self._so_far.count(event)
                told = f"{self._so_far}  {self._so_far.area}"
                self._bar.update(self._task, total=self._so_far.cases, completed=self._so_far.done, description=told)
            case Stage(name):
                self._bar.update(self._task, description=f"{self._so_far}  {printable(name)}")
            case Interrupted():
                _say_interrupted(self._bar.console, event)


class _RunLines:
    def __init__(self, console: Console, so_far: _SoFar) -> None:
        self._console, self._so_far = console, so_far

    def __call__(self, event: RunEvent) -> None:
        match event:
            case RunPlanned(cases, requests):
                self._so_far.count(event)
                self._say(f"{plural(cases, 'case')}, {plural(requests, 'request')}")
            case CaseEnded():
                self._so_far.count(event)
                if self._due():
                    self._say(f"{self._so_far.done} of {plural(self._so_far.cases, 'case')}, {self._so_far}")
            case Stage(name):
                self._say(name)
            case Interrupted():
                _say_interrupted(self._console, event)

    def _due(self) -> bool:
        done, cases = self._so_far.done * LINES, self._so_far.cases
        return done // cases > (done - LINES) // cases

    def _say(self, text: str) -> None:
        self._console.print(printable(text), soft_wrap=True, highlight=False, markup=False)


def _say_interrupted(console: Console, event: Interrupted) -> None:
    left = f"left behind: {'; '.join(event.left_behind)}" if event.left_behind else "removed what was known to be made"
    text = f"interrupted; {left}; whatever else it made has ids that begin with {event.prefix}"
    console.print(printable(text), soft_wrap=True, highlight=False, markup=False)
