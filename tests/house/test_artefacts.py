"""All committed files that are generated are up to date, and the command that writes them works."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import httpx
import pytest

from tests.components import require
from tests.house.meaning import comparison, same_bytes
from tests.wire.served import serving
from tools.artefacts import ARTEFACTS, LIBRARIES, ROOT, Files, editions
from tools.generate import current, main
from traits_sandbox.errors import UsageError

LOCK_FILE = ROOT / "requirements/lock.txt"
LOCK = LOCK_FILE.read_text(encoding="utf-8") if LOCK_FILE.exists() else None
SAME = comparison(LIBRARIES, LOCK, version)
HOW = "by bytes" if SAME is same_bytes else "by meaning"


@pytest.mark.parametrize("name", ARTEFACTS, ids=[f"{name}, {HOW}" for name in ARTEFACTS])
def test_the_committed_file_is_up_to_date(name: str) -> None:
    if name == "pictures":
        require("a POSIX terminal", present=os.name == "posix")

    def fresh(path: str, content: bytes | None) -> bool:
        committed = current(ROOT / path)
        return content is committed is None or (
            content is not None and committed is not None and SAME(content, committed)
        )

    files = ARTEFACTS[name](ROOT)
    assert files
    assert [path for path, content in files.items() if not fresh(path, content)] == [], f"{HOW}; run scripts/generate"


def test_a_sandbox_serves_the_committed_document_of_the_control_api(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        reply = httpx.get(f"{served.url}/_sandbox/openapi.json", trust_env=False)
    indented = json.dumps(reply.json(), indent=2, ensure_ascii=False).encode() + b"\n"
    fresh = SAME(indented, (ROOT / "schemas/control.openapi.json").read_bytes())
    assert fresh, f"{HOW}; run scripts/generate"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one fresh, one stale, one missing, and one no longer generated file."""
    (tmp_path / "fresh").write_text("a")
    (tmp_path / "stale").write_text("a")
    (tmp_path / "gone").write_text("a")
    return tmp_path


def made(_: Path) -> Files:
    return {"fresh": b"a", "stale": b"b", "new/missing": b"c", "gone": None}


def contents(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_generate_writes_and_lists_stale_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"things": made}, folder) == 0
    assert contents(folder) == {"fresh": "a", "stale": "b", "new/missing": "c"}
    assert capsys.readouterr().out.splitlines() == ["written    stale", "written    new/missing", "removed    gone"]
    assert main([], {"things": made}, folder) == 0
    assert capsys.readouterr().out.splitlines() == ["unchanged  things (files: 4)"]


def test_check_lists_stale_files_and_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = contents(folder)
    assert main(["--check"], {"things": made}, folder) == 1
    assert contents(folder) == before
    assert capsys.readouterr().out.splitlines() == [f"stale      {name}" for name in ("stale", "new/missing", "gone")]
    main([], {"things": made}, folder)
    assert main(["--check"], {"things": made}, folder) == 0


def test_an_error_while_generating_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(_: Path) -> Files:
        raise UsageError("the help of `serve` needs a list of its exit codes")

    (tmp_path / "README.md").touch()
    assert main([], {"commands": refused}, tmp_path) == 2
    assert main([], {"things": lambda _: {"README.md/below": b""}}, tmp_path) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["scripts/generate"] * 2


def test_a_bug_has_another_exit_code_than_a_stale_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(_: Path) -> Files:
        raise ValueError("a bug")

    assert main(["--check"], {"things": broken}, tmp_path) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "ValueError: a bug"


def test_every_folder_with_a_reference_is_an_edition(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    shutil.copytree(ROOT / "schemas/2020-09", root / "schemas/2099-01", ignore=shutil.ignore_patterns("*.json"))
    (root / "schemas/2099-01/gone.schema.json").touch()
    files = editions(root)
    assert files.keys() >= {"schemas/2099-01/contract.json", "schemas/2099-01/openapi.json"}
    assert [path for path, content in files.items() if content is None] == ["schemas/2099-01/gone.schema.json"]


@pytest.mark.parametrize(
    ("environment", "code", "words"), [(sys.prefix, 0, "exit codes"), ("nowhere", 2, "is missing")]
)
def test_the_script_runs_in_the_given_environment(environment: str, code: int, words: str) -> None:
    require("a POSIX environment", present=os.name == "posix")
    command = ["sh", str(ROOT / "scripts/generate"), "--help"]
    done = subprocess.run(command, env=os.environ | {"VENV": environment}, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert words in done.stdout + done.stderr
