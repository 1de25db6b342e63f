import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from tests.bulk.loading import purchase, put
from tests.patience import PATIENCE
from traits_sandbox.bulk.values import FileReport, LoadReport
from traits_sandbox.cli import main

SECRET = "s3cr3t-9f8e7d"
GOOD, BAD = "purchases/d=1/good.ndjson", "purchases/d=1/bad.ndjson"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["bulk", "check", *map(str, arguments)])


@pytest.fixture
def good(tmp_path: Path) -> Path:
    put(tmp_path / "good", GOOD, [purchase(1), purchase(2)])
    return tmp_path / "good"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    put(tmp_path / "bad", BAD, [purchase(number, price=-1) for number in range(5)])
    return tmp_path / "bad"


@pytest.fixture
def closed() -> Iterator[str]:
    """The URL of a port on which no server listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_good_load_ends_with_0(good: Path) -> None:
    result = run(good)
    assert (result.exit_code, result.stdout.splitlines()[-2]) == (0, "GOOD  2 rows in 1 file keep the contract")


def test_a_bad_row_ends_with_1_and_is_reported_with_its_place(bad: Path) -> None:
    result = run(bad)
    assert result.exit_code == 1
    assert f"{BAD} line 1 (byte 0): price must be a positive number (got -1)" in result.stdout


def test_an_unreadable_file_ends_with_1_and_the_others_are_checked(good: Path) -> None:
    put(good, "purchases/d=1/x.ndjson.gz", b"no gzip")
    result = run(good)
    assert result.exit_code == 1
    assert "1 file not read to the end, of 2 rows in 2 files" in result.stdout


def test_notices_alone_end_with_0(good: Path) -> None:
    put(good, "notes/x.txt", b"")
    result = run(good)
    assert (result.exit_code, "notice  unknown-folder  1" in result.stdout) == (0, True)


def test_several_uris_are_checked_as_one_load(good: Path, bad: Path) -> None:
    result = run(good, f"file://{bad}", good)
    assert result.stdout.splitlines()[-2] == "NOT GOOD  5 bad rows in 1 file, of 7 rows in 2 files"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give at least one URI"),
        (["/nowhere/at/all"], "there is no folder"),
        (["ftp://x/y"], "is not a folder"),
        (["s3://user:pass@x"], "must not contain credentials"),
        (["{good}", "--report", "pdf=x"], "KIND is one of json, junit, html"),
        (["{good}", "--report", "json="], "KIND=PATH"),
        (["{good}", "--report", "json={tmp}/r,html={tmp}/r"], "twice"),
        (["{good}", "--report", "json=/nowhere/at/all"], "cannot be written: No such file or directory"),
        (["{good}", "--quarantine", "{good}"], "lies below"),
        (["{good}", "--quarantine", "{tmp}"], "is not empty"),
        (["{good}", "--option", SECRET], "--option takes NAME=VALUE"),
        (["{good}", "--option", "token=env:NO_SUCH_VARIABLE"], "there is no environment variable NO_SUCH_VARIABLE"),
        (["{good}", "--option", "token=@/nowhere/at/all"], "cannot be read"),
        (["{good}", "--edition", "1999-01"], "--edition"),
        (["{good}", "--jobs", "0"], "--jobs"),
        (["{good}", "--first", "-1"], "--first"),
    ],
)
def test_a_usage_error_ends_with_2_and_a_message(
    good: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    result = run(*(each.format(good=good, tmp=tmp_path) for each in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert SECRET not in result.output


def test_a_report_that_cannot_be_written_is_reported_before_the_check(bad: Path, tmp_path: Path) -> None:
    result = run(bad, "--report", f"json={tmp_path}", "--quarantine", tmp_path / "q")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Is a directory" in result.stderr
    assert not (tmp_path / "q").exists()


@pytest.mark.parametrize("uri", ["s3://bucket/prefix", "gs://bucket", "az://container"])
def test_an_unreachable_storage_ends_with_3_and_shows_no_secret(closed: str, tmp_path: Path, uri: str) -> None:
    (tmp_path / "secret").write_text(SECRET)
    options = {
        "s3": ["access_key_id=x", f"secret_access_key=@{tmp_path}/secret", "region=eu-west-1"],
        "gs": ["skip_signature=true"],
        "az": ["account_name=x", "account_key=c2VjcmV0"],
    }
    given = [part for option in options[uri[:2]] for part in ("--option", option)]
    result = run(uri, "--endpoint-url", closed, *given)
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"cannot connect to the storage: {uri}" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert SECRET not in result.output


def test_a_load_without_any_readable_file_ends_with_3() -> None:
    def failed(kind: str) -> FileReport:
        return FileReport(key="k", folder="f", format="csv", size=1, error="no", error_kind=kind)

    def exit_code(*kinds: str) -> int:
        return LoadReport(uris=(), edition="", files=tuple(map(failed, kinds)), folders=()).exit_code

    assert (exit_code("storage", "storage"), exit_code("storage", "gzip"), exit_code()) == (3, 1, 0)


def test_reports_are_written_to_files(bad: Path, tmp_path: Path) -> None:
    (tmp_path / "r,h.html").write_text("an older one")
    result = run(
        bad, "--report", f"json={tmp_path}/r.json,html={tmp_path}/r,h.html", "--report", f"junit={tmp_path}/r.xml"
    )
    assert result.exit_code == 1
    assert json.loads((tmp_path / "r.json").read_bytes())["exit_code"] == 1
    assert (tmp_path / "r,h.html").read_text().startswith("<!DOCTYPE html>")
    assert (tmp_path / "r.xml").read_text().startswith("<?xml")


def test_json_is_alone_on_stdout_and_fits_the_printed_schema(bad: Path) -> None:
    result, schema = run(bad, "--json"), json.loads(run("--report-schema").stdout)
    jsonschema.Draft202012Validator(schema).validate(json.loads(result.stdout))
    assert "NOT GOOD" in result.stderr


def test_first_limits_the_bad_rows_in_the_report(bad: Path) -> None:
    def kept(number: int) -> tuple[int, int]:
        (file,) = json.loads(run(bad, "--json", "--first", str(number)).stdout)["files"]
        return len(file["bad"]), file["bad_rows"]

    assert [kept(number) for number in (0, 2, 9)] == [(0, 5), (2, 5), (5, 5)]


def test_the_quarantine_has_all_bad_rows(bad: Path, tmp_path: Path) -> None:
    assert run(bad, "--quarantine", tmp_path / "q", "--first", "1").exit_code == 1
    assert len((tmp_path / f"q/{BAD}.bad.ndjson").read_text().splitlines()) == 5


def test_the_report_does_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    for number in range(400):
        put(tmp_path, f"purchases/d={number % 7}/{number}.ndjson", [purchase(number, price=number % 3)])
    one, two = (json.loads(run(tmp_path, "--json", "--jobs", jobs).stdout) for jobs in "12")
    assert one.pop("seconds") != two.pop("seconds")
    assert one == two


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_check_and_all_its_processes(tmp_path: Path, asked: signal.Signals) -> None:
    line = json.dumps(purchase(1, price=-1)).encode() + b"\n"
    first = put(tmp_path / "load", "purchases/d=0/x.ndjson", line * 300_000)
    # Under many names, the check takes far longer than this test lets it run.
    for number in range(1, 500):
        (tmp_path / f"load/purchases/d={number}").mkdir()
        (tmp_path / f"load/purchases/d={number}/x.ndjson").hardlink_to(first)
    command = [sys.executable, "-m", "traits_sandbox", "bulk", "check", "load", "--jobs", "2", "--quarantine", "q"]
    check = subprocess.Popen(
        command, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    spooled = tmp_path / "q/.spool"
    while check.poll() is None and not (spooled.is_dir() and any(spooled.iterdir())):
        time.sleep(0.02)
    os.killpg(check.pid, asked) if asked == signal.SIGINT else check.terminate()
    # The output ends only when every process that can write to it has ended.
    out, err = check.communicate(timeout=PATIENCE)
    assert (check.returncode, out, err) == (128 + asked, "", "traits-sandbox: interrupted; the check has no result\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["load"]
