"""A Dask cluster: the same report as in one process, also when a worker is lost on the way."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.bulk.loading import CONTRACT, checked, purchase, put
from traits_sandbox.bulk.checking import scan
from traits_sandbox.bulk.checking.cluster import DaskEngine
from traits_sandbox.bulk.checking.scan import Progress, check
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import LoadReport
from traits_sandbox.errors import UsageError

# Dask's workers are processes of their own; what they warn of at their end is not ours.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("load")
    for file in range(40):
        rows = [purchase(row, count="x" if row % 97 == file else 1) for row in range(400)]
        put(root, f"purchases/day={file}/a.ndjson", rows)
    put(root, "purchases/large.ndjson", [purchase(row, price=-1 if row % 501 == 0 else 2.5) for row in range(20_000)])
    put(root, "logins/b_1600089751.ndjson.gz", b"no gzip")
    return root


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster:
        yield cluster


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PART", 100_000)


def on_cluster(load: Path, scheduler: str, tell: scan.ProgressListener = lambda _: None) -> LoadReport:
    return check([str(load)], CONTRACT, DaskEngine(scheduler), access=Access(), keep=20, on_progress=tell)


def test_two_workers_report_what_one_process_does(load: Path, cluster: LocalCluster) -> None:
    alone = checked(load)
    assert on_cluster(load, cluster.scheduler_address).as_json() == alone.as_json()
    assert sum(folder.bad_rows for folder in alone.folders) > 200
    assert any(file.error for file in alone.files)


def test_a_lost_worker_loses_nothing(load: Path, cluster: LocalCluster) -> None:
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if progress.rows and not killed:
            killed.append(next(iter(cluster.workers.values())).pid)
            os.kill(killed[0], signal.SIGKILL)

    report = on_cluster(load, cluster.scheduler_address, kill_one)
    assert killed
    assert report.as_json() == checked(load).as_json()


def test_without_a_scheduler_one_is_started_for_the_run(load: Path) -> None:
    report = check([str(load)], CONTRACT, DaskEngine(jobs=1), access=Access(), keep=20, on_progress=lambda _: None)
    assert report.as_json() == checked(load).as_json()


def test_a_scheduler_that_is_not_there_is_one_sentence(load: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traits_sandbox.bulk.checking.cluster._CONNECT_WITHIN", "1s")
    with pytest.raises(UsageError, match="no Dask scheduler answers at tcp://127"):
        on_cluster(load, "tcp://127.0.0.1:9")
