"""The files that reports go to: known to be writable before any work is done."""

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from traits_sandbox.errors import UsageError

ReportFiles = tuple[tuple[str, Path], ...]
"""Kinds of reports, each with its file."""


def wanted(asked: Iterable[str], kinds: Collection[str]) -> ReportFiles:
    """Return what was asked for as `KIND=PATH`, or several such with commas between.

    Raises:
        UsageError: it is not of this form, or a file cannot be written.

    """
    between = re.compile(f",(?=(?:{'|'.join(kinds)})=)")
    found = tuple(_one(each, kinds) for text in asked for each in between.split(text))
    for number, (_, path) in enumerate(found):
        if path in [other for _, other in found[:number]]:
            raise UsageError(f"--report names {path} twice; give each report a file of its own")
        _check(path)
    return found


def make_folder(folder: Path) -> None:
    """Make a folder, unless there is one.

    Raises:
        UsageError: it cannot be made.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the folder cannot be made: {error.strerror or error}: {folder}") from error


def write(reports: ReportFiles, content: Callable[[str], bytes]) -> None:
    """Write the reports, given what makes one of a kind.

    Raises:
        UsageError: a file cannot be written after all.

    """
    for kind, path in reports:
        made = content(kind)
        try:
            path.write_bytes(made)
        except OSError as error:
            raise _unwritable(path, error) from error


def _one(text: str, kinds: Collection[str]) -> tuple[str, Path]:
    kind, _, path = text.partition("=")
    if kind not in kinds or not path:
        raise UsageError(f"--report takes KIND=PATH, where KIND is one of {', '.join(kinds)}; not {text!r}")
    return kind, Path(path)


def _check(path: Path) -> None:
    try:
        existed = path.exists()
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"the report cannot be written: {error.strerror or error}: {path}")
