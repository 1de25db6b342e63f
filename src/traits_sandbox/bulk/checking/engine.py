"""Runs tasks: one after another in this process, or side by side in several."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from operator import sub
from typing import Any, Final, Protocol

import msgspec

from traits_sandbox.bulk.checking.task_run import Ticker, run
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import Task, TaskResult
from traits_sandbox.system import MOST_PROCESSES, START_METHOD, sigint_blocked

_AHEAD: Final = 4
_TICK: Final = 0.5
# A process takes a third of a second to start; within that, this much is done without.
_FEW_TASKS: Final = 300
_FEW_BYTES: Final = 16 * 2**20

Ended = Generator[tuple[Task, TaskResult], None, None]


class Engine(Protocol):
    """Has tasks run somewhere."""

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> Ended:
        """Yield each task with its outcome as soon as it has one, in any order; closing it ends the work."""
        ...


class Inline:
    """Runs tasks here, one after another."""

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> Ended:
        """Yield each task with its outcome, in their order."""
        for task in tasks:
            yield task, run(task, edition, access, keep, tick=tick)


class Job(msgspec.Struct, frozen=True):
    """What all tasks of a run have in common."""

    edition: str
    access: Access
    keep: int

    def submit(self, task: Task, pool: ProcessPoolExecutor) -> Future[TaskResult]:
        """Hand a task to a pool."""
        with sigint_blocked():
            return pool.submit(_run, task, self.edition, self.access, self.keep)


class Processes:
    """Runs tasks in processes of this machine, which start as `method` says."""

    def __init__(self, jobs: int, *, method: str = START_METHOD) -> None:
        self._jobs, self._context = min(jobs, MOST_PROCESSES), multiprocessing.get_context(method)

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> Ended:
        """Yield each task with its outcome as it ends; few are handed out ahead, so that memory stays flat.

        Where a process is lost, the tasks that were handed out are run again one by one, to know whose fault it was.
        """
        job, waiting = Job(edition, access, keep), deque(tasks)
        while waiting:
            lost = deque((yield from self._together(job, waiting, tick)))
            while lost:
                yield from self._one_by_one(job, lost)

    def _together(
        self, job: Job, waiting: deque[Task], tick: Ticker
    ) -> Generator[tuple[Task, TaskResult], None, list[Task]]:
        """Run tasks until none is waiting or a process is lost; return the tasks that were lost with it."""
        running = dict[Future[TaskResult], Task]()
        meter = _Meter(tick, self._context)
        with _pool(min(self._jobs, len(waiting)), meter) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < _AHEAD * self._jobs:
                        running[job.submit(waiting[0], pool)] = waiting[0]
                        waiting.popleft()
                    ended = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED).done
                    meter.tell()
                    for future in ended:
                        outcome = future.result()
                        yield running.pop(future), outcome
            except BrokenProcessPool:
                return list(running.values())
        return []

    def _one_by_one(self, job: Job, tasks: deque[Task]) -> Ended:
        """Run tasks alone, up to one that ends the process it runs in."""
        with _pool(1, _Meter(lambda *_: None, self._context)) as pool:
            while tasks:
                task = tasks.popleft()
                try:
                    yield task, job.submit(task, pool).result()
                except BrokenProcessPool:
                    error = "it could not be judged: the process that read it was ended, maybe as memory was short"
                    yield task, TaskResult(key=task.stored.key, part=task.part, error=error, error_kind="crash")
                    return


class Local:
    """Runs little work in this process, and more in several."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> Ended:
        """Yield each task with its outcome as it ends."""
        little = len(tasks) < _FEW_TASKS and sum(task.end - task.start for task in tasks) < _FEW_BYTES
        alone = little or self._jobs == 1 or len(tasks) == 1
        engine: Engine = Inline() if alone else Processes(self._jobs)
        yield from engine.run(tasks, edition, access, keep, tick)


@contextmanager
def _pool(jobs: int, meter: "_Meter") -> Iterator[ProcessPoolExecutor]:
    """Lend processes; where their work is broken off they are ended, whatever they do."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=meter.context, initializer=_begin, initargs=(meter.counts,))
    try:
        yield pool
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


class _Meter:
    """Counts what the processes of a pool read and find."""

    def __init__(self, tick: Ticker, context: Any) -> None:
        self.context = context
        self.counts: Any = context.Array("q", 3)
        self._tick, self._told = tick, [0, 0, 0]

    def tell(self) -> None:
        """Tell what was counted since it was last told."""
        now = self.counts[:]
        self._tick(*map(sub, now, self._told))
        self._told = now


def _begin(counts: Any) -> None:
    """Begin the life of a process of a pool."""
    global _counts
    _counts = counts
    # Ctrl-C is for the process that started this one; where signals cannot be blocked, it gets here too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()


# The counters that a process of a pool shares with the one that started it.
_counts: Any = None


def _run(task: Task, edition: str, access: Access, keep: int) -> TaskResult:
    def add(*more: int) -> None:
        with _counts.get_lock():
            for index, each in enumerate(more):
                _counts[index] += each

    return run(task, edition, access, keep, tick=add)


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however that ended."""
    if parent := multiprocessing.parent_process():

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
