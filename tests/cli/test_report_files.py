"""The files of reports, which are checked before any work is done."""

from pathlib import Path

import pytest

from traits_sandbox.cli.report_files import wanted, write
from traits_sandbox.errors import UsageError

KINDS = ("junit", "json", "html")


def test_reports_can_be_given_in_one_option_or_in_several(tmp_path: Path) -> None:
    asked = (f"junit={tmp_path}/a,b.xml,json={tmp_path}/c.json", f"html={tmp_path}/d.html")
    assert wanted(asked, KINDS) == (
        ("junit", tmp_path / "a,b.xml"), ("json", tmp_path / "c.json"), ("html", tmp_path / "d.html"),
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "asked", ["pdf=x", "json", "json=", "json=/no/such/folder/x", "json={}", "json={}/a,html={}/a"]
)
def test_a_report_that_cannot_be_written_is_an_error_before_the_work(tmp_path: Path, asked: str) -> None:
    with pytest.raises(UsageError):
        wanted([asked.replace("{}", str(tmp_path))], KINDS)


def test_an_existing_file_is_kept_until_it_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("before")
    chosen = wanted([f"json={tmp_path}/a"], KINDS)
    assert (tmp_path / "a").read_text() == "before"
    write(chosen, lambda kind: f"a {kind} report".encode())
    assert (tmp_path / "a").read_text() == "a json report"
