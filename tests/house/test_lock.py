"""The lock fits pyproject.toml for every supported Python and system."""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain, product
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.components import require

ROOT = Path(__file__).parents[2]
LOCKS = ROOT / "requirements"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

SYSTEMS = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
ENVIRONMENTS = [
    {
        "python_version": version,
        "python_full_version": f"{version}.0",
        "platform_system": system,
        "sys_platform": platform,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }
    for version, (system, platform) in product(("3.11", "3.12", "3.13", "3.14"), SYSTEMS.items())
]


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of a lock: its version, its marker, and the number of its hashes."""

    requirement: Requirement
    hashes: int

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)

    @property
    def version(self) -> str:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return specifier.version

    def applies(self, environment: dict[str, str]) -> bool:
        return applies(self.requirement.marker, environment)


def applies(marker: Marker | None, environment: dict[str, str]) -> bool:
    return marker is None or marker.evaluate(environment)


def pins(name: str) -> list[Pin]:
    """Return the packages of a lock."""
    require(f"requirements/{name}.txt", present=(LOCKS / f"{name}.txt").exists())
    text = re.sub(r"^#.*\n", "", (LOCKS / f"{name}.txt").read_text(encoding="utf-8"), flags=re.M)
    entries = text.replace("\\\n", " ").splitlines()
    return [Pin(Requirement(entry.partition(" --hash")[0]), entry.count("--hash=sha256:")) for entry in entries]


def group(name: str) -> Iterator[Requirement]:
    for each in PROJECT["dependency-groups"][name]:
        if isinstance(each, dict):
            yield from group(each["include-group"])
        else:
            yield Requirement(each)


def runtime() -> Iterator[Requirement]:
    """Yield the requirements of the package and its extras."""
    project = PROJECT["project"]
    for each in chain(project["dependencies"], *project["optional-dependencies"].values()):
        if canonicalize_name(Requirement(each).name) != project["name"]:
            yield Requirement(each)


WANTED = {
    "lock": [*runtime(), *group("dev"), *map(Requirement, PROJECT["build-system"]["requires"])],
    "uv": list(group("resolve")),
    "node": list(group("node")),
}
EVERY_LOCK = pytest.mark.parametrize("name", WANTED)


@EVERY_LOCK
def test_a_lock_fits_the_project_for_every_python_and_system(name: str) -> None:
    locked = pins(name)
    for environment, wanted in product(ENVIRONMENTS, WANTED[name]):
        if not applies(wanted.marker, environment):
            continue
        found = [pin for pin in locked if pin.name == canonicalize_name(wanted.name) and pin.applies(environment)]
        assert [wanted.specifier.contains(pin.version) for pin in found] == [True], (wanted, environment)


@EVERY_LOCK
def test_every_package_of_a_lock_has_one_version_and_its_hashes(name: str) -> None:
    locked = pins(name)
    assert [str(pin.requirement) for pin in locked if not pin.version or not pin.hashes] == []
    for environment in ENVIRONMENTS:
        names = [pin.name for pin in locked if pin.applies(environment)]
        assert sorted(names) == sorted(set(names))


def test_the_lock_has_pip_and_the_build_backend() -> None:
    assert {"pip", "hatchling", "editables"} <= {pin.name for pin in pins("lock")}


def test_every_direct_dependency_has_a_lowest_version() -> None:
    operators = {each.name: {specifier.operator for specifier in each.specifier} for each in runtime()}
    assert [name for name, used in operators.items() if ">=" not in used] == []


# The versions that scripts/test has installed; empty if pytest was started in another way.
INSTALLED = os.environ.get("VERSIONS", "")


@pytest.mark.skipif(INSTALLED != "locked", reason="this environment was not made from the lock")
def test_the_versions_of_the_lock_are_installed() -> None:
    here = [pin for pin in pins("lock") if applies(pin.requirement.marker, {"extra": ""})]
    assert {pin.name: version(pin.name) for pin in here} == {pin.name: pin.version for pin in here}


@pytest.mark.skipif(INSTALLED != "lowest", reason="this environment does not have the lowest versions")
def test_the_lowest_version_of_every_direct_dependency_is_installed() -> None:
    here = [each for each in runtime() if applies(each.marker, {"extra": ""})]
    lowest = {each.name: max(Version(s.version) for s in each.specifier if s.operator == ">=") for each in here}
    assert {name: Version(version(name)) for name in lowest} == lowest
