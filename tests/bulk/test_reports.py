import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from rich.console import Console

from tests.bulk.loading import checked, purchase, put
from tests.terminal import TerminalText
from traits_sandbox.bulk.checking.engine import ProcessEngine
from traits_sandbox.bulk.checking.scan import Progress
from traits_sandbox.bulk.reports import RENDERERS, terminal
from traits_sandbox.bulk.reports.json import schema
from traits_sandbox.bulk.reports.progress import EVERY, progress
from traits_sandbox.bulk.values import BadRow, FileReport, FolderReport, LoadReport, Notice
from traits_sandbox.errors import Violation

NASTY = "</script><script>alert(1)</script><!-- ]]> \x00\x1b[31m\x85\u202e\ufffe & \"'"

FOLDERS = ("logins", "purchases")


@pytest.fixture
def load(tmp_path: Path) -> Path:
    bad = [purchase(1, price=-1, user_id=NASTY), purchase(2, count=NASTY), NASTY.replace("\n", ""), purchase(3)]
    put(tmp_path, "purchases/d=1/a & <b>.ndjson", [*bad, purchase(4, **{NASTY: 1})])
    put(tmp_path, "purchases/d=1/good.ndjson", [purchase(5)])
    put(tmp_path, "logins/d=1/none.ndjson.gz", b"no gzip")
    put(tmp_path, "logins/flat.ndjson", [])
    put(tmp_path, "notes/x.txt", b"")
    return tmp_path


def large(files: int = 10_000) -> LoadReport:
    """A report of many files, of which every tenth is bad and every fifth has a notice."""
    violations = (Violation("price", "type", "must be a number", '"x"', line=7, offset=99),)
    bad = tuple(BadRow(line=line, text='{"price": "x"}', violations=violations, offset=99) for line in range(20))
    reports = tuple(
        FileReport(
            key=f"purchases/d={number}/part.ndjson",
            folder="purchases",
            format="ndjson",
            size=1000,
            rows=50,
            bad_rows=30 if number % 10 == 0 else 0,
            fault_count=30 if number % 10 == 0 else 0,
            bad=bad if number % 10 == 0 else (),
            notices=(Notice(kind="untimed-name", message="odd", key="k"),) if number % 5 == 0 else (),
        )
        for number in range(files)
    )
    folder = FolderReport(
        folder="purchases",
        files=files,
        bad_files=files // 10,
        rows=50 * files,
        bad_rows=3 * files,
        bytes=1000 * files,
    )
    return LoadReport(uris=("s3://bucket",), edition="2020-09", files=reports, folders=(folder,))


def shown(report: LoadReport, **given: object) -> str:
    stream = io.StringIO()
    terminal.show(report, Console(file=stream, **given))  # type: ignore[arg-type]
    return stream.getvalue()


def test_json_keeps_its_schema_and_has_everything(load: Path) -> None:
    report = checked(load)
    found = json.loads(RENDERERS["json"](report))
    jsonschema.Draft202012Validator(schema()).validate(found)
    assert (found["good"], found["exit_code"], found["form"]) == (False, 1, 1)
    a = next(file for file in found["files"] if "<b>" in file["key"])
    assert (a["rows"], a["bad_rows"], a["bad"][0]["line"], a["bad"][0]["offset"]) == (5, 3, 1, 0)
    assert a["bad"][0]["faults"][0]["message"] == "must be a positive number"
    assert all(set(file) == set(a) for file in found["files"])


def test_the_schema_refuses_a_value_that_is_not_a_report(load: Path) -> None:
    found = json.loads(RENDERERS["json"](checked(load)))
    changed: dict[str, object]
    for changed in ({}, found | {"form": 2}, found | {"files": [{}]}, found | {"exit_code": 9}):
        assert not jsonschema.Draft202012Validator(schema()).is_valid(changed)


def test_every_engine_gives_the_same_report(load: Path) -> None:
    assert checked(load).as_json() == checked(load, engine=ProcessEngine(2)).as_json()


def test_junit_has_a_suite_for_each_folder_and_a_case_for_each_file(load: Path) -> None:
    suites = ElementTree.fromstring(RENDERERS["junit"](checked(load)))
    told = {suite.get("name"): (suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in suites}
    assert told == {"purchases": ("2", "1", "0"), "logins": ("2", "0", "1"), "notices": ("1", "0", "0")}
    failure = suites.find(".//testcase[@name='purchases/d=1/a & <b>.ndjson']/failure")
    assert failure is not None
    assert failure.get("message") == "3 bad rows of 5 rows"
    assert "line 1 (byte 0): price must be a positive number (got -1)" in (failure.text or "")
    assert suites.find(".//testcase[@classname='unknown-folder']/skipped") is not None


def test_every_form_lists_unreadable_files_first(load: Path) -> None:
    put(load, "purchases/d=2/cut.ndjson.gz", b"no gzip either")
    report = checked(load)
    unreadable = ["logins/d=1/none.ndjson.gz", "purchases/d=2/cut.ndjson.gz"]
    assert [file["key"] for file in json.loads(RENDERERS["json"](report))["files"]][:2] == unreadable
    cases = ElementTree.fromstring(RENDERERS["junit"](report)).findall("testsuite/testcase")
    by_folder = {folder: [case.get("name") for case in cases if case.get("classname") == folder] for folder in FOLDERS}
    assert [names[0] for names in by_folder.values()] == unreadable
    page, text = RENDERERS["html"](report).decode(), shown(report)
    for form in (page[page.index("<main>") :], text):
        assert max(map(form.index, unreadable)) < form.index("purchases/d=1/a &")


class Page(HTMLParser):
    """Counts elements, and collects what a page loads and runs."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [
            name for name, _ in attrs if name in ("src", "href", "srcset", "style") or name.startswith("on")
        ]


def test_html_is_one_page_in_which_rows_are_text(load: Path) -> None:
    content = RENDERERS["html"](checked(load))
    page = Page(content)
    assert (page.tags.count("script"), page.tags.count("style"), page.loaded) == (1, 1, [])
    assert b"alert(1)</script>" not in content
    assert b"default-src &#39;none&#39;" in content
    assert re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", content) is None


def test_html_of_many_files_gives_the_number_that_it_does_not_show() -> None:
    page = RENDERERS["html"](large())
    assert b"7,000 more files, 0 of them bad" in page
    assert page.count(b'class="entry') == 3000
    assert len(page) < 4 * 2**20


def test_a_terminal_sees_sums_the_first_bad_rows_and_notices_by_kind() -> None:
    lines = shown(large()).splitlines()
    assert lines[1].split() == ["purchases", "10,000", "1,000", "500,000", "30,000", "9.5", "MiB"]
    assert 'purchases/d=0/part.ndjson line 0 (byte 99): price must be a number (got "x")' in lines
    assert "and 980 more bad files, with 29,400 bad rows" in lines
    assert "notice  untimed-name  2,000" in lines
    assert lines[-2] == "NOT GOOD  30,000 bad rows in 1,000 files, of 500,000 rows in 10,000 files"
    assert len(lines) < 130


def test_nothing_in_a_row_or_a_name_rules_a_terminal(load: Path) -> None:
    text = shown(checked(load))
    assert "\\x1b[31m" in text
    assert [char for char in text if not char.isprintable() and char != "\n"] == []


def test_several_roots_are_distinguished(load: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes"
    put(other, "purchases/d=1/a.ndjson", ["x"])
    text = shown(checked(load, other))
    assert f"{other}/purchases/d=1/a.ndjson line 1 (byte 0): row is not valid JSON" in text


def test_a_load_without_files_is_not_called_good(tmp_path: Path) -> None:
    assert shown(checked(tmp_path)).splitlines()[-2].startswith("NOTHING CHECKED")


def told(files: int, at: int) -> Progress:
    return Progress(files, 4, at * 2**20, 4 * 2**20, rows=1000 * at, bad_rows=at)


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal() -> None:
    stream, now = io.StringIO(), iter([0, 1, EVERY + 1, EVERY + 2, EVERY + 10])
    with progress(Console(file=stream), clock=lambda: next(now)) as tell:
        for each in (told(0, 0), told(1, 1), told(2, 2), told(4, 4)):
            tell(each)
    assert stream.getvalue().splitlines() == [
        "1.0 MiB of 4.0 MiB, 1/4 files 1 bad, 91 rows/s 93.1 KiB/s, about 33 s left",
        "4.0 MiB of 4.0 MiB, 4/4 files 4 bad, 200 rows/s 204.8 KiB/s",
    ]


def test_progress_is_a_bar_on_a_terminal() -> None:
    stream = TerminalText()
    clock = iter(range(0, 1000, 2))
    console = Console(file=stream, force_terminal=True, width=80, color_system=None)
    with progress(console, clock=lambda: next(clock)) as tell:
        tell(told(1, 2))
        console.print("now")
    assert "2.0/4.0 MiB 1/4 files 2 bad 1k rows/s 1.0 MiB/s" in stream.getvalue()


def test_a_progress_bar_shrinks_to_fit_its_numbers() -> None:
    stream, clock = TerminalText(), iter(range(0, 1000, 20))
    console = Console(file=stream, force_terminal=True, width=80, color_system=None)
    with progress(console, clock=lambda: next(clock)) as tell:
        tell(Progress(9_990, 10_000, 2 * 2**30, 5 * 2**30, rows=18_000_000, bad_rows=1_082_399))
        console.print("now")
    assert "2.0/5.0 GiB 9,990/10,000 files 1,082,399 bad 900k rows/s 102.4 MiB/s" in stream.getvalue()
