"""Runs tasks on a Dask cluster: an existing one, or one that is started on this machine for this run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from traits_sandbox.bulk.checking.engine import NoPool, TaskResults, shared_counters
from traits_sandbox.bulk.checking.task_run import Ticker, run
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import Task, TaskResult
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required
from traits_sandbox.system import START_METHOD

if TYPE_CHECKING:
    from distributed import Client

# Each thread of a worker has this many tasks waiting, so that few results are in memory.
_AHEAD: Final = 4
_CONNECT_WITHIN: Final = "10s"

# How often a worker tries a failed task again. The scheduler itself moves the tasks of a lost worker to others.
_RETRIES: Final = 2


class DaskEngine:
    """Runs tasks on a cluster. A task that runs twice has one result.

    Every worker needs this package with the extra `bulk`, and access to the storage. Storage options, including
    credentials, are sent to the workers over the connections of the cluster.
    """

    def __init__(self, scheduler: str = "", jobs: int = 0) -> None:
        """Prepare to run on the cluster of a scheduler, or without one on `jobs` workers of this machine."""
        self._scheduler, self._jobs = scheduler, jobs

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> TaskResults:
        """Yield each task with its result as it finishes.

        Raises:
            UsageError: the scheduler does not answer, or the workers do not have this package.

        """
        if not tasks:
            return
        with self._connected() as client:
            yield from _run(client, tasks, (edition, access, keep), tick)

    @contextmanager
    def _connected(self) -> "Iterator[Client]":
        with required("dask", by="--engine dask"):
            from distributed import Client, LocalCluster
        if not self._scheduler:
            cluster = self._local_cluster(LocalCluster)
            with cluster, Client(cluster) as client:
                yield client
            return
        try:
            client = Client(self._scheduler, timeout=_CONNECT_WITHIN)
        except (OSError, ValueError, ImportError) as error:
            raise UsageError(f"no Dask scheduler answers at {self._scheduler} ({type(error).__name__})") from None
        with client:
            yield client

    def _local_cluster(self, start: Any) -> Any:
        """Start workers on this machine; they need what a pool of processes needs."""
        try:
            shared_counters(get_context(START_METHOD))
            return start(
                n_workers=self._jobs or None, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
            )
        except NoPool as error:
            reason = str(error)
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
        raise UsageError(f"Dask cannot start workers on this machine ({reason}); use --engine local") from None


def _run(client: "Client", tasks: Sequence[Task], settings: tuple[Any, ...], tick: Ticker) -> TaskResults:
    from distributed import as_completed

    waiting = iter(tasks)
    running = {_submit(client, task, settings): task for task in islice(waiting, _AHEAD * _threads(client))}
    finished = as_completed(running)
    for future in finished:
        task = running.pop(future)
        outcome = _outcome(future, task)
        tick(outcome.size, outcome.rows, outcome.bad_rows)
        if (following := next(waiting, None)) is not None:
            added = _submit(client, following, settings)
            running[added] = following
            finished.add(added)
        yield task, outcome


def _submit(client: "Client", task: Task, settings: tuple[Any, ...]) -> Any:
    return client.submit(run, task, *settings, pure=False, retries=_RETRIES)


def _threads(client: "Client") -> int:
    threads: int = sum(client.nthreads().values())
    return max(1, threads)


def _outcome(future: Any, task: Task) -> TaskResult:
    from distributed.scheduler import KilledWorker

    try:
        outcome: TaskResult = future.result()
    except KilledWorker:
        error = "it could not be checked: all workers that read it were lost, perhaps for lack of memory"
        return TaskResult(key=task.stored.key, part=task.part, error=error, error_kind="crash")
    except ModuleNotFoundError as error:
        raise UsageError(f"a worker has no {error.name}: install 'traits-sandbox[bulk]' on all workers") from None
    return outcome
