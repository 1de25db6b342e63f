"""Runs tasks: one after another in this process, or in parallel in several processes."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from operator import sub
from typing import Any, Final, Protocol

import msgspec

from traits_sandbox.bulk.checking.task_run import Ticker, run
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import Task, TaskResult
from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.system import MOST_PROCESSES, START_METHOD, sigint_blocked

# Each process has this many tasks waiting, so that few results are in memory.
_AHEAD: Final = 4
# How often, in seconds, progress is reported while no task finishes.
_TICK: Final = 0.5
# A process takes a third of a second to start. In this time, one process alone does as much work as this.
_FEW_TASKS: Final = 300
_FEW_BYTES: Final = 16 * 2**20

# The counters that processes share: bytes, rows and bad rows that they have read, and processes that have started.
_COUNTERS: Final = 4
_STARTED: Final = 3

TaskResults = Generator[tuple[Task, TaskResult], None, None]
"""Tasks with their results, in the order in which they finish. Closing the generator ends the work."""


class Engine(Protocol):
    """Runs tasks somewhere."""

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> TaskResults:
        """Yield each task with its result as soon as it finishes, in any order.

        `keep` is the number of bad rows in a result. `tick` is called while tasks are running.
        """
        ...


class InlineEngine:
    """Runs tasks in this process, one after another."""

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> TaskResults:
        """Yield each task with its result, in the order of the tasks."""
        for task in tasks:
            yield task, run(task, edition, access, keep, tick=tick)


class TaskSettings(msgspec.Struct, frozen=True):
    """The values that all tasks of a run share."""

    edition: str
    access: Access
    keep: int

    def submit(self, task: Task, pool: ProcessPoolExecutor) -> Future[TaskResult]:
        """Submit a task to a pool."""
        try:
            with sigint_blocked():
                return pool.submit(_run, task, self.edition, self.access, self.keep)
        except OSError as error:
            raise NoPool(f"no other process can start on this system ({error.strerror})") from None


class ProcessEngine:
    """Runs tasks in several processes of this machine; `method` is how they are started."""

    def __init__(self, jobs: int, *, method: str = START_METHOD) -> None:
        self._jobs, self._context = min(jobs, MOST_PROCESSES), multiprocessing.get_context(method)

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> TaskResults:
        """Yield each task with its result as it finishes.

        If a process is lost, the submitted tasks run again one by one, to find the task that has caused it.
        """
        settings, waiting = TaskSettings(edition, access, keep), deque(tasks)
        while waiting:
            lost = deque((yield from self._run_parallel(settings, waiting, tick)))
            while lost:
                yield from self._run_one_by_one(settings, lost)

    def _run_parallel(
        self, settings: TaskSettings, waiting: deque[Task], tick: Ticker
    ) -> Generator[tuple[Task, TaskResult], None, list[Task]]:
        """Run tasks until none is waiting or a process is lost; return the unfinished tasks."""
        running = dict[Future[TaskResult], Task]()
        meter = _Meter(tick, self._context)
        with _pool(min(self._jobs, len(waiting)), meter) as pool:
            try:
                while waiting or running:
                    while waiting and len(running) < _AHEAD * self._jobs:
                        running[settings.submit(waiting[0], pool)] = waiting[0]
                        waiting.popleft()
                    finished = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED).done
                    meter.tick()
                    for future in finished:
                        outcome = future.result()
                        yield running.pop(future), outcome
            except BrokenProcessPool:
                if not meter.has_started:
                    raise NoPool("no other process can start on this system") from None
                return list(running.values())
        return []

    def _run_one_by_one(self, settings: TaskSettings, tasks: deque[Task]) -> TaskResults:
        """Run tasks in one process, up to and including a task that ends this process."""
        with _pool(1, _Meter(lambda *_: None, self._context)) as pool:
            while tasks:
                task = tasks.popleft()
                try:
                    yield task, settings.submit(task, pool).result()
                except BrokenProcessPool:
                    error = "it could not be checked: the process that read it was killed, perhaps for lack of memory"
                    yield task, TaskResult(key=task.stored.key, part=task.part, error=error, error_kind="crash")
                    return


class LocalEngine:
    """Runs little work in this process, and more work in up to `jobs` processes.

    Where the system has no means for several processes, this process does all the work, and `warn` gets the reason.
    """

    def __init__(self, jobs: int, warn: Callable[[str], None] = lambda _: None) -> None:
        self._jobs, self._warn = jobs, warn

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> TaskResults:
        """Yield each task with its result as it finishes."""
        little = len(tasks) < _FEW_TASKS and sum(task.end - task.start for task in tasks) < _FEW_BYTES
        alone = little or self._jobs == 1 or len(tasks) == 1
        if alone:
            yield from InlineEngine().run(tasks, edition, access, keep, tick)
            return
        left = {(task.at, task.part): task for task in tasks}
        try:
            with closing(ProcessEngine(self._jobs).run(tasks, edition, access, keep, tick)) as results:
                for task, result in results:
                    del left[task.at, task.part]
                    yield task, result
        except NoPool as error:
            self._warn(f"one process does all the work: {error}")
            yield from InlineEngine().run(list(left.values()), edition, access, keep, tick)


class NoPool(TraitsSandboxError):
    """Several processes cannot be used on this system; the message says why."""


def shared_counters(context: Any) -> Any:
    """Return counters that processes share; raises NoPool where the system has no shared memory or semaphores."""
    try:
        return context.Array("q", _COUNTERS)
    except (OSError, ImportError) as error:  # /dev/shm is missing, full or read-only, or Python has no semaphores
        reason = error.strerror if isinstance(error, OSError) else "this Python has no semaphores"
        raise NoPool(f"this system has no shared memory for several processes ({reason})") from None


@contextmanager
def _pool(jobs: int, meter: "_Meter") -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes; on an exception they are terminated, even in the middle of a task."""
    others = set(multiprocessing.active_children())
    pool = _new_pool(jobs, meter)
    try:
        yield pool
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _new_pool(jobs: int, meter: "_Meter") -> ProcessPoolExecutor:
    try:
        return ProcessPoolExecutor(jobs, mp_context=meter.context, initializer=_start_process, initargs=(meter.counts,))
    except (OSError, NotImplementedError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it allows too few semaphores"
        raise NoPool(f"this system has no shared memory for several processes ({reason})") from None


class _Meter:
    """Counts the bytes, rows and bad rows that the processes of a pool have read."""

    def __init__(self, tick: Ticker, context: Any) -> None:
        self.context = context
        self.counts: Any = shared_counters(context)
        self._tick, self._before = tick, [0] * _COUNTERS

    @property
    def has_started(self) -> bool:
        """Return whether any process has started."""
        return bool(self.counts[_STARTED])

    def tick(self) -> None:
        """Pass on what was counted since the last call."""
        now = self.counts[:]
        self._tick(*map(sub, now[:_STARTED], self._before))
        self._before = now


def _start_process(counts: Any) -> None:
    """Prepare a process of a pool."""
    global _counts
    _counts = counts
    with counts.get_lock():
        counts[_STARTED] += 1
    # The parent handles Ctrl-C. On systems that cannot block signals, this process gets it too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end_with_parent()


# The counters that a process of a pool shares with its parent.
_counts: Any = None


def _run(task: Task, edition: str, access: Access, keep: int) -> TaskResult:
    def add(*more: int) -> None:
        with _counts.get_lock():
            for index, each in enumerate(more):
                _counts[index] += each

    return run(task, edition, access, keep, tick=add)


def _end_with_parent() -> None:
    """End this process when its parent has ended, for any reason."""
    if parent := multiprocessing.parent_process():

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()
