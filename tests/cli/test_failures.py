"""Whatever ends a command has its exit code: a mistake of the user, an error of the machine, a bug, a signal."""

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.patience import PATIENCE
from tests.portability.programs import other_system
from tests.wire.served import serving
from traits_sandbox.cli import CommandLine, main
from traits_sandbox.errors import UsageError
from traits_sandbox.system import machine_error, os_reason

RAISED: list[BaseException] = []
FULL = OSError(errno.ENOSPC, "library text", "/data/file")


@click.command
def failing() -> None:
    raise RAISED[0]


@contextmanager
def raising(error: BaseException) -> Iterator[None]:
    RAISED.append(error)
    yield
    RAISED.clear()


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (UsageError("there is no such thing"), 2, "traits-sandbox: there is no such thing"),
        (FULL, 2, "there is no space left (No space left on device): /data/file; free some, or set TMPDIR"),
        (OSError(errno.EFBIG, "x"), 2, "there is no space left (File too large); free some"),
        (
            PermissionError(errno.EACCES, "x", "/data"),
            2,
            "this machine refuses what is needed: Permission denied: /data",
        ),
        (OSError(errno.EROFS, "x", b"/b\xff"), 2, "Read-only file system: /b\udcff"),
        (OSError(errno.EMFILE, "x"), 2, "this machine refuses what is needed: Too many open files"),
        (FileNotFoundError(errno.ENOENT, "x", "/dev/shm"), 2, "No such file or directory: /dev/shm"),
        (OSError("a library's words"), 2, "needed: an error that the system does not explain"),
        (socket.gaierror(-2, "a library's words"), 2, "needed: an error that the system does not explain"),
        (MemoryError(), 2, "there is not enough memory"),
        (KeyError("x"), 4, "this is a bug in traits-sandbox (KeyError: 'x'), and the command has no result"),
        (AssertionError(), 4, "this is a bug in traits-sandbox (AssertionError), and"),
        (RecursionError("deep"), 4, "this is a bug in traits-sandbox (RecursionError: deep)"),
        (ExceptionGroup("two", [ValueError("one\nline")]), 4, "this is a bug in traits-sandbox (ValueError: one line)"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(errno.EPIPE, "x"), 141, ""),
    ],
)
def test_every_exception_has_its_exit_code_and_its_sentence(error: BaseException, code: int, said: str) -> None:
    line = CommandLine("main", commands_at={"fail": (f"{__name__}:failing", "Fail.")})
    with raising(error):
        done = CliRunner().invoke(line, ["fail"])
    assert done.exit_code == code
    last = done.stderr.splitlines()[-1] if said else done.stderr
    assert last.startswith("traits-sandbox: ") if said else not last
    assert said.encode("utf-8", "backslashreplace").decode() in last
    assert "a library's words" not in done.output
    assert ("Traceback" in done.stderr) == (code == 4)


def test_an_error_of_the_machine_is_told_from_a_bug() -> None:
    assert machine_error(ValueError("x")) is None
    assert os_reason(PermissionError(errno.EPERM, "x")) == os.strerror(errno.EPERM)


OPTIONS = [
    (["serve", "--port", "abc"], "--port: must be a whole number from 0 to 65535; see `traits-sandbox serve --help`"),
    (["serve", "--port", ""], "--port: must be a whole number from 0 to 65535"),
    (["serve", "--port"], "--port lacks a value, or was given one that it does not take"),
    (["serve", "--tls=yes"], "--tls lacks a value, or was given one that it does not take"),
    (["serve", "--host", "http://x"], "--host: 'http://x' is not a host name or an IP address (no scheme, no port)."),
    (["serve", "--host", "192.0.2.1"], "192.0.2.1 port 8012: this machine has no such address; choose another --host"),
    (["serve", "--host", f"{'a' * 64}.test"], "there is no such host; choose another --host"),
    (["serve", "--seed", "1.5"], "--seed: must be a whole number"),
    (["serve", "--personas", "0"], "--personas: must be a whole number from 1 to 100"),
    (["serve", "--log-format", "xml"], "--log-format: must be one of pretty, json, none"),
    (["serve", "--ready-file", "."], "--ready-file: . is a folder, not a file."),
    (["serve", "--tls-cert", "no.pem", "--tls-key", "no.pem"], "--tls-cert: there is no file no.pem."),
    (["serve", "--prot", "1"], "there is no option --prot, did you mean --port?"),
    (["serve", "extra"], "traits-sandbox serve takes no arguments, and more was given"),
    (["srve"], "there is no command srve, did you mean serve?; see `traits-sandbox --help`"),
    (["contract", "shw"], "there is no command shw, did you mean show?; see `traits-sandbox contract --help`"),
    (["contract", "build", "x"], "--out is missing; see `traits-sandbox contract build --help`"),
    (["contract", "diff", "x"], "B is missing; see `traits-sandbox contract diff --help`"),
    (["contract", "show", "a", "b"], "traits-sandbox contract show takes EDITION, and more was given"),
    (["conformance", "--timeout", "soon"], "--timeout: must be a number above 0"),
    (["conformance", "--concurrency", "17"], "--concurrency: must be a whole number from 1 to 16"),
    (["bulk", "check", "--first", "many", "."], "--first: must be a whole number, 0 or more"),
]


@pytest.mark.parametrize(("arguments", "said"), OPTIONS)
def test_a_mistake_on_the_command_line_is_one_sentence_with_the_name_of_the_option(
    arguments: list[str], said: str
) -> None:
    done = CliRunner().invoke(main, arguments, prog_name="traits-sandbox")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("traits-sandbox: ")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRAITS_SANDBOX_PORT", "abc", "TRAITS_SANDBOX_PORT (--port): must be a whole number from 0 to 65535"),
        ("TRAITS_SANDBOX_TLS", "perhaps", "TRAITS_SANDBOX_TLS (--tls): must be true or false"),
        ("TRAITS_SANDBOX_SEED", "tcp://10.0.0.1:80", "TRAITS_SANDBOX_SEED (--seed): must be a whole number"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(name: str, value: str, said: str) -> None:
    done = CliRunner().invoke(main, ["serve"], env={name: value})
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert said in done.stderr


@pytest.mark.parametrize(
    "value", ["tcp://10.96.12.34:8012", "udp://10.0.0.1:53", "tcp://[fd00::1]:80", "TCP://1.2.3.4:5"]
)
def test_a_variable_that_is_the_address_of_a_service_is_ignored_with_a_warning(value: str, tmp_path: Path) -> None:
    others = {"TRAITS_SANDBOX_SERVICE_HOST": "10.96.12.34", "TRAITS_SANDBOX_SERVICE_PORT": "8012"}
    env = os.environ | others | {"TRAITS_SANDBOX_PORT": value}
    missing = ["serve", "--contract", str(tmp_path)]  # ends before it listens on the usual port
    done = CliRunner().invoke(main, missing, env=env)
    warning, error = done.stderr.splitlines()
    assert warning.startswith(f"warning: TRAITS_SANDBOX_PORT={value} is ignored")
    assert str(tmp_path) in error
    given = CliRunner().invoke(main, [*missing, "--port", "1"], env=env)
    assert given.stderr.splitlines() == [error]


# A process that may not write a byte to any file, and so has no temporary files; one that may write 64 KiB to each.
NO_ROOM, LITTLE_ROOM = (
    f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n" for size in (0, 65_536)
)


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no limits of processes")
@pytest.mark.parametrize(
    "arguments",
    [
        ["serve", "--port", "0", "--tls"],
        ["serve", "--port", "0", "--ready-file", "ready.json"],
        ["contract", "build", "doc.md", "--out", "out"],
        ["bulk", "check", "load", "--quarantine", "quarantine"],
        ["bulk", "check", "load", "--report", "json=report.json"],
    ],
    ids=" ".join,
)
def test_a_machine_without_room_is_one_sentence_and_exit_code_2(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "load/purchases").mkdir(parents=True)
    (tmp_path / "load/purchases/a.ndjson").write_text('{"user_id": 1}\n', encoding="utf-8")
    (tmp_path / "doc.md").write_text("# Nothing\n", encoding="utf-8")
    env = other_system(
        tmp_path / "modules", {"sitecustomize": NO_ROOM}, HOME=str(tmp_path), PYTHONDONTWRITEBYTECODE="1"
    )
    command = [sys.executable, "-m", "traits_sandbox", *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stderr.splitlines()[-1].partition(": ")[0]) == (2, "traits-sandbox")


@pytest.mark.skipif(sys.platform == "win32", reason="this system has no limits of processes")
def test_an_upload_without_room_is_answered_with_503_and_the_reason(tmp_path: Path) -> None:
    rows = "user_id,kpi_id,value\n" + "".join(f"{number},playtime,1\n" for number in range(100_000))
    env = other_system(tmp_path / "modules", {"sitecustomize": LITTLE_ROOM})
    with serving(tmp_path, env=env) as served, served.client() as client:
        reply = client.post("/v1/kpis/csv", files={"file": rows.encode()})
        assert reply.json() == {"code": 503, "message": "service unavailable"}
        assert "there is no space left" in reply.headers["sandbox-hint"]
        assert client.post("/v1/kpis/csv", files={"file": b"user_id,kpi_id,value\n1,playtime,1\n"}).status_code == 201
    assert "there is no space left" in served.log
    assert "bug" not in served.log


def test_a_user_without_a_name_and_a_home_folder_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("platformdirs")
    nameless = ["unshare", "--map-user=54321"]
    if not shutil.which("unshare") or subprocess.run([*nameless, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system cannot run a program as a user without a name")
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_DATA_HOME")}
    command = [*nameless, sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--tls"]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "this user has no home folder; set HOME" in done.stderr
    assert list(tmp_path.iterdir()) == []
