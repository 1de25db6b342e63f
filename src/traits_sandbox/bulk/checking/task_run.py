"""Runs one task, in this process, in another one, or on another machine."""

from collections.abc import Callable
from functools import cache

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats import csv as csv_files
from traits_sandbox.bulk.formats import ndjson
from traits_sandbox.bulk.formats import parquet as parquet_files
from traits_sandbox.bulk.storage.sources import Access, FileSource, ObjectGone, StorageError
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.bulk.values import UNLISTED, FileFormat, Task, TaskResult
from traits_sandbox.contract.load import load

CheckFile = Callable[[Task, FileSource, CategoryRules, FileStats], None]

"""Checks the rows of a task, and counts them in the statistics."""

_CHECKS: dict[FileFormat, CheckFile] = {"ndjson": ndjson.judge, "csv": csv_files.judge, "parquet": parquet_files.judge}

Ticker = Callable[[int, int, int], None]
"""Is called with numbers of bytes, rows and bad rows, each counted since the last call."""


def run(task: Task, edition: str, access: Access, keep: int, *, tick: Ticker | None = None) -> TaskResult:
    """Check the rows of a task, and return the result, also if the file cannot be read to its end.

    `keep` is the number of bad rows in the result. `tick` is called after each read.
    """
    stats = FileStats(task, keep=keep)
    count_read = _ReadCounter(stats, tick or _ignore)
    outcome = _outcome(task, FileSource(task.root, access, on_read=count_read), edition, stats)
    count_read(0)
    return outcome


class _ReadCounter:
    """Passes on how many bytes, rows and bad rows were counted since its last call."""

    def __init__(self, stats: FileStats, tick: Ticker) -> None:
        self._stats, self._tick = stats, tick
        self._rows = self._bad_rows = 0

    def __call__(self, count: int) -> None:
        rows, bad_rows = self._stats.rows, self._stats.bad_rows
        self._tick(count, rows - self._rows, bad_rows - self._bad_rows)
        self._rows, self._bad_rows = rows, bad_rows


def _ignore(*_: int) -> None:
    pass


def _outcome(task: Task, source: FileSource, edition: str, stats: FileStats) -> TaskResult:
    if task.stored.fault:
        return stats.outcome(task.stored.fault, UNLISTED)
    try:
        _CHECKS[task.place.format](task, source, _category(edition, task.place.folder), stats)
        source.check(task.stored)
    except ObjectGone as gone:
        return stats.outcome(str(gone), "gone")
    except Unreadable as error:
        return stats.outcome(str(error), error.kind)
    except StorageError as error:
        return stats.outcome(str(error), error.kind)
    except MemoryError:
        return stats.outcome("needs more memory than there is", "memory")
    return stats.outcome()


@cache
def _category(edition: str, folder: str) -> CategoryRules:
    return CategoryRules(load(edition), folder)
