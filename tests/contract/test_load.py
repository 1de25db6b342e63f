import subprocess
import sys
from codecs import BOM_UTF8
from pathlib import Path

import pytest

from traits_sandbox.contract.build import build_edition
from traits_sandbox.contract.load import load
from traits_sandbox.derive.generate import generate, write
from traits_sandbox.errors import UsageError


@pytest.fixture
def built(tmp_path: Path, edition: Path) -> Path:
    write(generate(build_edition(edition)[0]), tmp_path)
    return tmp_path


def test_a_written_contract_is_loaded_unchanged(built: Path, edition: Path) -> None:
    assert load(built) == load(built / "contract.json") == build_edition(edition)[0]


def test_a_byte_order_mark_at_the_start_of_each_file_is_skipped(built: Path, edition: Path, tmp_path: Path) -> None:
    marked = tmp_path / "marked" / edition.name
    marked.mkdir(parents=True)
    for file in (edition / "reference.md", edition / "errata.toml", built / "contract.json"):
        (marked / file.name).write_bytes(BOM_UTF8 + file.read_bytes())
    assert load(marked) == load(built)
    assert build_edition(marked)[0] == build_edition(edition)[0]


def test_an_edition_is_found_by_its_name() -> None:
    assert load("2020-09").edition == "2020-09"


def test_an_unknown_name_lists_the_editions() -> None:
    with pytest.raises(UsageError, match=r"no contract '1999-01': neither a path nor an edition \(2020-09"):
        load("1999-01")


@pytest.mark.parametrize("content", ["{", "[]", '{"edition": "x"}', '{"edition": "x", "title": "t", "more": 1}'])
def test_a_file_that_is_not_a_contract_is_reported_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "contract.json").write_text(content)
    with pytest.raises(UsageError, match=r"contract\.json is not a contract of this version; run `.* build`$"):
        load(tmp_path)


def test_a_folder_without_a_contract_is_reported_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^cannot read the contract .*: No such file or directory$"):
        load(tmp_path)


def test_loading_does_not_import_the_compiler() -> None:
    code = "import sys, traits_sandbox.contract.load; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"markdown_it", "yaml", "tomllib", "click", "traits_sandbox.contract.compile"} & set(modules)
