"""An error of the machine is one sentence and exit code 2: never a traceback, and never exit code 1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bulk.loading import purchase, put
from traits_sandbox.bulk.formats.copies import copied

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the limits and paths are those of POSIX")

LONG = "x" * 300
# No file may become larger than this, as on a full disk.
PROGRAM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
from traits_sandbox.cli import main
main(["bulk", "check", *sys.argv[1:]])
"""


@pytest.fixture
def load(tmp_path: Path) -> Path:
    put(tmp_path / "load", "purchases/d=1/a.ndjson", [purchase(number, price=-1) for number in range(500)])
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path / "load"


def check(load: Path, *options: str, room: int = -1, out: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM.format(room=room), *options]
    with open(out or os.devnull, "w") as stream:
        return subprocess.run(command, cwd=load.parent, text=True, stdout=stream, stderr=subprocess.PIPE, check=False)


@pytest.mark.parametrize(
    ("options", "room", "reason"),
    [
        (["load", "--report", f"json={LONG}"], -1, "the report cannot be written: File name too long"),
        (["load", "--report", f"json={LONG}/r.json"], -1, "the report cannot be written: File name too long"),
        (["load", "--report", "json=loop"], -1, "the report cannot be written: Too many levels of symbolic links"),
        (["load", "--report", "json=r.json"], 1024, "the report cannot be written: File too large"),
        (["load", "--report", "html=r.html"], 1024, "the report cannot be written: File too large"),
        (["load", "--report", "junit=/dev/full"], -1, "the report cannot be written: No space left on device"),
        (["load", "--quarantine", LONG], -1, "--quarantine cannot be written: File name too long"),
        (["load", "--quarantine", "loop"], -1, "--quarantine"),
        (["load", "--quarantine", "/dev/null/q"], -1, "--quarantine cannot be written: Not a directory"),
        (["load", "--quarantine", "q"], 1024, "--quarantine cannot be written: File too large"),
        ([LONG], -1, "there is no folder"),
        (["loop"], -1, "there is no folder"),
        (["loop", "--quarantine", "q"], -1, "there is no folder"),
    ],
)
def test_an_error_of_the_machine_is_one_sentence(load: Path, options: list[str], room: int, reason: str) -> None:
    if "/dev/full" in " ".join(options) and not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    done = check(load, *options, room=room)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert f"traits-sandbox: {reason}" in done.stderr.splitlines()[-1]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("option", ["--json", "--report-schema", "--first=1"])
def test_a_full_output_is_one_sentence(load: Path, option: str) -> None:
    done = check(load, "load", option, out="/dev/full")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert done.stderr.splitlines()[-1] == "traits-sandbox: the report cannot be printed: No space left on device"


NO_TEMPORARY_FOLDER = """
import os, sys, tempfile
os.chdir(sys.argv[1])
tempfile.tempdir = sys.argv[2]
from traits_sandbox.bulk.formats.copies import copied
try:
    with copied([b"x" * 10**6]):
        pass
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(("folder", "reason"), [("/nowhere/at/all", "No such file"), ("/dev/null", "Not a directory")])
def test_a_folder_for_temporary_files_that_cannot_be_used_blames_no_file(
    tmp_path: Path, folder: str, reason: str
) -> None:
    command = [sys.executable, "-c", NO_TEMPORARY_FOLDER, str(tmp_path), folder]
    told = subprocess.run(command, text=True, capture_output=True, check=True).stdout
    assert told.startswith("UsageError a Parquet file cannot be copied to the folder for temporary files (")
    assert reason in told


def test_a_copy_is_removed_at_the_end() -> None:
    with copied([b"a", b"b"]) as path:
        assert path.read_bytes() == b"ab"
    assert not path.parent.exists()
