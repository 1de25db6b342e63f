import csv
import gzip
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.bulk.loading import CONTRACT, checked, purchase, put
from traits_sandbox.bulk.checking.merging import file_report
from traits_sandbox.bulk.checking.quarantine import COLUMNS, Quarantine
from traits_sandbox.bulk.checking.scan import list_load
from traits_sandbox.bulk.checking.spool import Spool
from traits_sandbox.bulk.checking.task_run import run
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import BadRow, FilePlace, FileReport, Stored, Task, TaskResult
from traits_sandbox.errors import UsageError, Violation

KEY = "purchases/d=1/a.ndjson"


def quarantined(load: Path, folder: Path, *, keep: int = 1) -> Path:
    with Quarantine(folder, [str(load)]) as quarantine:
        checked(load, keep=keep, quarantine=quarantine)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def raw(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def load(tmp_path: Path) -> Path:
    rows: list[object] = [purchase(number, price=-1 if number % 3 == 0 else 1) for number in range(100)]
    put(tmp_path / "load", KEY, [*rows, '{"broken": ', "[]", purchase(1, count="x", price=0)])
    put(tmp_path / "load", "purchases/d=1/good.ndjson", [purchase(1)])
    return tmp_path / "load"


def test_all_bad_rows_are_there_with_their_reasons(load: Path, tmp_path: Path) -> None:
    folder = quarantined(load, tmp_path / "q")
    rows = table(folder / f"{KEY}.bad.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [int(row["line"]) for row in rows] == [*range(1, 101, 3), 101, 102, 103]
    assert {row["file"] for row in rows} == {KEY}
    assert (rows[0]["fields"], rows[0]["rules"]) == ("price", "exclusiveMinimum")
    assert rows[0]["messages"] == "price must be a positive number (got -1)"
    assert rows[-1]["fields"].split("; ") == ["count", "price"]
    assert rows[-3]["messages"].startswith("row is not valid JSON")


def test_rows_are_kept_as_they_are_for_mending(load: Path, tmp_path: Path) -> None:
    folder = quarantined(load, tmp_path / "q")
    content = (load / KEY).read_bytes()
    found = raw(folder / f"{KEY}.bad.ndjson")
    assert len(found) == 37
    for row in found:
        assert row["row"] == content.splitlines()[row["line"] - 1].decode()
        assert content[row["offset"] :].startswith(row["row"].encode())
    assert found[0]["faults"][0] | {"field": "price", "line": 1} == found[0]["faults"][0]


def test_files_without_bad_rows_are_not_there_and_nothing_else_is(load: Path, tmp_path: Path) -> None:
    assert written(quarantined(load, tmp_path / "q")) == [f"{KEY}.bad.csv", f"{KEY}.bad.ndjson"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["load", "q"]


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    packed = gzip.compress(json.dumps(purchase(1, price=-1)).encode() + b"\n" * 9)
    put(tmp_path / "load", "purchases/d=1/cut.ndjson.gz", packed[:-9])
    put(tmp_path / "load", "purchases/d=1/none.ndjson.gz", b"no gzip")
    folder = quarantined(tmp_path / "load", tmp_path / "q")
    assert table(folder / "purchases/d=1/cut.ndjson.gz.bad.csv")[-1]["rules"] == "gzip"
    assert [row["messages"] for row in table(folder / "purchases/d=1/none.ndjson.gz.bad.csv")] == [
        "is not compressed; remove .gz from its name"
    ]


def test_rows_are_numbered_the_same_however_a_file_is_parted(load: Path, tmp_path: Path) -> None:
    whole = quarantined(load, tmp_path / "whole")
    (task, *_) = (task for task in list_load([str(load)], CONTRACT, Access()).tasks if task.stored.key == KEY)
    size, step = task.stored.size, 700
    starts = range(0, size, step)
    parts = [
        msgspec.structs.replace(task, start=start, end=min(start + step, size), part=part, parts=len(starts))
        for part, start in enumerate(starts)
    ]
    with Quarantine(tmp_path / "parted") as quarantine:
        tasks = quarantine.spooling(parts)
        outcomes = [run(part, CONTRACT.edition, Access(), 1) for part in reversed(tasks)]
        report = file_report(task, outcomes, 1)
        quarantine.fill([report], tasks, {task.at: sorted(outcomes, key=lambda outcome: outcome.part)})
    for name in written(whole):
        assert (tmp_path / "parted" / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", " =", "＝", "\ufeff="])
def test_no_cell_is_a_formula(tmp_path: Path, begin: str) -> None:
    row = f'{begin}cmd|"/c calc"!A1'
    put(tmp_path / "load", "purchases/d=1/=x.ndjson", [row, json.dumps({f"{begin}x": 1})])
    folder = quarantined(tmp_path / "load", tmp_path / "q")
    (path,) = folder.rglob("*.bad.csv")
    rows = table(path)
    assert rows[0]["row"] in (f"'{row}", f"'{row.removeprefix(chr(0xFEFF))}")
    cells = [cell for found in rows for cell in found.values()]
    assert [cell for cell in cells if cell.lstrip(" \ufeff").startswith(("=", "+", "-", "@", "\t", "\r", "＝"))] == []
    assert raw(next(folder.rglob("*.bad.ndjson")))[0]["row"].lstrip("\ufeff") == row.lstrip("\ufeff")


HOSTILE = (
    "../../outside",
    "..",
    ".",
    "/etc/passwd",
    "a/../../b",
    "a//b",
    "purchases/..\\..\\b",
    "C:\\windows\\x",
    "purchases/con.ndjson",
    "purchases/NUL",
    "purchases/a\x00b\n\r\x1b[31m",
    "purchases/" + "x" * 5000,
    "purchases/" + "é" * 200,
    "/".join("deep" * 10 for _ in range(100)),
    "purchases/Same.ndjson",
    "purchases/same.ndjson",
    "purchases/ſame.ndjson",
    "purchases/x",
    "purchases/x.bad.csv/x",
    "purchases/x.bad.csv",
    "purchases/trailing. ",
    ".spool/0",
    "~/x",
    "",
    "purchases/%2E%2E",
    "purchases/-rf",
)


def filled(quarantine: Quarantine, keys: Iterable[str]) -> None:
    """Fill a quarantine with one bad row for each key, as a check would have found them."""
    place = FilePlace(folder="purchases", format="ndjson")
    tasks = quarantine.spooling(Task(root="r", stored=Stored(key=key, size=1), place=place) for key in keys)
    bad = BadRow(line=1, text="{}", violations=(Violation("price", "required", "is required", line=1),))
    for task in tasks:
        spool = Spool(task.spool)
        spool.add(bad)
        spool.close()
    files = [FileReport(key=key, root="r", folder="purchases", format="ndjson", size=1, bad_rows=1) for key in keys]
    quarantine.fill(files, tasks, {file.at: [TaskResult(key=file.key, bad_rows=1, lines=1)] for file in files})


def test_no_key_leads_out_of_the_folder_or_to_another_ones_file(tmp_path: Path) -> None:
    (tmp_path / "keep").write_text("as it was")
    with Quarantine(tmp_path / "a/b/q") as quarantine:
        filled(quarantine, HOSTILE)
    tables = [name for name in written(tmp_path) if name.endswith(".bad.csv")]
    assert len(tables) == len(HOSTILE)
    assert all(name.startswith("a/b/q/") for name in tables)
    assert len(written(tmp_path)) == 2 * len(HOSTILE) + 1
    assert all(part.isprintable() and len(os.fsencode(part)) < 256 for name in tables for part in name.split("/"))


def test_usual_keys_keep_their_names(tmp_path: Path) -> None:
    keys = ["purchases/date=2020-09-01/load_id=fg 1+2@x,y~/Käufe_1600.ndjson.gz"]
    with Quarantine(tmp_path / "q") as quarantine:
        filled(quarantine, keys)
    assert written(tmp_path / "q") == [f"{keys[0]}.bad.csv", f"{keys[0]}.bad.ndjson"]


def test_a_folder_that_is_not_empty_is_left_as_it_is(load: Path, tmp_path: Path) -> None:
    put(tmp_path, "q/mine.txt", b"mine")
    with pytest.raises(UsageError, match="not empty"):
        quarantined(load, tmp_path / "q")
    assert written(tmp_path / "q") == ["mine.txt"]


@pytest.mark.parametrize("name", ["load", "load/q", "load/purchases/q", "load/../load/q", "link/q"])
def test_a_folder_below_the_load_is_refused(load: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to(load)
    with pytest.raises(UsageError, match="lies below"):
        quarantined(load, tmp_path / name)


def test_a_folder_that_cannot_be_made_is_one_sentence(load: Path, tmp_path: Path) -> None:
    put(tmp_path, "file", b"")
    with pytest.raises(UsageError, match="Not a directory"):
        quarantined(load, tmp_path / "file/q")


def one_task(quarantine: Quarantine) -> Task:
    place = FilePlace(folder="purchases", format="ndjson")
    (task,) = quarantine.spooling([Task(root="r", stored=Stored(key="k", size=1), place=place)])
    return task


def broken_off(folder: Path) -> None:
    with Quarantine(folder) as quarantine:
        Path(one_task(quarantine).spool).write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_check_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        broken_off(tmp_path / "q")
    assert list(tmp_path.iterdir()) == []


def test_the_spool_of_a_lost_run_does_not_count(tmp_path: Path) -> None:
    with Quarantine(tmp_path / "q") as quarantine:
        Path(f"{one_task(quarantine).spool}.lost").write_text("half")
        filled(quarantine, ["k"])
    assert len(table(tmp_path / "q/k.bad.csv")) == 1
