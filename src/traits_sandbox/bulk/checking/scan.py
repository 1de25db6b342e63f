"""Checks a load: lists its files, splits them into tasks, runs the tasks, and makes one report of their results."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from operator import add
from time import monotonic

import msgspec

from traits_sandbox.bulk.checking.engine import Engine
from traits_sandbox.bulk.checking.merging import file_report, folder_reports
from traits_sandbox.bulk.checking.notices import about_files
from traits_sandbox.bulk.checking.quarantine import Quarantine
from traits_sandbox.bulk.checking.unchecked import RootListing, unchecked_roots
from traits_sandbox.bulk.storage.folder_names import FolderNames
from traits_sandbox.bulk.storage.layout import FolderLayout
from traits_sandbox.bulk.storage.paths import without_surrogates
from traits_sandbox.bulk.storage.sources import Access, FileSource
from traits_sandbox.bulk.storage.streams import is_encoded
from traits_sandbox.bulk.values import At, FilePlace, LoadReport, Notice, Stored, Task, TaskResult
from traits_sandbox.contract.model import Contract

PART = 64 * 2**20


class Progress(msgspec.Struct, frozen=True):
    """The progress of a check: files, bytes, rows and bad rows so far, and the numbers of all files and bytes."""

    files: int
    all_files: int
    bytes: int
    all_bytes: int
    rows: int
    bad_rows: int


ProgressListener = Callable[[Progress], None]
"""Is called with the progress of a check whenever it has changed."""


class LoadListing(msgspec.Struct, frozen=True):
    """The files below some URIs: the tasks of each file, in order, and what else is below each URI."""

    tasks: tuple[Task, ...]
    roots: tuple[RootListing, ...]

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Return the notices about files that are not read."""
        return tuple(notice for root in self.roots for notice in root.skipped)


def list_load(uris: Iterable[str], contract: Contract, access: Access, *, part: int | None = None) -> LoadListing:
    """List the files below some URIs, and split large ones into tasks of `part` bytes (PART by default).

    Raises:
        UsageError: a URI is not one of a storage.
        StorageError: a storage cannot be listed.

    """
    layout, tasks, roots = FolderLayout(contract), list[Task](), list[RootListing]()
    for uri in uris:
        source, size = FileSource(uri, access), part or PART
        root = RootListing(uri, source.name)
        for stored in source.files():
            if place := root.add(stored, layout):
                whole = stored.size > size and is_encoded(source, stored)
                tasks += split(uri, stored, place, size=stored.size if whole else size)
        roots.append(root)
    return LoadListing(tuple(tasks), tuple(roots))


def split(root: str, stored: Stored, place: FilePlace, *, size: int) -> list[Task]:
    """Return the tasks of a file, of at most `size` bytes if it is uncompressed NDJSON, else one.

    Only in uncompressed NDJSON can lines be found without reading everything before them.
    """
    divisible = place.format == "ndjson" and not place.compression
    starts = range(0, stored.size, size) if divisible and stored.size > size else range(1)
    return [
        Task(
            root=root,
            stored=stored,
            place=place,
            start=start,
            end=min(start + size, stored.size) if len(starts) > 1 else stored.size,
            part=part,
            parts=len(starts),
        )
        for part, start in enumerate(starts)
    ]


def check(
    uris: Iterable[str],
    contract: Contract,
    engine: Engine,
    *,
    access: Access,
    keep: int,
    on_progress: ProgressListener,
    quarantine: Quarantine | None = None,
    part: int | None = None,
    allow_empty: bool = False,
) -> LoadReport:
    """Check every file below some URIs.

    `keep` is the number of bad rows of each file in the report. Large files are split into tasks of `part` bytes
    (PART by default). With `allow_empty`, a load without any rows is good.

    Raises:
        UsageError: a URI is not one of a storage, or the quarantine cannot be written.
        StorageError: a storage cannot be listed.

    """
    begin, uris = monotonic(), _distinct(map(without_surrogates, uris), access)
    listed = list_load(uris, contract, access, part=part)
    tasks = quarantine.spooling(listed.tasks) if quarantine else listed.tasks
    outcomes = _run(tasks, engine, contract.edition, access, keep, on_progress)
    files = tuple(file_report(of_file, outcomes[at], keep) for at, of_file in sorted(_by_file(tasks).items()))
    unchecked = tuple(unchecked_roots(listed.roots, files, FolderNames(contract)))
    if quarantine:
        quarantine.fill(files, tasks, outcomes)
        quarantine.list_unchecked(unchecked)
    parts_of = {at: [part.sketch for part in parts] for at, parts in outcomes.items()}
    return LoadReport(
        uris=uris,
        edition=contract.edition,
        files=files,
        folders=folder_reports(files),
        notices=(*listed.notices, *about_files(files, parts_of)),
        unchecked=unchecked,
        allow_empty=allow_empty,
        seconds=monotonic() - begin,
    )


def _distinct(uris: Iterable[str], access: Access) -> tuple[str, ...]:
    """Return the URIs without those that are another spelling of an earlier one."""
    names = dict[str, str]()
    for uri in uris:
        names.setdefault(FileSource(uri, access).name, uri)
    return tuple(names.values())


def _run(
    tasks: tuple[Task, ...], engine: Engine, edition: str, access: Access, keep: int, on_progress: ProgressListener
) -> dict[At, list[TaskResult]]:
    """Run all tasks; return the results of each file in the order of its parts."""
    outcomes: defaultdict[At, list[TaskResult]] = defaultdict(list)
    counter = _ProgressCounter(tasks, on_progress)
    with closing(engine.run(tasks, edition, access, keep, counter.advance)) as results:
        for task, outcome in results:
            counter.finish(task, outcome)
            outcomes[task.at].append(outcome)
    for parts in outcomes.values():
        parts.sort(key=lambda outcome: outcome.part)
    return outcomes


def _by_file(tasks: Iterable[Task]) -> dict[At, Task]:
    return {task.at: task for task in tasks}


class _ProgressCounter:
    """Counts the progress of a check, and passes it on."""

    def __init__(self, tasks: Sequence[Task], on_progress: ProgressListener) -> None:
        self._on_progress, self._left = on_progress, Counter(task.at for task in tasks)
        self._all = len(self._left), sum(task.end - task.start for task in tasks)
        self._files = self._done = 0
        # Bytes, rows and bad rows as reported by running tasks, and rows and bad rows of finished ones.
        self._advanced, self._rows, self._bad_rows = (0, 0, 0), 0, 0
        self._report()

    def advance(self, *more: int) -> None:
        """Count bytes that were read, rows and bad rows, while a task is running."""
        read, rows, bad_rows = map(add, self._advanced, more)
        self._advanced = read, rows, bad_rows
        self._report()

    def finish(self, task: Task, outcome: TaskResult) -> None:
        """Count a finished task."""
        self._left[task.at] -= 1
        self._files += not self._left[task.at]
        self._done += task.end - task.start
        self._rows, self._bad_rows = self._rows + outcome.rows, self._bad_rows + outcome.bad_rows
        self._report()

    def _report(self) -> None:
        all_files, all_bytes = self._all
        read, rows, bad_rows = self._advanced
        # Some bytes are read twice, and some bytes of unreadable files never. A task of a lost process counts again.
        done = max(self._done, min(read, all_bytes))
        rows, bad_rows = max(rows, self._rows), max(bad_rows, self._bad_rows)
        self._on_progress(Progress(self._files, all_files, done, all_bytes, rows, bad_rows))
