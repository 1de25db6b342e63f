"""What a person sees while a check goes on: a bar on a terminal, elsewhere a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Column

from traits_sandbox.bulk.checking.scan import Progress, ProgressListener
from traits_sandbox.bulk.reports.words import number, plural, size

EVERY: Final = 10.0
"""Seconds between two lines where there is no terminal."""

_SETTLED: Final = 0.5
"""Seconds before which a rate says nothing."""


@contextmanager
def progress(console: Console, clock: Callable[[], float] = monotonic) -> Iterator[ProgressListener]:
    """Lend what shows on a console how far a check has come."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield _CheckLines(console, clock)
        return
    columns = (
        SpinnerColumn(),
        BarColumn(10),
        # Where there is little room, the bar gives way first.
        DownloadColumn(binary_units=True, table_column=Column(no_wrap=True)),
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
    )
    with Bar(*columns, console=console, transient=True, refresh_per_second=5) as bar:
        yield _CheckBar(bar, clock)


class _CheckBar:
    def __init__(self, bar: Bar, clock: Callable[[], float]) -> None:
        self._bar, self._clock, self._begin = bar, clock, clock()
        self._task = bar.add_task("listing", total=None)

    def __call__(self, progress: Progress) -> None:
        told = f"{_so_far(progress)} {_rate(progress, self._clock() - self._begin)}"
        self._bar.update(self._task, total=progress.all_bytes, completed=progress.bytes, description=told)


class _CheckLines:
    def __init__(self, console: Console, clock: Callable[[], float]) -> None:
        self._console, self._clock = console, clock
        self._begin = clock()
        self._next = self._begin + EVERY

    def __call__(self, progress: Progress) -> None:
        now = self._clock()
        ended = 0 < progress.files == progress.all_files
        if now < self._next and not ended:
            return
        self._next = now + EVERY
        seconds = now - self._begin
        told = [f"{size(progress.bytes)} of {size(progress.all_bytes)}", _so_far(progress), _rate(progress, seconds)]
        if 0 < progress.bytes < progress.all_bytes:
            told.append(f"about {seconds * (progress.all_bytes / progress.bytes - 1):.0f} s left")
        self._console.print(", ".join(filter(None, told)), soft_wrap=True, highlight=False, markup=False)


def _so_far(progress: Progress) -> str:
    return f"{number(progress.files)}/{plural(progress.all_files, 'file')} {number(progress.bad_rows)} bad"


def _rate(progress: Progress, seconds: float) -> str:
    if seconds < _SETTLED:
        return ""
    rows = progress.rows / seconds
    told = f"{rows:.0f}" if rows < 1000 else f"{rows / 1000:.0f}k"
    # Of rows nothing is known before the first of them are judged.
    return f"{told} rows/s {size(progress.bytes / seconds)}/s" if rows else f"{size(progress.bytes / seconds)}/s"
