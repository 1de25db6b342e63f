"""Where a system has no means for several processes, one process checks everything, and the check says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bulk.loading import purchase, put

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the limits and programs are those of POSIX")

PROGRAM = """
import sys
{more}
from traits_sandbox.cli import main
if __name__ == "__main__":
    main(["bulk", "check", *sys.argv[1:]])
"""
# No file may have content, so semaphores and shared memory, which are files in /dev/shm, cannot be made.
NO_FILES = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))"


@pytest.fixture
def load(tmp_path: Path) -> Path:
    for number in range(310):
        put(tmp_path, f"purchases/d=1/{number}.ndjson", [purchase(number)])
    put(tmp_path, "purchases/d=1/bad.ndjson", [purchase(1, price=-1)])
    return tmp_path


def check_with(load: Path, more: str, *options: str) -> subprocess.CompletedProcess[str]:
    # A file, because each process of a pool imports it.
    program = put(load, "_program.py", PROGRAM.format(more=more).encode())
    command = [sys.executable, str(program), str(load), *options]
    return subprocess.run(command, text=True, capture_output=True, check=False)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        pytest.param(
            NO_FILES,
            "no shared memory for several processes",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="semaphores are files on Linux"),
        ),
        ("if __name__ == '__mp_main__': sys.exit(3)", "no other process can start"),
    ],
)
def test_one_process_does_all_the_work_and_says_why(load: Path, more: str, reason: str) -> None:
    done = check_with(load, more, "--jobs", "2")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "NOT GOOD  1 bad row in 1 file, of 311 rows in 311 files" in done.stdout
    (warning,) = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert warning.startswith("warning: one process does all the work: ")
    assert reason in warning


def test_one_job_needs_no_warning(load: Path) -> None:
    done = check_with(load, "", "--jobs", "1")
    assert (done.returncode, "warning" in done.stderr) == (1, False)


@pytest.mark.skipif(sys.platform != "linux", reason="semaphores are files on Linux")
def test_a_local_cluster_that_cannot_start_is_one_sentence(load: Path) -> None:
    pytest.importorskip("distributed")
    done = check_with(load, NO_FILES, "--engine", "dask", "--jobs", "1")
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
    assert "Dask cannot start workers on this machine" in done.stderr.splitlines()[-1]
