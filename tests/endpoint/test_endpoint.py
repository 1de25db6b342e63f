"""A push endpoint is added in a copy of the checkout, by the steps of CONTRIBUTING alone, and every check passes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.components import require
from tests.examples import ALL
from tests.project.files import files
from tests.tiers import Tier, part

ROOT = Path(__file__).parents[2]
SECTION = Path(__file__).with_name("guild_visits.md")
BEFORE = "# PlayFab Webhook Integration\n"

# The tests that list or count operations, records or fields, or compare what is generated from them.
LISTING = (
    "tests/contract",
    "tests/derive",
    "tests/house",
    "tests/cli/test_contract_cli.py",
    "tests/conformance/test_catalogue_records.py",
    "tests/conformance/test_independent.py",
    "tests/conformance/test_reports.py",
    "tests/conformance/test_requirements.py",
    "tests/wire/test_control.py",
    "tests/wire/test_documented_examples.py",
    "tests/wire/test_documented_requests.py",
    "tests/wire/test_made_up_endpoint.py",
    "tests/wire/test_postman.py",
    "tests/wire/test_schemathesis.py",
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    reference = copy / "schemas/2020-09/reference.md"
    text = reference.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    reference.write_text(text.replace(BEFORE, SECTION.read_text(encoding="utf-8") + BEFORE), encoding="utf-8")
    run("sh", "scripts/generate", cwd=copy)
    return copy


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
