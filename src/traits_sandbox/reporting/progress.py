"""The progress of long work: a bar on a terminal, lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from rich.console import Console
from rich.progress import Progress, ProgressColumn

from traits_sandbox.reporting.terminal import print_plain

_REFRESHES_A_SECOND: Final = 5


@dataclass(frozen=True, slots=True)
class ProgressState:
    """How far work is: `done` of `total` (None if it is not known), in words for a bar and as a line of its own.

    `seconds` is the time since the work began.
    """

    done: float
    total: float | None
    text: str
    line: str
    seconds: float = 0.0


class ProgressView(Protocol):
    """Shows the progress of some work."""

    def update(self, state: ProgressState) -> None:
        """Show how far the work is."""

    def begin_stage(self, text: str, line: str) -> None:
        """Show that a new stage of the work begins."""

    def note(self, line: str) -> None:
        """Print a line that stays."""


IsDue = Callable[[ProgressState], bool]
"""Tells whether a state is worth a line where there is no terminal; asked once for each state, in order."""


@contextmanager
def progress_view(
    console: Console, columns: tuple[ProgressColumn, ...], first: str, is_due: IsDue
) -> Iterator[ProgressView]:
    """Yield a view for a console: a bar with these columns, or lines. `first` describes the work until it is known."""
    if not console.is_terminal or console.is_dumb_terminal or not console.file.isatty():
        yield _LineView(console, is_due)
        return
    with Progress(*columns, console=console, transient=True, refresh_per_second=_REFRESHES_A_SECOND) as bar:
        yield _BarView(bar, first)


def each_interval(seconds: float) -> IsDue:
    """Return a rule for one line in each interval of seconds, and one at the end of the work."""
    due = seconds

    def is_due(state: ProgressState) -> bool:
        nonlocal due
        if state.seconds < due and not (state.total and state.done == state.total):
            return False
        due = state.seconds + seconds
        return True

    return is_due


def each_part(parts: int) -> IsDue:
    """Return a rule for one line after each of several equal parts of the work."""
    passed = 0

    def is_due(state: ProgressState) -> bool:
        nonlocal passed
        before, passed = passed, int(parts * state.done // state.total) if state.total else 0
        return passed > before

    return is_due


class _BarView:
    def __init__(self, bar: Progress, first: str) -> None:
        self._bar = bar
        self._task = bar.add_task(first, total=None)

    def update(self, state: ProgressState) -> None:
        self._bar.update(self._task, total=state.total, completed=state.done, description=state.text)

    def begin_stage(self, text: str, line: str) -> None:
        del line
        self._bar.update(self._task, description=text)

    def note(self, line: str) -> None:
        print_plain(self._bar.console, line)


class _LineView:
    def __init__(self, console: Console, is_due: IsDue) -> None:
        self._console, self._is_due = console, is_due

    def update(self, state: ProgressState) -> None:
        if self._is_due(state):
            self.note(state.line)

    def begin_stage(self, text: str, line: str) -> None:
        del text
        self.note(line)

    def note(self, line: str) -> None:
        print_plain(self._console, line)
