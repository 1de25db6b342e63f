"""Runs one task: the same function wherever it runs, in this process, in another, or on another machine."""

from collections.abc import Callable
from functools import cache

from traits_sandbox.bulk import csv_files, ndjson, parquet_files
from traits_sandbox.bulk.judging import Category, Tally
from traits_sandbox.bulk.sources import Access, ObjectGone, Source, StorageFault
from traits_sandbox.bulk.streams import Unreadable
from traits_sandbox.bulk.values import Format, Outcome, Task
from traits_sandbox.contract.load import load

Judge = Callable[[Task, Source, Category, Tally], None]

_JUDGES: dict[Format, Judge] = {"ndjson": ndjson.judge, "csv": csv_files.judge, "parquet": parquet_files.judge}


def run(
    task: Task, edition: str, access: Access, keep: int, *, on_read: Callable[[int], None] | None = None
) -> Outcome:
    """Judge what a task names; a file that cannot be read to its end is an outcome too.

    `keep` is how many bad rows the outcome holds; `on_read` is told how many bytes came, as they come.
    """
    source, tally = Source(task.root, access, on_read=on_read), Tally(task, keep=keep)
    if task.stored.fault:
        return tally.outcome(task.stored.fault, "unlisted")
    try:
        _JUDGES[task.place.format](task, source, _category(edition, task.place.folder), tally)
        source.check(task.stored)
    except ObjectGone as gone:
        return tally.outcome(str(gone), "gone")
    except Unreadable as error:
        return tally.outcome(str(error), error.kind)
    except StorageFault as error:
        return tally.outcome(str(error), "storage")
    return tally.outcome()


@cache
def _category(edition: str, folder: str) -> Category:
    return Category(load(edition), folder)
