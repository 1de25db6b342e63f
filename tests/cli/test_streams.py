"""Standard streams that are closed, full, or read by nobody."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.patience import PATIENCE, eventually
from tests.wire.served import ended

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell of this system cannot close streams")

PROGRAM = [sys.executable, "-m", "traits_sandbox"]
PRINTING = [
    ["--help"],
    ["--version"],
    ["serve", "--help"],
    ["contract", "show"],
    ["contract", "show", "--json"],
    ["conformance", "list"],
]
BAD_PUSH = {"purchases": [{"user_id": "1001", "item_id": "2002", "count": 1, "price": -1}]}


def run(redirection: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose streams a shell has redirected."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_a_full_stdout_is_one_sentence(arguments: list[str]) -> None:
    done = run(">/dev/full", *arguments)
    said = "traits-sandbox: standard output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_without_stdout_a_command_does_its_work_and_says_that_its_output_is_lost(arguments: list[str]) -> None:
    done = run(">&-", *arguments)
    said = "warning: standard output is closed, so what this command prints is lost\n"
    assert (done.returncode, done.stderr) == (0, said)


@pytest.mark.parametrize("arguments", PRINTING[-2:], ids=" ".join)
def test_a_reader_that_goes_away_ends_the_command_as_in_shells(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=pipe, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
        )
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
def test_an_error_that_cannot_be_printed_keeps_its_exit_code(redirection: str) -> None:
    assert run(redirection, "serve", "--port", "abc").returncode == 2


@contextmanager
def served(folder: Path, redirection: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start `serve` with redirected streams, and yield its URL once there is a ready file."""
    file = folder / "ready.json"
    options = ["serve", "--port", "0", "--ready-file", str(file)]
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", *PROGRAM, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: file.exists() or process.poll() is not None)
            yield json.loads(file.read_bytes())["url"], process
        finally:
            process.terminate()
            assert ended(process) == 0


def refused(url: str, count: int = 1) -> set[int]:
    """Push bad records, and return the status codes of the replies."""
    headers = {"Authorization": "Bearer sandbox-key"}
    with httpx.Client(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False) as client:
        return {client.post("/v1/purchases", json=BAD_PUSH).status_code for _ in range(count)}


@pytest.mark.parametrize(
    "redirection", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1"]
)
def test_serve_serves_whatever_its_streams_are(redirection: str, tmp_path: Path) -> None:
    with served(tmp_path, redirection) as (url, _):
        assert refused(url) == {400}
    assert not (tmp_path / "ready.json").exists()


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_a_lost_ready_line_is_in_the_log(redirection: str, tmp_path: Path) -> None:
    with served(tmp_path, redirection) as (url, process):
        assert process.stderr is not None
        line = next(line for line in process.stderr if "READY" in line)
    assert line.endswith(f"READY {url}\n")


def test_a_log_that_nobody_reads_stops_neither_the_server_nor_its_end(tmp_path: Path) -> None:
    with served(tmp_path, "") as (url, process):
        assert refused(url, 1500) == {400}
        process.send_signal(signal.SIGTERM)
        assert ended(process) == 0
    assert not (tmp_path / "ready.json").exists()
