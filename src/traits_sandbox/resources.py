"""Finds the folders that the package carries: inside an installed wheel, else in the checkout."""

from pathlib import Path

from traits_sandbox.errors import UsageError


def folder(name: str) -> Path:
    """Return a folder of the repository's top level, such as `schemas`, wherever it lies now.

    Raises:
        UsageError: neither the package nor a checkout around it has the folder.

    """
    package = Path(__file__).parent
    for place in (package / "_resources" / name, package.parents[1] / name):
        if place.is_dir():
            return place
    raise UsageError(f"the folder {name!r} is missing from this installation; install traits-sandbox again")


def schemas() -> Path:
    """Return the folder with one folder for each edition of the contract."""
    return folder("schemas")
