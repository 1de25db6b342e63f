"""What `bulk check` prints, where it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bulk.loading import purchase, put

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_report_that_cannot_be_printed_is_one_sentence(unbuffered: str, options: list[str], tmp_path: Path) -> None:
    put(tmp_path, "purchases/d=1/x.ndjson", [purchase(1)])
    command = [sys.executable, "-m", "traits_sandbox", "bulk", "check", str(tmp_path), *options]
    with FULL.open("wb") as full:
        env = os.environ | {"PYTHONUNBUFFERED": unbuffered}
        done = subprocess.run(command, env=env, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    said = "traits-sandbox: the report cannot be printed: No space left on device"
    assert (done.returncode, done.stderr.splitlines()[-1]) == (2, said)
