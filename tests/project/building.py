"""Builds the packages, and installs them in new environments from installed packages, without a package index."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
OURS = ("PYTHON", "VIRTUAL_ENV", "TRAITS_SANDBOX_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command, which must succeed, and return its output."""
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: str | Path, cwd: Path, python: str | Path = sys.executable) -> None:
    run(sys.executable, "-m", "pip", "--python", python, *arguments, "-q", cwd=cwd)


def built(source: Path, target: str, folder: Path) -> Path:
    """Build the `sdist` or the `wheel` of a source tree with the installed build backend."""
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", folder, cwd=source)
    (package,) = folder.iterdir()
    return package


def unpacked(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist and return its top folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (top,) = folder.iterdir()
    return top


def environment(folder: Path) -> Path:
    """Make an empty environment, without pip."""
    venv.create(folder, symlinks=os.name != "nt")
    return folder


def project() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return table


def copy_installed(names: list[str], target: Path) -> None:
    """Copy installed packages and their dependencies to another environment."""
    scheme = {"base": str(target), "platbase": str(target)}
    site = Path(sysconfig.get_path("platlib", "venv", scheme))
    for distribution in closure(names):
        for file in distribution.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                (site / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(file.locate()), site / file)


def closure(requirements: list[str]) -> Iterator[importlib.metadata.Distribution]:
    """Yield the installed distributions of requirements and of their dependencies, each once."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(each), "") for each in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": extra}):
            continue
        distribution = importlib.metadata.distribution(wanted.name)
        for name in {"", *wanted.extras}:
            key = (canonicalize_name(wanted.name), name)
            if key not in seen:
                waiting += [(Requirement(each), name) for each in distribution.requires or ()]
                seen.add(key)
                if not name:
                    yield distribution
