import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from traits_sandbox.cli import main

SEEDED = {
    "field removed": ("device|string||", "phone|string||"),
    "type": ("price|float|Yes|", "price|int|Yes|"),
    "required mark": ("level|int||", "level|int|Yes|"),
    "limit": ("up to 1000", "up to 999"),
    "method": ("curl -XGET", "curl -XPOST"),
    "path": ("/v1/level-ups", "/v1/levels"),
    "trait name": ('"Altruism"', '"Selflessness"'),
    "folder": ("`kpis", "`indicators"),
}


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["contract", *map(str, arguments)])


@pytest.fixture
def copied(tmp_path: Path, edition: Path, reference: str) -> Path:
    """A copy of the edition with freshly generated files."""
    (tmp_path / "reference.md").write_text(reference)
    (tmp_path / "errata.toml").write_bytes((edition / "errata.toml").read_bytes())
    built = run("build", tmp_path / "reference.md", "--errata", tmp_path / "errata.toml", "--out", tmp_path)
    assert built.exit_code == 0
    return tmp_path


def test_the_reference_has_the_same_facts_as_the_vendors_document(vendor_document: Path) -> None:
    result = run("diff", vendor_document, "2020-09")
    assert (result.exit_code, result.output) == (0, "no difference\n")


@pytest.mark.parametrize(("old", "new"), SEEDED.values(), ids=SEEDED.keys())
def test_a_seeded_change_is_reported(tmp_path: Path, reference: str, old: str, new: str) -> None:
    assert old in reference
    (tmp_path / "edited.md").write_text(reference.replace(old, new))
    result = run("diff", "2020-09", tmp_path / "edited.md")
    assert result.exit_code == 1
    assert result.stdout.startswith("BREAKS ")


def test_a_compatible_change_is_reported_with_success(tmp_path: Path, reference: str) -> None:
    (tmp_path / "edited.md").write_text(reference.replace("up to 1000", "up to 2000"))
    result = run("diff", "2020-09", tmp_path / "edited.md")
    assert (result.exit_code, result.stdout) == (0, "       changed limit of records: 1000 -> 2000\n")


def test_changes_can_be_printed_as_json(tmp_path: Path, reference: str) -> None:
    (tmp_path / "edited.md").write_text(reference.replace("up to 1000", "up to 10"))
    result = run("diff", "2020-09", tmp_path / "edited.md", "--json")
    assert json.loads(result.stdout) == [
        {"kind": "changed", "what": "limit of records", "before": "1000", "after": "10", "breaks": True}
    ]


@pytest.mark.parametrize("broken", ["absent.md", "broken.md"])
def test_a_document_that_cannot_be_compared_is_one_line_and_exit_code_2(tmp_path: Path, broken: str) -> None:
    (tmp_path / "broken.md").write_text("---\ntitle: T\n---\n\n# A\n\n***\n")
    result = run("diff", "2020-09", tmp_path / broken)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("traits-sandbox: ")
    assert result.stderr.count("\n") == 1


def test_build_prints_warnings_on_stderr(copied: Path, tmp_path: Path) -> None:
    result = run("build", copied / "reference.md", "--errata", copied / "errata.toml", "--out", tmp_path / "new")
    assert result.stdout.startswith("edition 2020-09: ")
    assert all(line.startswith(f"{copied / 'reference.md'}:") for line in result.stderr.splitlines())
    assert "no table describes the folder 'kpis'" in result.stderr


def test_build_removes_files_that_are_no_longer_generated(copied: Path) -> None:
    (copied / "gone.schema.json").touch()
    (copied / "notes.json").touch()
    run("build", copied / "reference.md", "--errata", copied / "errata.toml", "--out", copied)
    assert not (copied / "gone.schema.json").exists()
    assert (copied / "notes.json").exists()


def test_what_was_just_built_is_fresh(copied: Path) -> None:
    result = run("check", copied)
    assert (result.exit_code, result.stdout) == (0, f"{copied}: fresh\n")


def test_check_lists_stale_missing_and_unexpected_files(copied: Path) -> None:
    with (copied / "contract.json").open("a") as file:
        file.write("\n")
    (copied / "more.schema.json").touch()
    assert run("check", copied).stdout.splitlines() == [
        f"{copied}: unexpected more.schema.json",
        f"{copied}: stale contract.json",
    ]
    (copied / "contract.json").unlink()
    result = run("check", copied)
    assert result.exit_code == 1
    assert f"{copied}: missing contract.json" in result.stdout


def test_check_notices_an_edited_source(copied: Path, reference: str) -> None:
    (copied / "reference.md").write_text(reference.replace("up to 1000", "up to 10"))
    result = run("check", copied)
    assert result.exit_code == 1
    assert f"{copied}: stale contract.json" in result.stdout


def test_show_prints_plain_columns_without_a_terminal(copied: Path) -> None:
    lines = run("show", copied).stdout.splitlines()
    assert any(line.split() == ["push_actions", "POST", "/v1/actions", "push", "append"] for line in lines)
    assert any(line.split() == ["price", "float", "required", "above", "0"] for line in lines)


def test_show_can_print_the_whole_contract_as_json(copied: Path) -> None:
    assert run("show", copied, "--json").stdout_bytes == (copied / "contract.json").read_bytes()


def test_an_erratum_that_does_not_fit_is_one_line_and_exit_code_2(copied: Path) -> None:
    text = (copied / "errata.toml").read_text()
    (copied / "errata.toml").write_text(text.replace("records.Purchase.fields.price", "records.Purchase.fields.cost"))
    result = run("check", copied)
    assert result.exit_code == 2
    assert "target 'records.Purchase.fields.cost': the document has no such target" in result.stderr


def test_help_imports_no_subcommand() -> None:
    code = (
        "import sys; from traits_sandbox.cli import main\n"
        "try: main(['--help'])\n"
        "finally: print([name for name in sys.modules if name.startswith('traits_sandbox.')])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "Build, check, show and compare contracts." in output
    modules = set(re.findall(r"'traits_sandbox\.([\w.]+)'", output))
    assert modules == {"cli", "cli.streams", "reporting", "reporting.colours", "reporting.watched"}
