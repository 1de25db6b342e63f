"""The ready file: it replaces only another ready file, and ends with the sandbox that wrote it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.patience import PATIENCE, eventually
from tests.wire.served import ended, serving
from traits_sandbox.cli.ready_file import ready_file, remove_stale
from traits_sandbox.errors import UsageError

READY = b'{"url":"http://127.0.0.1:1","api_key":"k","pid":1}'
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="this system has no such file")


@pytest.mark.parametrize("content", [b"", b"\n", READY, READY[:-1] + b',"ca_file":"/x"}\n'])
def test_an_empty_file_and_a_ready_file_are_removed(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    file.write_bytes(content)
    remove_stale(file)
    assert not file.exists()
    remove_stale(file)


@pytest.mark.parametrize(
    "content",
    [
        b"print('a program')\n",
        b"{}",
        b"[]",
        b"null",
        b'{"url":"x"}',
        READY + READY,
        b"\x00" * 9,
        b" " * 2**16 + b"x" * 9,
    ],
)
def test_a_file_with_other_content_is_kept(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_bytes(content)
    with pytest.raises(
        UsageError, match=r"there is a file with other content; move it, or choose another --ready-file"
    ):
        remove_stale(file)
    assert file.read_bytes() == content


@POSIX
@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "dangling link"])
def test_what_is_not_a_regular_file_is_kept(kind: str, tmp_path: Path) -> None:
    path, other = tmp_path / "ready", tmp_path / "other"
    other.write_bytes(READY)
    make: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "link": lambda: path.symlink_to(other),
        "dangling link": lambda: path.symlink_to(tmp_path / "nothing"),
    }
    make[kind]()
    with pytest.raises(UsageError, match="there is something that is not a regular file"):
        remove_stale(path)
    assert path.lstat()
    assert other.read_bytes() == READY


@POSIX
@pytest.mark.parametrize("path", ["/dev/null", "/dev/stdout"])
def test_serve_replaces_no_device(path: str) -> None:
    command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--ready-file", path]
    before = os.lstat(path)
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr.count("\n"), os.lstat(path).st_ino) == (2, 1, before.st_ino)
    assert f"cannot write the ready file {path}" in done.stderr


def test_a_stale_file_is_gone_even_if_the_start_fails(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    file.write_bytes(READY)
    options = ["--port", "0", "--ready-file", str(file), "--contract", "1999-01"]
    command = [sys.executable, "-m", "traits_sandbox", "serve", *options]
    assert subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 2
    assert not file.exists()


@pytest.mark.parametrize("later", [READY, b""])
def test_a_file_that_another_sandbox_has_written_since_is_kept(later: bytes, tmp_path: Path) -> None:
    file, logged = tmp_path / "ready.json", list[str]()
    with ready_file(file, logged.append) as write:
        write("http://127.0.0.1:2", "k", None)
        assert json.loads(file.read_bytes())["pid"] == os.getpid()
        file.write_bytes(later)
    assert file.read_bytes() == later
    with ready_file(file, logged.append) as write:
        write("http://127.0.0.1:2", "k", None)
    assert not file.exists()
    assert logged == []


def test_a_file_that_was_never_written_is_not_removed(tmp_path: Path) -> None:
    file = tmp_path / "ready.json"
    with ready_file(file, print):
        file.write_bytes(READY)
    assert file.exists()


@POSIX
def test_a_terminal_that_goes_away_ends_it_with_exit_code_0(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        served.process.send_signal(signal.SIGHUP)
        assert ended(served.process) == 0
        assert not (tmp_path / "ready.json").exists()


@POSIX
def test_a_sandbox_that_was_started_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    options = ["serve", "--port", "0", "--ready-file", str(ready)]
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "traits_sandbox", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: ready.exists() or process.poll() is not None)
        process.send_signal(signal.SIGHUP)
        url = json.loads(ready.read_bytes())["url"]
        assert httpx.get(f"{url}/_sandbox/health", timeout=PATIENCE).status_code == 200
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert not ready.exists()
