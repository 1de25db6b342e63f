"""Runs tasks on a Dask cluster: an existing one, or one that is started on this machine for the time of the run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from traits_sandbox.bulk.checking.engine import Ended
from traits_sandbox.bulk.checking.task_run import Ticker, run
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import Task, TaskResult
from traits_sandbox.errors import UsageError
from traits_sandbox.extras import required

if TYPE_CHECKING:
    from distributed import Client

_AHEAD: Final = 4
_CONNECT_WITHIN: Final = "10s"

# What a worker runs again when it fails; a task whose workers are lost is given to others by the scheduler anyway.
_RETRIES: Final = 2


class Dask:
    """Has a cluster run the tasks. Outcomes are merged by task, so that one that ran twice counts once.

    Every worker needs this package with the extra `bulk`, and access to the storage. What a URI needs to be opened,
    credentials too, goes to the workers over the cluster's own connections.
    """

    def __init__(self, scheduler: str = "", jobs: int = 0) -> None:
        """Prepare to run on the cluster of a scheduler, or else on `jobs` workers of this machine."""
        self._scheduler, self._jobs = scheduler, jobs

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> Ended:
        """Yield each task with its outcome as it ends; few are handed out ahead, so that memory stays flat.

        Raises:
            UsageError: there is no such scheduler, or the workers lack this package.

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
            cluster = LocalCluster(
                n_workers=self._jobs or None, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
            )
            with cluster, Client(cluster) as client:
                yield client
            return
        try:
            client = Client(self._scheduler, timeout=_CONNECT_WITHIN)
        except (OSError, ValueError, ImportError) as error:
            raise UsageError(f"no Dask scheduler answers at {self._scheduler} ({type(error).__name__})") from None
        with client:
            yield client


def _run(client: "Client", tasks: Sequence[Task], job: tuple[Any, ...], tick: Ticker) -> Ended:
    from distributed import as_completed

    waiting = iter(tasks)
    running = {_submitted(client, task, job): task for task in islice(waiting, _AHEAD * _threads(client))}
    ended = as_completed(running)
    for future in ended:
        task = running.pop(future)
        outcome = _outcome(future, task)
        tick(outcome.size, outcome.rows, outcome.bad_rows)
        if (following := next(waiting, None)) is not None:
            added = _submitted(client, following, job)
            running[added] = following
            ended.add(added)
        yield task, outcome


def _submitted(client: "Client", task: Task, job: tuple[Any, ...]) -> Any:
    return client.submit(run, task, *job, pure=False, retries=_RETRIES)


def _threads(client: "Client") -> int:
    threads: int = sum(client.nthreads().values())
    return max(1, threads)


def _outcome(future: Any, task: Task) -> TaskResult:
    from distributed.scheduler import KilledWorker

    try:
        outcome: TaskResult = future.result()
    except KilledWorker:
        error = "it could not be judged: every worker that read it was lost, maybe as memory was short"
        return TaskResult(key=task.stored.key, part=task.part, error=error, error_kind="crash")
    except ModuleNotFoundError as error:
        raise UsageError(f"the workers lack {error.name}: install 'traits-sandbox[bulk]' on all of them") from None
    return outcome
