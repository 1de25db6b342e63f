"""A push endpoint is added in a copy of the checkout, by the steps of CONTRIBUTING alone, and every check passes."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import require
from tests.examples import ALL
from tests.project.files import files
from tests.tiers import Tier, part

ROOT = Path(__file__).parents[2]
EXAMPLE = Path(__file__).with_name("guild_visits")
FOLDERS = "`social_dynamics` or `kpis`"

# Where each part of the example is put: the file of the edition, and the line below it.
PLACES = {
    "push.md": ("reference.md", "# PlayFab Webhook Integration\n"),
    "folder.md": ("reference.md", "## KPIs\n"),
    "errata.toml": ("errata.toml", "# CSV uploads\n"),
}

# The tests that list or count operations, records or fields, or compare what is generated from them.
LISTING = (
    "tests/contract",
    "tests/derive",
    "tests/house",
    "tests/bulk/test_csv.py",
    "tests/bulk/test_documented.py",
    "tests/cli/test_contract_cli.py",
    "tests/clouds/test_three_clouds.py::test_the_data_set_has_good_rows_and_bad_rows_of_every_kind",
    "tests/conformance/test_catalogue_records.py",
    "tests/conformance/test_independent.py",
    "tests/conformance/test_kill_matrix.py::test_the_matrix_is_of_all_mutants",
    "tests/conformance/test_reports.py",
    "tests/conformance/test_requirements.py",
    "tests/conformance/test_runs.py::test_the_emulator_is_conformant",
    "tests/conformance/test_safety.py",
    "tests/hostile/test_matrix.py",
    "tests/wire/test_control.py",
    "tests/wire/test_documented_examples.py",
    "tests/wire/test_documented_requests.py",
    "tests/wire/test_made_up_endpoint.py",
    "tests/wire/test_postman.py",
    "tests/wire/test_schemathesis.py",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the checkout with one endpoint more."""
    require("git", present=shutil.which("git"))
    copy = tmp_path_factory.mktemp("endpoint") / "checkout"
    for name in files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    for package in ROOT.glob("tests/*/node_modules/*"):
        link = copy / package.relative_to(ROOT)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(package)
    run("git", "init", "-q", cwd=copy)
    run("git", "add", "-A", cwd=copy)
    add_example(copy / "schemas/2020-09")
    for command in commands():
        run(*command.split(), cwd=copy)
    yield copy
    shutil.rmtree(copy)


def add_example(edition: Path) -> None:
    replace(edition / "reference.md", FOLDERS, "`social_dynamics`, `guild_visits` or `kpis`")
    for name, (file, below) in PLACES.items():
        replace(edition / file, below, (EXAMPLE / name).read_text(encoding="utf-8") + below)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{file.name} has {old!r} {text.count(old)} times"
    file.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


def steps() -> str:
    """Return the steps of CONTRIBUTING."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return text.partition("\n## Add an endpoint\n")[2].partition("\n## ")[0]


def commands() -> list[str]:
    """Return the scripts that the steps run."""
    found = re.findall(r"^ *(sh scripts/\w+)$", steps(), re.MULTILINE)
    assert found
    return found


def test_the_steps_show_every_part_of_the_example() -> None:
    assert {path.name for path in EXAMPLE.iterdir()} == set(PLACES)
    assert [name for name in PLACES if f"(tests/endpoint/guild_visits/{name})" not in steps()] == []


@part("endpoint")
def test_style_types_and_generated_files_are_right(checkout: Path) -> None:
    run(sys.executable, "-m", "ruff", "check", cwd=checkout)
    run(sys.executable, "-m", "ruff", "format", "--check", cwd=checkout)
    run(sys.executable, "-m", "mypy", cwd=checkout)
    run("sh", "scripts/generate", "--check", cwd=checkout)


@part("endpoint")
def test_every_test_that_lists_operations_passes(checkout: Path) -> None:
    pytest_passes(checkout, *LISTING)


@part("endpoint", Tier.FULL)
def test_all_tests_pass(checkout: Path) -> None:
    pytest_passes(checkout)


def pytest_passes(checkout: Path, *paths: str) -> None:
    output = run(sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *paths, cwd=checkout)
    assert " passed" in output


def run(*command: str, cwd: Path) -> str:
    """Run a command on the copy, in this environment; it must succeed. Return its output."""
    ours = ("PYTEST", "COV", ALL)
    given = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    # The packages of this environment, the code of the copy, in every process that a test starts.
    given |= {"VENV": sys.prefix, "PYTHONPATH": str(cwd / "src")}
    done = subprocess.run(command, cwd=cwd, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    return done.stdout
