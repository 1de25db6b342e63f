"""The progress of a check: a bar on a terminal, elsewhere a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Column

from traits_sandbox.bulk.checking.scan import Progress, ProgressListener
from traits_sandbox.reporting.progress import ProgressState, each_interval, progress_view
from traits_sandbox.reporting.words import number, plural, size

EVERY: Final = 10.0
"""Seconds between two lines where there is no terminal."""

_SETTLED: Final = 0.5
"""Seconds before a rate is meaningful."""


@contextmanager
def progress(console: Console, clock: Callable[[], float] = monotonic) -> Iterator[ProgressListener]:
    """Yield a function that shows the progress of a check on a console."""
    columns = (
        SpinnerColumn(),
        BarColumn(10),
        # Where there is little room, the bar becomes shorter first.
        DownloadColumn(binary_units=True, table_column=Column(no_wrap=True)),
        TextColumn("{task.description}", table_column=Column(no_wrap=True)),
        TimeRemainingColumn(compact=True),
    )
    begin = clock()
    with progress_view(console, columns, "listing", each_interval(EVERY)) as view:
        yield lambda progress: view.update(_state(progress, clock() - begin))


def _state(progress: Progress, seconds: float) -> ProgressState:
    rate = _rate(progress, seconds)
    words = [f"{size(progress.bytes)} of {size(progress.all_bytes)}", _counts(progress), rate]
    if 0 < progress.bytes < progress.all_bytes:
        words.append(f"about {seconds * (progress.all_bytes / progress.bytes - 1):.0f} s left")
    ended = 0 < progress.files == progress.all_files
    done = progress.all_bytes if ended else min(progress.bytes, progress.all_bytes - 1)
    return ProgressState(
        done=done if progress.all_bytes else 0,
        total=progress.all_bytes,
        text=f"{_counts(progress)} {rate}",
        line=", ".join(filter(None, words)),
        seconds=seconds,
    )


def _counts(progress: Progress) -> str:
    return f"{number(progress.files)}/{plural(progress.all_files, 'file')} {number(progress.bad_rows)} bad"


def _rate(progress: Progress, seconds: float) -> str:
    if seconds < _SETTLED:
        return ""
    rows = progress.rows / seconds
    text = f"{rows:.0f}" if rows < 1000 else f"{rows / 1000:.0f}k"
    # Nothing is known about rows before the first ones are judged.
    return f"{text} rows/s {size(progress.bytes / seconds)}/s" if rows else f"{size(progress.bytes / seconds)}/s"
