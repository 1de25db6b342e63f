import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.project.files import files
from tests.tiers import PARTS
from traits_sandbox import __version__

CI_MINUTES = 35
ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "traits_sandbox"
MACHINE_PATH = re.compile(r"(?<![\w.~)}\]:/-])/(?:work|home|root|Users|opt)/\w+")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Return the text files of the project by name."""
    return dict(_texts(files()))


def _texts(names: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):
            continue


def project() -> dict[str, object]:
    table: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def test_the_table_of_time_limits_has_every_part_of_the_proofs() -> None:
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [name for name in PARTS if f"| `{name}` | " not in table] == []
    limits = re.findall(r"^\|[^|]*\|[^|]*\| (\d+(?:\.\d+)?) \|", table, re.MULTILINE)
    assert len(limits) == len(PARTS) + 4
    assert sum(map(float, limits)) <= CI_MINUTES


def test_the_version_is_the_same_everywhere() -> None:
    assert project()["version"] == __version__
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_every_module_has_a_docstring() -> None:
    bare = [path for path in PACKAGE.rglob("*.py") if not ast.get_docstring(ast.parse(path.read_text("utf-8")))]
    assert bare == []


def test_no_file_points_outside_the_checkout(texts: dict[str, str]) -> None:
    assert [name for name, text in texts.items() if name.startswith("src/") and "../shared" in text] == []


def test_no_file_contains_a_path_of_one_machine(texts: dict[str, str]) -> None:
    assert {name: found[0] for name, text in texts.items() if (found := MACHINE_PATH.findall(text))} == {}


def test_scripts_are_executable(texts: dict[str, str]) -> None:
    assert [
        name
        for name in texts
        if name == ".ci/run" or (name.startswith("scripts/") and not name.endswith(".sh"))
        if not (ROOT / name).stat().st_mode & 0o111
    ] == []
