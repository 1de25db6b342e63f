import multiprocessing
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from tests.bulk.loading import CONTRACT, checked, purchase, put
from traits_sandbox.bulk.engine import Ended, Inline, Local, Processes, Ticker
from traits_sandbox.bulk.scan import Progress, check, look
from traits_sandbox.bulk.sources import Access
from traits_sandbox.bulk.values import Task


@pytest.fixture
def load(tmp_path: Path) -> Path:
    for number in range(60):
        rows = [purchase(row, price=(row + number) % 5) for row in range(200)]
        put(tmp_path, f"purchases/d={number % 7}/{number}.ndjson", rows)
    return tmp_path


class Losing:
    """Has tasks run in processes, all of which are killed as soon as one task is done."""

    def run(self, tasks: Sequence[Task], edition: str, access: Access, keep: int, tick: Ticker) -> Ended:
        for number, ended in enumerate(Processes(2).run(tasks, edition, access, keep, tick)):
            if not number:
                for child in multiprocessing.active_children():
                    child.kill()
            yield ended


def test_lost_processes_lose_nothing(load: Path) -> None:
    assert checked(load, engine=Losing()).as_json() == checked(load).as_json()


def test_breaking_off_ends_all_processes(load: Path) -> None:
    before = set(multiprocessing.active_children())
    tasks = look([str(load)], CONTRACT, Access()).tasks
    running = Processes(2).run(tasks, CONTRACT.edition, Access(), 1, lambda _: None)
    next(running)
    assert set(multiprocessing.active_children()) - before
    running.close()
    assert set(multiprocessing.active_children()) - before == set()


def courses(load: Path) -> Iterator[list[Progress]]:
    for engine in (Inline(), Processes(2), Local(2)):
        told: list[Progress] = []
        check([str(load)], CONTRACT, engine, access=Access(), keep=0, tell=told.append)
        yield told


def test_progress_only_grows_and_ends_with_everything(load: Path) -> None:
    for told in courses(load):
        assert (told[0].files, told[0].bytes, told[0].all_files) == (0, 0, 60)
        assert all(earlier.bytes <= later.bytes <= later.all_bytes for earlier, later in pairwise(told))
        assert (told[-1].files, told[-1].bytes, told[-1].rows) == (60, told[-1].all_bytes, 60 * 200)


def test_progress_is_told_within_a_file_too(tmp_path: Path) -> None:
    line = b'{"user_id": "1", "item_id": "2", "count": 1, "price": 1}\n'
    put(tmp_path, "purchases/d=1/x.ndjson", line * (20 * 2**20 // len(line)))
    told = next(courses(tmp_path))
    assert {each.files for each in told} == {0, 1}
    assert len({each.bytes for each in told if not each.files}) > 2
