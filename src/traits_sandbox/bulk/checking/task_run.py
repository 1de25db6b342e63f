"""Runs one task: the same function wherever it runs, in this process, in another, or on another machine."""

from collections.abc import Callable
from functools import cache

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats import csv as csv_files
from traits_sandbox.bulk.formats import ndjson
from traits_sandbox.bulk.formats import parquet as parquet_files
from traits_sandbox.bulk.storage.sources import Access, FileSource, ObjectGone, StorageFault
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.bulk.values import STORAGE, UNLISTED, FileFormat, Task, TaskResult
from traits_sandbox.contract.load import load

CheckFile = Callable[[Task, FileSource, CategoryRules, FileStats], None]

_JUDGES: dict[FileFormat, CheckFile] = {"ndjson": ndjson.judge, "csv": csv_files.judge, "parquet": parquet_files.judge}


Ticker = Callable[[int, int, int], None]
"""What is told how many more bytes were read, rows judged, and rows of these found bad."""


def run(task: Task, edition: str, access: Access, keep: int, *, tick: Ticker | None = None) -> TaskResult:
    """Judge what a task names; a file that cannot be read to its end is an outcome too.

    `keep` is how many bad rows the outcome holds; `tick` is told how far it has come, as often as bytes come.
    """
    tally = FileStats(task, keep=keep)
    pace = _Pace(tally, tick or _nobody)
    outcome = _outcome(task, FileSource(task.root, access, on_read=pace), edition, tally)
    pace(0)
    return outcome


class _Pace:
    """Tells how far a tally has come since it was last told."""

    def __init__(self, tally: FileStats, tick: Ticker) -> None:
        self._tally, self._tick = tally, tick
        self._rows = self._bad_rows = 0

    def __call__(self, count: int) -> None:
        rows, bad_rows = self._tally.rows, self._tally.bad_rows
        self._tick(count, rows - self._rows, bad_rows - self._bad_rows)
        self._rows, self._bad_rows = rows, bad_rows


def _nobody(*_: int) -> None:
    pass


def _outcome(task: Task, source: FileSource, edition: str, tally: FileStats) -> TaskResult:
    if task.stored.fault:
        return tally.outcome(task.stored.fault, UNLISTED)
    try:
        _JUDGES[task.place.format](task, source, _category(edition, task.place.folder), tally)
        source.check(task.stored)
    except ObjectGone as gone:
        return tally.outcome(str(gone), "gone")
    except Unreadable as error:
        return tally.outcome(str(error), error.kind)
    except StorageFault as error:
        return tally.outcome(str(error), STORAGE)
    except MemoryError:
        return tally.outcome("needs more memory than there is", "memory")
    return tally.outcome()


@cache
def _category(edition: str, folder: str) -> CategoryRules:
    return CategoryRules(load(edition), folder)
