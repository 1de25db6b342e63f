"""Checks whole loads: lists the files, parts them into tasks, has these run, and makes one report of the outcomes."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from operator import add
from time import monotonic

import msgspec

from traits_sandbox.bulk.checking.engine import Engine
from traits_sandbox.bulk.checking.merging import file_report, folder_reports
from traits_sandbox.bulk.checking.notices import about_files, nothing_found
from traits_sandbox.bulk.checking.quarantine import Quarantine
from traits_sandbox.bulk.storage.layout import FolderLayout
from traits_sandbox.bulk.storage.sources import Access, FileSource
from traits_sandbox.bulk.values import At, FilePlace, LoadReport, Notice, Stored, Task, TaskResult
from traits_sandbox.contract.model import Contract

PART = 64 * 2**20


class Progress(msgspec.Struct, frozen=True):
    """How far a check has come: files and bytes done of all, rows and bad rows so far."""

    files: int
    all_files: int
    bytes: int
    all_bytes: int
    rows: int
    bad_rows: int


Tell = Callable[[Progress], None]


class Listed(msgspec.Struct, frozen=True):
    """What was found below the roots: the tasks of each file, in order, and what is not read."""

    tasks: tuple[Task, ...]
    notices: tuple[Notice, ...]


def look(uris: Iterable[str], contract: Contract, access: Access, *, part: int | None = None) -> Listed:
    """List the files below some roots; what can be parted is, into tasks of `part` bytes (PART, if not given).

    Raises:
        UsageError: a URI is none that can be read.
        StorageFault: a storage cannot be listed.

    """
    layout, tasks, notices = FolderLayout(contract), list[Task](), list[Notice]()
    for uri in uris:
        for stored in FileSource(uri, access).files():
            # What cannot be read is no notice: something may be missing for its sake.
            shut = FilePlace(folder=stored.key.partition("/")[0], format="ndjson")
            place = shut if stored.fault else layout.read(stored.key)
            if isinstance(place, Notice):
                notices.append(msgspec.structs.replace(place, root=uri))
            elif place is not None:
                tasks += parted(uri, stored, place, size=part or PART)
    return Listed(tuple(tasks), tuple(notices))


def parted(root: str, stored: Stored, place: FilePlace, *, size: int) -> list[Task]:
    """Return the tasks of a file: several only where lines can be found without reading what is before them."""
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
    tell: Tell,
    quarantine: Quarantine | None = None,
    part: int | None = None,
) -> LoadReport:
    """Judge every file below some roots; `keep` is how many bad rows of a file the report holds.

    Files that can be parted are judged by `part` bytes at a time (PART, if not given).

    Raises:
        UsageError, StorageFault: as `look` does.
        UsageError: the quarantine cannot be written.

    """
    begin, uris = monotonic(), _distinct(uris, access)
    listed = look(uris, contract, access, part=part)
    tasks = quarantine.spooling(listed.tasks) if quarantine else listed.tasks
    outcomes = _run(tasks, engine, contract.edition, access, keep, tell)
    files = tuple(file_report(of_file, outcomes[at], keep) for at, of_file in sorted(_by_file(tasks).items()))
    if quarantine:
        quarantine.fill(files, tasks, outcomes)
    parts_of = {at: [part.sketch for part in parts] for at, parts in outcomes.items()}
    return LoadReport(
        uris=uris,
        edition=contract.edition,
        files=files,
        folders=folder_reports(files),
        notices=(*listed.notices, *nothing_found(files, contract), *about_files(files, parts_of)),
        seconds=monotonic() - begin,
    )


def _distinct(uris: Iterable[str], access: Access) -> tuple[str, ...]:
    """Return the URIs without those that are but another spelling of one before them."""
    names = dict[str, str]()
    for uri in uris:
        names.setdefault(FileSource(uri, access).name, uri)
    return tuple(names.values())


def _run(
    tasks: tuple[Task, ...], engine: Engine, edition: str, access: Access, keep: int, tell: Tell
) -> dict[At, list[TaskResult]]:
    """Have all tasks run; return the outcomes of each file, in the order of its parts."""
    outcomes: defaultdict[At, list[TaskResult]] = defaultdict(list)
    course = _Course(tasks, tell)
    with closing(engine.run(tasks, edition, access, keep, course.advanced)) as ended:
        for task, outcome in ended:
            course.ended(task, outcome)
            outcomes[task.at].append(outcome)
    for parts in outcomes.values():
        parts.sort(key=lambda outcome: outcome.part)
    return outcomes


def _by_file(tasks: Iterable[Task]) -> dict[At, Task]:
    return {task.at: task for task in tasks}


class _Course:
    """Follows how far a check has come."""

    def __init__(self, tasks: Sequence[Task], tell: Tell) -> None:
        self._tell, self._left = tell, Counter(task.at for task in tasks)
        self._all = len(self._left), sum(task.end - task.start for task in tasks)
        self._files = self._done = 0
        # What tasks tell that may not be ended, and what those have told that are.
        self._told, self._rows, self._bad_rows = (0, 0, 0), 0, 0
        self._say()

    def advanced(self, *more: int) -> None:
        """Count bytes that were read, rows and bad rows, of tasks that may not be ended."""
        read, rows, bad_rows = map(add, self._told, more)
        self._told = read, rows, bad_rows
        self._say()

    def ended(self, task: Task, outcome: TaskResult) -> None:
        """Count a task that is ended."""
        self._left[task.at] -= 1
        self._files += not self._left[task.at]
        self._done += task.end - task.start
        self._rows, self._bad_rows = self._rows + outcome.rows, self._bad_rows + outcome.bad_rows
        self._say()

    def _say(self) -> None:
        all_files, all_bytes = self._all
        read, rows, bad_rows = self._told
        # Some bytes are read twice, of files that fail some never; a lost process has told what is told again.
        come = max(self._done, min(read, all_bytes))
        rows, bad_rows = max(rows, self._rows), max(bad_rows, self._bad_rows)
        self._tell(Progress(self._files, all_files, come, all_bytes, rows, bad_rows))
