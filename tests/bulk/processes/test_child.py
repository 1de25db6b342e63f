"""Why a separate process did not answer: each cause has its own reason, and the machine's errors blame no file."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.bulk.loading import checked, purchase, put
from traits_sandbox.bulk.formats.isolation import (
    ChildProcess,
    LossCause,
    ProcessLimits,
    ProcessLost,
    ProcessNotStarted,
)

HERE = "tests.bulk.processes"


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    process = ChildProcess(f"{HERE}.misbehaving", ProcessLimits(seconds=1))
    yield process
    process.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals and exit codes")
@pytest.mark.parametrize(
    ("request_", "cause", "reason"),
    [
        ("sleep", LossCause.TIME, "takes more than 1 seconds for a few rows, so reading was stopped"),
        ("crash", LossCause.CRASH, "makes its reader crash: it ended by SIGSEGV"),
        ("killed", LossCause.KILLED, "its reader was killed, perhaps because this machine has too little memory"),
        ("memory", LossCause.MEMORY, "needs more than 2048 MiB of memory"),
        ("no allocation", LossCause.MEMORY, "needs more than 2048 MiB of memory"),
        ("exit", LossCause.CRASH, "makes its reader crash: it ended with exit code 9 (the last words)"),
    ],
)
def test_each_cause_has_its_reason(child: ChildProcess, request_: str, cause: LossCause, reason: str) -> None:
    answers = child.ask(request_.encode())
    assert next(answers) == f"at first {request_}".encode()
    with pytest.raises(ProcessLost) as lost:
        next(answers)
    assert (lost.value.cause, reason in str(lost.value)) == (cause, True)
    assert list(child.ask(b"well")) == [b"at first well"]


def test_what_a_child_prints_neither_blocks_it_nor_gets_between_its_answers(child: ChildProcess) -> None:
    assert list(child.ask(b"talk")) == [b"at first talk", b"then all"]


def not_started(child: ChildProcess) -> str:
    with pytest.raises(ProcessNotStarted) as error:
        next(child.ask(b"x"))
    return str(error.value)


@pytest.mark.parametrize(
    ("module", "libraries", "reason"),
    [
        (f"{HERE}.misbehaving", ("no_such_library",), "cannot import no_such_library: install"),
        (f"{HERE}.no_such_module", (), f"cannot import {HERE}.no_such_module: install"),
        (f"{HERE}.cannot_start", (), "cannot start: it ended with exit code 7"),
    ],
)
def test_a_child_that_cannot_start_is_an_error_of_the_machine(
    module: str, libraries: tuple[str, ...], reason: str
) -> None:
    assert reason in not_started(ChildProcess(module, ProcessLimits(), libraries))


PROGRAM = """
import sys
sys.path[:] = {path}
{more}
from traits_sandbox.cli import main
main(["bulk", "check", sys.argv[1]])
"""


def check_with(root: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Check a load in an interpreter that does not know the packages: only its `sys.path` does."""
    program = PROGRAM.format(path=ascii([each for each in sys.path if each]), more=more)
    python = getattr(sys, "_base_executable", sys.executable)
    return subprocess.run([python, "-I", "-c", program, root], text=True, capture_output=True, cwd=root, check=False)


@pytest.fixture
def load(tmp_path: Path) -> Path:
    put(tmp_path, "purchases/d=1/a.parquet", b"")
    pl.DataFrame([purchase(1)]).write_parquet(tmp_path / "purchases/d=1/a.parquet")
    return tmp_path


def test_packages_that_only_sys_path_knows_are_found_by_the_child(load: Path) -> None:
    done = check_with(load)
    assert (done.returncode, "GOOD  1 row in 1 file keep the contract" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("sys.executable = '/nowhere/python'", "cannot start a process to read Parquet files: No such file"),
        ("sys.executable = ''", "cannot start a process to read Parquet files: "),
        ("sys.executable = '/bin/false'", "cannot start: it ended with exit code 1"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the programs are those of POSIX")
def test_a_good_file_is_not_blamed_for_a_missing_process(load: Path, more: str, reason: str) -> None:
    done = check_with(load, more)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
    assert reason in done.stderr


def test_modules_of_the_current_folder_are_not_imported(load: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(load, "json.py", b"raise SystemExit(5)")
    monkeypatch.chdir(load)
    assert [file.good for file in checked(load).files] == [True]
