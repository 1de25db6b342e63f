import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bulk.loading import CONTRACT, checked, purchase, put
from traits_sandbox.bulk.checking.engine import InlineEngine, LocalEngine, ProcessEngine, TaskResults
from traits_sandbox.bulk.checking.scan import Progress, check, list_load
from traits_sandbox.bulk.checking.task_run import Ticker, run
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import Task


@pytest.fixture
def load(tmp_path: Path) -> Path:
    for number in range(60):
        rows = [purchase(row, price=(row + number) % 5) for row in range(200)]
        put(tmp_path, f"purchases/d={number % 7}/{number}.ndjson", rows)
    return tmp_path


class Losing:
    """Has tasks run in processes, all of which are killed as soon as one task is done."""

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> TaskResults:
        for number, ended in enumerate(ProcessEngine(2).run(tasks, edition, access, keep, tick)):
            if not number:
                for child in multiprocessing.active_children():
                    child.kill()
            yield ended


def test_lost_processes_lose_nothing(load: Path) -> None:
    assert checked(load, engine=Losing()).as_json() == checked(load).as_json()


def test_breaking_off_ends_all_processes(load: Path) -> None:
    before = set(multiprocessing.active_children())
    tasks = list_load([str(load)], CONTRACT, Access()).tasks
    running = ProcessEngine(2).run(tasks, CONTRACT.edition, Access(), 1, lambda *_: None)
    next(running)
    assert set(multiprocessing.active_children()) - before
    running.close()
    assert set(multiprocessing.active_children()) - before == set()


def courses(load: Path) -> Iterator[list[Progress]]:
    for engine in (InlineEngine(), ProcessEngine(2), LocalEngine(2)):
        told: list[Progress] = []
        check([str(load)], CONTRACT, engine, access=Access(), keep=0, on_progress=told.append)
        yield told


def test_progress_only_grows_and_ends_with_everything(load: Path) -> None:
    for told in courses(load):
        assert (told[0].files, told[0].bytes, told[0].all_files) == (0, 0, 60)
        assert all(earlier.bytes <= later.bytes <= later.all_bytes for earlier, later in pairwise(told))
        assert (told[-1].files, told[-1].bytes, told[-1].rows) == (60, told[-1].all_bytes, 60 * 200)


LONG = b"x" * 1000
CONTENTS = {
    "x.ndjson": b'{"user_id": "%s", "item_id": "2", "count": 1, "price": -1}\n' % LONG * 20_000,
    "x.csv": b"user_id,item_id,count,price\n" + b"%s,2,1,-1\n" % LONG * 20_000,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_progress_is_reported_within_a_file_too(name: str, tmp_path: Path) -> None:
    put(tmp_path, f"purchases/d=1/{name}", CONTENTS[name])
    for told in courses(tmp_path):
        assert {each.files for each in told} == {0, 1}
        before_the_end = [each for each in told if not each.files][-1]
        assert before_the_end.rows == before_the_end.bad_rows == told[-1].rows == told[-1].bad_rows == 20_000
    within = next(courses(tmp_path))
    assert len({(each.bytes, each.rows) for each in within if 0 < each.rows < 20_000}) > 1


def test_a_file_that_memory_is_too_short_for_is_a_finding(tmp_path: Path) -> None:
    def tick(count: int, *_: int) -> None:
        if count:
            raise MemoryError

    put(tmp_path, "purchases/d=1/x.ndjson", [purchase(1)])
    (task,) = list_load([str(tmp_path)], CONTRACT, Access()).tasks
    outcome = run(task, CONTRACT.edition, Access(), 1, tick=tick)
    assert (outcome.error_kind, outcome.rows) == ("memory", 0)
