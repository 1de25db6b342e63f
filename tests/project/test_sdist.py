"""The sdist has all files of the project, and passes its own tests after it is unpacked."""

import subprocess
import sys
import tarfile
from pathlib import Path

from tests.examples import ALL
from tests.project.building import ENVIRONMENT, run, unpacked
from tests.project.files import ADDED, files
from tests.tiers import Tier, part

HOUR = 3600


def names_in_sdist(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive if member.isfile()}


def test_the_sdist_has_every_file_of_the_project_and_no_other(sdist: Path) -> None:
    names = names_in_sdist(sdist)
    assert set(files(committed=True)) - names == set()
    assert names - ADDED - set(files()) == set()


def test_the_files_can_be_listed_without_git(sdist: Path, tmp_path: Path) -> None:
    source = unpacked(sdist, tmp_path)
    (source / ".venv/lib").mkdir(parents=True)
    (source / ".venv/lib/not-ours.py").touch()
    program = "from tests.project.files import files; print(*files(), sep='\\0', end='')"
    assert set(run(sys.executable, "-c", program, cwd=source).split("\0")) == names_in_sdist(sdist) - ADDED


@part("project", Tier.FULL)
def test_the_sdist_passes_its_own_tests(sdist: Path, tmp_path: Path) -> None:
    # The script makes a separate environment from the lock in the sdist.
    ours = ("VENV", "VERSIONS", "PYTEST", ALL)
    given = {name: value for name, value in ENVIRONMENT.items() if not name.startswith(ours)}
    done = subprocess.run(
        ["sh", "scripts/test"], cwd=unpacked(sdist, tmp_path), env=given, timeout=HOUR, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
