"""Checkouts and copies with CRLF line ends, as git can make them on Windows."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.components import require
from tests.tiers import Tier, part
from traits_sandbox import resources
from traits_sandbox.cli import main
from traits_sandbox.conformance.judging.deviations import read_deviations
from traits_sandbox.conformance.judging.requirements import passages, read_registry, registry
from traits_sandbox.contract.build import build_edition
from traits_sandbox.contract.compile import compile_document
from traits_sandbox.derive.generate import generate

ROOT = Path(__file__).parents[2]
DEVIATION = '[[deviation]]\ncase = "LIM-003"\nobserved = "201"\nreason = """\nticket 1\n"""\nexpires = 2027-01-01\n'


def with_crlf(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes().replace(b"\n", b"\r\n"))
    return target


def test_documents_with_crlf_generate_the_same_files(edition: Path, tmp_path: Path) -> None:
    for name in ("reference.md", "errata.toml"):
        with_crlf(edition / name, tmp_path / name)
    (here, found), (there, found_there) = build_edition(edition), build_edition(tmp_path)
    assert (generate(there), found_there) == (generate(here), found)


def test_a_text_with_crlf_compiles_to_the_same_contract(reference: str) -> None:
    made, found = compile_document(reference.replace("\n", "\r\n"), file="a.md", edition="e")
    assert (made, found) == compile_document(reference, file="a.md", edition="e")


def test_requirements_with_crlf_are_the_same(tmp_path: Path, reference: str) -> None:
    requirements = resources.folder("conformance") / "requirements.toml"
    assert read_registry(with_crlf(requirements, tmp_path / "r.toml")) == registry()
    assert passages(reference.replace("\n", "\r\n")) == passages(reference)


def test_deviations_with_crlf_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "lf").write_bytes(DEVIATION.encode())
    assert read_deviations(with_crlf(tmp_path / "lf", tmp_path / "crlf")) == read_deviations(tmp_path / "lf")


def test_generated_files_with_crlf_are_reported_as_such(edition: Path, tmp_path: Path) -> None:
    shutil.copytree(edition, tmp_path / "schemas/e")
    shutil.copytree(resources.folder("postman"), tmp_path / "postman")
    folder = tmp_path / "schemas/e"
    with_crlf(edition / "contract.json", folder / "contract.json")
    (folder / "openapi.json").write_bytes(b"{}\r\n")
    done = CliRunner().invoke(main, ["contract", "check", str(folder)])
    printed = [f"{folder}: CRLF line ends instead of LF in contract.json", f"{folder}: stale openapi.json"]
    assert (done.exit_code, done.output.splitlines()) == (1, printed)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone made by a git that turns LF into CRLF."""
    require("git", present=shutil.which("git"))
    if (ROOT / "PKG-INFO").exists():
        pytest.skip("an sdist is not a checkout")
    require("a git checkout", present=(ROOT / ".git").exists())
    folder = tmp_path_factory.mktemp("clone") / "clone"
    options = ["-q", "--no-hardlinks", "-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    subprocess.run(["git", "clone", *options, str(ROOT), str(folder)], check=True, capture_output=True)
    return folder


def test_a_clone_with_autocrlf_has_lf_line_ends(clone: Path) -> None:
    listing = subprocess.run(["git", "ls-files", "--eol"], cwd=clone, check=True, capture_output=True, text=True)
    found = [line.split() for line in listing.stdout.splitlines()]
    assert [name for _, work, *_, name in found if work not in ("w/lf", "w/none", "w/-text")] == []


@part("project", Tier.PROOFS)
def test_contract_check_succeeds_in_a_clone_with_autocrlf(clone: Path) -> None:
    env = os.environ | {"PYTHONPATH": str(clone / "src")}
    tests = ["tests/contract", "tests/derive/test_generate.py", "tests/cli/test_contract_cli.py"]
    for command in (["-m", "traits_sandbox", "contract", "check"], ["-m", "pytest", "-q", *tests]):
        done = subprocess.run([sys.executable, *command], cwd=clone, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
