"""The files of the project: the files that git tracks, or all files of an unpacked sdist."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.components import require

ROOT = Path(__file__).parents[2]
ADDED = {"PKG-INFO", ".gitignore"}
"""Files at the top of an sdist that are not listed in pyproject.toml."""


def files(*, committed: bool = False) -> list[str]:
    """Return the names of the project's files, in a checkout or in an unpacked sdist.

    In a checkout, files that git would add are included, unless `committed`.
    """
    if (ROOT / "PKG-INFO").exists():
        return sorted(set(_walk(ROOT, _ignored())) - ADDED)
    names = tracked() if committed else tracked("--others", "--exclude-standard")
    require("a git checkout or an sdist", present=names)
    return names


def tracked(*options: str) -> list[str]:
    """Return the files that `git ls-files` lists with these options; none without a checkout."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", *options]
    try:
        listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return []
    return sorted({name for name in listing.split("\0") if name and (ROOT / name).exists()})


def _ignored() -> list[str]:
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    return [line.rstrip("/") for line in lines if line]


def _walk(folder: Path, ignored: list[str]) -> Iterator[str]:
    for path in folder.iterdir():
        if any(path.match(pattern) for pattern in ignored):
            continue
        if path.is_dir():
            yield from _walk(path, ignored)
        else:
            yield path.relative_to(ROOT).as_posix()
