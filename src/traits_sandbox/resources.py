"""Finds the folders with data files, in the installed package or in the checkout."""

from pathlib import Path

from traits_sandbox.errors import UsageError


def folder(name: str) -> Path:
    """Return a top-level folder of the repository, such as `schemas`; a wheel contains a copy of it.

    Raises:
        UsageError: neither the installed package nor the checkout has the folder.

    """
    package = Path(__file__).parent
    for place in (package / "_resources" / name, package.parents[1] / name):
        if place.is_dir():
            return place
    raise UsageError(f"the folder {name!r} is missing from this installation; install traits-sandbox again")


def schemas() -> Path:
    """Return the folder that has a folder for each edition of the contract."""
    return folder("schemas")
