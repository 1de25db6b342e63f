"""Folders whose names are not UTF-8, and half characters in rows: every output is valid and shows them as escapes."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from tests.bulk.loading import purchase, put
from tests.wire.served import Served, serving
from traits_sandbox.bulk.storage.paths import as_text, path_of
from traits_sandbox.errors import UsageError

NAME = b"caf\xe9"
ROWS = [
    purchase(1, price=-1),
    '{"user_id": "\\ud800", "item_id": "2", "count": 1, "price": 1}',
    '{"user_id": "1", "item_id": "2", "count": 1, "price": "\\udce9"}',
    '{"user_id": "1", "item_id": "2", "count": 1, "price": 1, "x\\udfff": 1}',
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder whose name is not UTF-8."""
    path = tmp_path / os.fsdecode(NAME)
    try:
        path.mkdir()
    except OSError:
        pytest.skip("this file system allows only names in UTF-8")
    return path


@pytest.fixture
def load(folder: Path) -> Path:
    put(folder, "purchases/d=1/bad.ndjson", ROWS)
    put(folder, "purchases/d=1/cut.ndjson.gz", b"no gzip")
    put(folder, "purchases/d=1/good.parquet", b"")
    put(folder, "purchases/d=1/bad.csv", b"user_id,item_id,count,price\n\xe9\xff,1,1,x\n")
    pl.DataFrame([purchase(1, price=-1)]).write_parquet(folder.parent / "x.parquet")
    (folder.parent / "x.parquet").replace(folder / "purchases/d=1/x.parquet")
    return folder


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "traits_sandbox", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, check=False)


@pytest.mark.parametrize("root", ["absolute", "relative", "uri"])
def test_every_report_of_such_a_folder_is_valid(load: Path, root: str) -> None:
    top = load.parent
    given = {"absolute": str(load), "relative": load.name, "uri": f"file://{load}"}[root]
    reports = f"json={load.parent}/r.json,junit={top}/r.xml,html={top}/r.html"
    done = run("bulk", "check", given, "--report", reports, "--json", "--quarantine", top / f"q{load.name}", cwd=top)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    report = json.loads(done.stdout.decode())
    assert report["uris"] == [f"file://{top}/caf%E9"]
    by_key = {file["key"]: file for file in report["files"]}
    assert by_key["purchases/d=1/x.parquet"]["bad_rows"] == by_key["purchases/d=1/x.parquet"]["rows"] == 1
    assert {file["root"] for file in report["files"]} == set(report["uris"])
    assert (top / "r.json").read_text("utf-8")
    assert ElementTree.parse(top / "r.xml").getroot().get("errors") == "1"
    assert "caf%E9" in (top / "r.html").read_text("utf-8")


def test_the_quarantine_can_be_in_such_a_folder(load: Path) -> None:
    where = load.parent / f"q{load.name}"
    assert run("bulk", "check", load, "--quarantine", where, cwd=load.parent).returncode == 1
    with (where / "purchases/d=1/x.parquet.bad.csv").open(encoding="utf-8", newline="") as table:
        assert [row["fields"] for row in csv.DictReader(table)] == ["price"]
    lines = (where / "purchases/d=1/bad.ndjson.bad.ndjson").read_text("utf-8").splitlines()
    assert json.loads(lines[0])["row"] == json.dumps(ROWS[0])


def test_reports_can_be_in_such_a_folder(folder: Path) -> None:
    put(folder.parent / "load", "purchases/d=1/a.ndjson", [purchase(1)])
    done = run("bulk", "check", "load", "--report", f"json={folder}/r.json", cwd=folder.parent)
    assert (done.returncode, json.loads((folder / "r.json").read_bytes())["good"]) == (0, True)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


def test_such_a_folder_can_be_watched(sandbox: Served, folder: Path) -> None:
    put(folder, "purchases/d=1/a.ndjson", [purchase(1)])
    pl.DataFrame([purchase(2)]).write_parquet(folder.parent / "x.parquet")
    (folder.parent / "x.parquet").replace(folder / "purchases/d=1/x.parquet")
    watch = ("bulk", "watch", folder, "--to", sandbox.url, "--interval", "100ms", "--once")
    first, second = (run(*watch, cwd=folder.parent) for _ in range(2))
    assert (first.returncode, first.stdout.count(b"1 row, 1 stored"), first.stderr) == (0, 2, b"")
    assert (second.returncode, second.stdout + second.stderr) == (0, b"")


def test_nothing_checked_in_such_a_folder_has_a_next_step(folder: Path) -> None:
    put(folder, "prod/purchases/a.ndjson", [purchase(1)])
    done = run("bulk", "check", folder, cwd=folder)
    assert (done.returncode, f"file://{folder.parent}/caf%E9/prod" in done.stderr.decode()) == (2, True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/a/\udce9", "file:///a/%E9"),
        ("file:///a/%20/\udce9\udcff", "file:///a/%20/%E9%FF"),
        ("/a b/%/\udce9", "file:///a%20b/%25/%E9"),
        ("/größe", "/größe"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="these are paths of POSIX")
def test_a_path_that_is_not_utf8_becomes_the_uri_of_the_same_folder(given: str, expected: str) -> None:
    assert as_text(given) == expected
    assert path_of(expected, windows=False) == path_of(given, windows=False)


def test_the_uri_of_a_cloud_must_be_utf8() -> None:
    with pytest.raises(UsageError, match=r"s3://b/\\udce9 is not UTF-8"):
        as_text("s3://b/\udce9")
