"""A check or a watch that finds nothing is not a success: exit code 2, and every report says why and what to do."""

import csv
import json
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from tests.bulk.loading import CONTRACT, purchase, put
from tests.wire.served import Served, serving
from traits_sandbox.bulk.storage.layout import FolderLayout
from traits_sandbox.bulk.values import Notice
from traits_sandbox.cli import main
from traits_sandbox.system import ending_signals

ROW = json.dumps(purchase(1)).encode() + b"\n"
FILE = "a-1600000000.ndjson"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["bulk", "check", *map(str, arguments)])


@dataclass(frozen=True)
class Wrong:
    """A load of which nothing is checked: its files, the root that is given, and what the reports must say."""

    reason: str
    says: str
    files: Mapping[str, bytes]
    root: str = ""
    allowed: bool = False


WRONG = {
    "an empty folder": Wrong("no-files", "check the URI", {}, allowed=True),
    "empty category folders": Wrong("no-files", "check the URI", {"purchases/": b""}, allowed=True),
    "only hidden names": Wrong(
        "hidden-names", "_ or .", {"purchases/_SUCCESS": b"", "purchases/.a": b""}, allowed=True
    ),
    "only empty files": Wrong("no-rows", "have no rows", {f"purchases/{FILE}": b"", f"kpis/{FILE}": b""}, allowed=True),
    "only blank lines": Wrong("no-rows", "have no rows", {f"purchases/{FILE}": b"\n\n \n"}, allowed=True),
    "only a header": Wrong(
        "no-rows", "have no rows", {"purchases/a-1600000000.csv": b"user_id,item_id,count,price\n"}, allowed=True
    ),
    "a category folder": Wrong(
        "inside-a-category", "one level higher, at {top}/load", {f"load/purchases/{FILE}": ROW}, "load/purchases"
    ),
    "a partition": Wrong(
        "inside-a-category",
        "2 levels higher, at {top}/load",
        {f"load/purchases/date=1/{FILE}": ROW},
        "load/purchases/date=1",
    ),
    "a folder of an hour": Wrong(
        "inside-a-category", "4 levels higher, at {top}", {f"logins/2020/09/15/{FILE}": ROW}, "logins/2020/09/15"
    ),
    "a category folder with another name": Wrong(
        "inside-a-category", "rename LevelUps to level_ups", {f"LevelUps/{FILE}": ROW}, "LevelUps"
    ),
    "a folder too high": Wrong(
        "above-the-categories", "point the URI at {top}/prod/v1", {f"prod/v1/purchases/{FILE}": ROW}
    ),
    "names without a suffix": Wrong(
        "unknown-suffix",
        "need a suffix that says what the file is: .ndjson",
        {"purchases/2020/09/15/14/stream-1-2020-09-15-14-54-08-3f1b0c1e": ROW, "purchases/_SUCCESS": b""},
    ),
    "only spreadsheets": Wrong("unknown-suffix", "export spreadsheets as CSV", {"purchases/a.xlsx": b"PK"}),
    "folders with other names": Wrong(
        "unknown-folder",
        "rename Purchase to purchases, levelups to level_ups, users to logins, virtual-purchases to virtual_purchases",
        {f"{folder}/{FILE}": ROW for folder in ("Purchase", "users", "virtual-purchases", "levelups")},
    ),
    "no folders at all": Wrong("unknown-folder", "put the files of each category into: actions, items", {FILE: ROW}),
    "names that cannot be read": Wrong("unfit-key", "rename the files", {"purchases/a\n.ndjson": ROW}),
}


def made(top: Path, wrong: Wrong) -> Path:
    for key, content in wrong.files.items():
        (top / key).mkdir(parents=True) if key.endswith("/") else put(top, key, content)
    return top / wrong.root


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "top").mkdir()
    return tmp_path / "top"


@pytest.fixture(params=WRONG)
def wrong(request: pytest.FixtureRequest) -> Wrong:
    return WRONG[request.param]


def test_nothing_checked_ends_with_2_and_the_next_step(top: Path, wrong: Wrong) -> None:
    root, says = made(top, wrong), wrong.says.format(top=top)
    result = run(root)
    assert (result.exit_code, result.stdout.count("NOTHING CHECKED")) == (2, 1)
    assert says in result.stdout
    (line,) = result.stderr.splitlines()[-1:]
    assert line.startswith(f"traits-sandbox: nothing checked below {root}: ")
    assert says in line


def test_every_report_has_the_reason(top: Path, tmp_path: Path, wrong: Wrong) -> None:
    root, says = made(top, wrong), wrong.says.format(top=top)
    reports = f"json={tmp_path}/r.json,junit={tmp_path}/r.xml,html={tmp_path}/r.html"
    assert run(root, "--report", reports, "--quarantine", tmp_path / "q").exit_code == 2
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert (report["good"], report["exit_code"], len(report["unchecked"])) == (False, 2, 1)
    (found,) = report["unchecked"]
    assert (found["root"], found["reason"], found["empty"]) == (str(root), wrong.reason, wrong.allowed)
    assert says in f"{found['message']}; {found['next_step']}"
    suites = ElementTree.parse(tmp_path / "r.xml").getroot()
    assert (suites.get("errors"), suites.get("failures")) == ("1", "0")
    error = suites.find(".//testcase/error")
    assert error is not None
    assert error.get("type") == wrong.reason
    assert says in error.get("message", "")
    assert says.partition("&")[0] in (tmp_path / "r.html").read_text("utf-8")
    with (tmp_path / "q/nothing-checked.csv").open(encoding="utf-8", newline="") as table:
        (row,) = csv.DictReader(table)
    assert (row["file"], row["rules"]) == (str(root), wrong.reason)
    assert says in row["messages"]


def test_only_an_empty_load_can_be_allowed(top: Path, tmp_path: Path, wrong: Wrong) -> None:
    root = made(top, wrong)
    reports = f"json={tmp_path}/r.json,junit={tmp_path}/r.xml,html={tmp_path}/r.html"
    result = run(root, "--allow-empty", "--report", reports)
    report = json.loads((tmp_path / "r.json").read_bytes())
    assert (result.exit_code, report["good"], report["allow_empty"]) == (
        (0 if wrong.allowed else 2),
        wrong.allowed,
        True,
    )
    assert report["unchecked"][0]["reason"] == wrong.reason
    problem = ElementTree.parse(tmp_path / "r.xml").getroot().find(f".//testcase[@classname='{wrong.reason}']/*")
    assert problem is not None
    assert problem.tag == ("skipped" if wrong.allowed else "error")
    headline = "Empty" if wrong.allowed else "Nothing checked"
    assert f"<h1>{headline}</h1>" in (tmp_path / "r.html").read_text("utf-8")
    assert (headline.upper() + "  " in result.stdout, "nothing checked" in result.stderr) == (True, not wrong.allowed)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    put(tmp_path / "good", f"purchases/{FILE}", ROW)
    return tmp_path / "good"


def test_one_empty_root_among_several_is_not_a_success(good: Path, top: Path, tmp_path: Path) -> None:
    result = run(good, top, "--report", f"junit={tmp_path}/r.xml")
    assert result.exit_code == 2
    assert "NOT ALL CHECKED  no row was checked below 1 of 2 URIs; 1 row in 1 file keep the contract" in result.stdout
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("errors") == "1"
    assert run(good, top, "--allow-empty").exit_code == 0


def test_bad_rows_come_before_an_empty_root(tmp_path: Path, top: Path) -> None:
    put(tmp_path / "bad", f"purchases/{FILE}", [purchase(1, price=-1)])
    result = run(tmp_path / "bad", top)
    assert (result.exit_code, "no row was checked below 1 of 2 URIs" in result.stdout) == (1, True)


def test_a_load_of_which_a_file_cannot_be_read_is_bad_and_not_empty(top: Path) -> None:
    put(top, f"purchases/{FILE}.gz", b"no gzip")
    assert run(top, "--allow-empty").exit_code == 1


def test_some_empty_files_are_no_mistake(good: Path) -> None:
    put(good, f"logins/{FILE}", b"")
    assert run(good).exit_code == 0


def test_a_cluster_that_checks_nothing_is_not_a_success(top: Path) -> None:
    pytest.importorskip("distributed")
    assert run(top, "--engine", "dask").exit_code == 2


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


def watch_once(sandbox: Served, root: Path, *options: str) -> Result:
    arguments = ["bulk", "watch", str(root), "--to", sandbox.url, "--interval", "100ms", "--once", *options]
    before = {each: signal.getsignal(each) for each in ending_signals()}
    try:
        return CliRunner().invoke(main, arguments)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.parametrize(
    "name", ["an empty folder", "only hidden names", "a category folder", "a folder too high", "only spreadsheets"]
)
def test_a_watch_that_finds_nothing_that_it_knows_ends_with_2(sandbox: Served, top: Path, name: str) -> None:
    wrong = WRONG[name]
    root, says = made(top, wrong), wrong.says.format(top=top)
    result, allowed = watch_once(sandbox, root), watch_once(sandbox, root, "--allow-empty")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"traits-sandbox: nothing to ingest below {root}: ")
    assert says in result.stderr
    assert (allowed.exit_code, allowed.stderr) == ((0, "") if wrong.allowed else (2, result.stderr))


def test_a_watch_that_finds_nothing_new_ends_with_0(sandbox: Served, good: Path) -> None:
    first, second = watch_once(sandbox, good), watch_once(sandbox, good)
    assert (first.exit_code, "1 row, 1 stored" in first.stdout) == (0, True)
    assert (second.exit_code, second.output) == (0, "")


def test_a_watch_tells_an_unreadable_file_from_nothing(sandbox: Served, top: Path) -> None:
    put(top, f"purchases/{FILE}.gz", b"no gzip")
    assert watch_once(sandbox, top).exit_code == 1


@pytest.mark.parametrize(
    ("folder", "meant"),
    [
        ("Purchase", "purchases"),
        ("PURCHASES", "purchases"),
        ("users", "logins"),
        ("User", "logins"),
        ("virtual-purchases", "virtual_purchases"),
        ("virtualPurchases", "virtual_purchases"),
        ("levelups", "level_ups"),
        ("kpi", "kpis"),
        ("social", "social_dynamics"),
        ("logs", ""),
        ("production", ""),
        ("x" * 5000, ""),
    ],
)
def test_an_unknown_folder_names_the_one_that_it_may_mean(folder: str, meant: str) -> None:
    notice = FolderLayout(CONTRACT).read(f"{folder}/{FILE}")
    assert isinstance(notice, Notice)
    assert ("did you mean" in notice.message) == bool(meant)
    assert notice.message.endswith(f": did you mean {meant}?" if meant else "virtual_purchases")
