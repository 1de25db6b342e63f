"""The reports: complete, valid, harmless whatever a server sends, and without the key."""

import base64
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from tests.conformance.independent.server import running
from tests.conformance.kit import PATIENT
from tests.conformance.made import MUST, SHOULD, exchange, failing, judged, report, result
from tests.conformance.reasons import ANSWERED_500, NO_ANSWER, NO_CASE_JUDGED, NOT_APPLICABLE, NOT_SENT, saying
from tests.terminal import TerminalText
from traits_sandbox import resources
from traits_sandbox.conformance import Options, Report, run_conformance
from traits_sandbox.conformance.http.exchange import KEY
from traits_sandbox.conformance.http.keys import NEAR, marker, masker_of, reveal
from traits_sandbox.conformance.judging.deviations import read_deviations
from traits_sandbox.conformance.judging.report import Exploration, ExplorationFinding
from traits_sandbox.conformance.judging.requirements import registry
from traits_sandbox.conformance.reports import RENDERERS
from traits_sandbox.conformance.reports.html_cases import DETAILED
from traits_sandbox.conformance.reports.masking import masked
from traits_sandbox.conformance.reports.progress import LINES, progress
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.conformance.reports.terminal import Terminal
from traits_sandbox.conformance.running.events import CaseEnded, Interrupted, RunEvent, RunPlanned, Stage

CANARY = "Canary+key/7f3a=9"
IMAGE = "<img src=x onerror=alert(1)>"
HOSTILE = f"</pre></script><script>alert(1)</script>{IMAGE}'\"&\x1b[31m\x00\x07\x7f\x9b\u202e]]>\ud800"


def rendered(kind: str, shown: Report) -> str:
    return RENDERERS[kind](shown, Reproduction.to(shown)).decode()


def printed(shown: Report, *, terminal: bool = False) -> str:
    stream = io.StringIO()
    Terminal(Console(file=stream, width=60, force_terminal=terminal), shown, Reproduction.to(shown)).show()
    return stream.getvalue()


ALL: dict[str, Callable[[Report], str]] = {
    **{kind: lambda shown, kind=kind: rendered(kind, shown) for kind in RENDERERS},  # type: ignore[misc]
    "terminal": printed,
}


@pytest.fixture(scope="module")
def real() -> dict[str, Report]:
    """Reports of runs against real servers, by what came out."""
    only = Options(only=("OP-001", "AUTH-001", "LIM-003", "ENV-*", "TLS-*"), limits=PATIENT)
    with running("a-key") as right, running("a-key", "wrong_status") as wrong:
        return {
            "conformant": run_conformance(right, "a-key", only),
            "not conformant": run_conformance(wrong, "a-key", only),
            "inconclusive": run_conformance(right, "no-key", only),
        }


@pytest.fixture(scope="module")
def published() -> Any:
    return json.loads((resources.folder("conformance") / "report.schema.json").read_bytes())


def test_the_published_schema_is_a_schema(published: Any) -> None:
    Draft202012Validator.check_schema(published)


@pytest.mark.parametrize("verdict", ["conformant", "not conformant", "inconclusive"])
def test_real_reports_are_of_the_published_form(real: dict[str, Report], published: Any, verdict: str) -> None:
    made = json.loads(rendered("json", real[verdict]))
    assert (made["verdict"], made["exit_code"]) == (verdict, real[verdict].exit_code)
    Draft202012Validator(published).validate(made)
    assert all(published["$defs"][name]["required"] for name in ("ConformanceReport", "Failure", "ExchangeMade"))


def test_the_published_form_asks_for_every_member(real: dict[str, Report], published: Any) -> None:
    made = json.loads(rendered("json", real["not conformant"]))
    for holder in (made, made["about"], made["failures"][0], made["failures"][0]["exchanges"][0]):
        for name in list(holder):
            kept = holder.pop(name)
            assert not Draft202012Validator(published).is_valid(made), name
            holder[name] = kept
    assert Draft202012Validator(published).is_valid(made)


def test_failures_are_told_with_all_that_shows_them(real: dict[str, Report]) -> None:
    made = json.loads(rendered("json", real["not conformant"]))
    failure = next(each for each in made["failures"] if each["requirement"] == "ENV-008")
    assert (failure["decides"], failure["level"], failure["observed"]) == (True, "MUST", "200")
    assert [sent["reply"]["status"] for sent in failure["exchanges"]] == [200]
    sent = failure["exchanges"][0]["request"]
    assert ["Authorization", "Bearer {{key}}"] in sent["headers"]
    assert json.loads(sent["body"]["text"])["level_ups"]
    assert "$TRAITS_API_KEY" in failure["exchanges"][0]["curl"]
    assert failure["replay"].endswith(f"--base-url {made['about']['target']}")


def test_counts_are_of_requirements_and_leave_out_what_cannot_be_asked(real: dict[str, Report]) -> None:
    made = json.loads(rendered("json", real["not conformant"]))
    assert made["counts"]["MUST"]["failed"] == 1
    assert sum(sum(each.values()) for each in made["counts"].values()) == len(made["requirements"])
    assert made["counts"]["MUST"]["inapplicable"] == 2
    assert {each["requirement"] for each in made["skipped"]} == {"TLS-001", "TLS-002", "TLS-003"}
    assert "skipped" not in printed(real["conformant"])


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"plain", {"size": 5, "text": "plain", "base64": None, "whole": True}),
        (b"\xff\x00", {"size": 2, "text": None, "base64": "/wA=", "whole": True}),
        (b"", {"size": 0, "text": "", "base64": None, "whole": True}),
        ("é".encode() * 9999, {"size": 19998, "text": "é" * 2048, "base64": None, "whole": False}),
        (b"a" + "é".encode() * 9999, {"size": 19999, "text": "a" + "é" * 2047, "base64": None, "whole": False}),
    ],
)
def test_bodies_are_text_where_they_can_be(body: bytes, told: object) -> None:
    made = json.loads(rendered("json", failing(body)))
    assert made["failures"][0]["exchanges"][0]["reply"]["body"] == told


# What becomes of the key


def spellings(key: str) -> Iterator[str]:
    yield from (key, quote(key, safe=""), json.dumps(key)[1:-1], key.encode().hex())
    for text in (key, f"{key}:", f"Bearer {key}"):
        yield base64.b64encode(text.encode()).decode().rstrip("=")
    yield from (reveal(marker(name), key) for name in NEAR if name != "first")


def leaking(key: str) -> Report:
    """Return a report into which a server, and the machine, put the key wherever they can."""
    everything = " ".join(spellings(key))
    seen = exchange(everything.encode(), everything.encode())
    assert seen.reply is not None
    reply = replace(seen.reply, headers=(("X-Echo", everything), (f"X-{key}", "1")))
    leaks = {"observed": everything, "expected": everything, "reason": saying(everything)}
    results = (
        result(f"{MUST}.a", "failed", replace(seen, reply=reply), **leaks),
        result(f"{MUST}.b", "failed", replace(seen, reply=None, problem="dropped", detail=everything), **leaks),
        result(f"{MUST}.c", "failed", exchange(everything.encode("utf-8") + b"\xff")),
        result(f"{MUST}.d", "skipped", reason=saying(everything)),
        result(f"{MUST}.e", "deviation", seen, reason=saying(everything)),
    )
    made = report(
        judged(MUST, *results), judged(SHOULD, result(f"{SHOULD}.a", "failed", seen, **leaks)),
        obstacle=saying(everything), missing=(saying(everything),), left_behind=(everything,), unused=(everything,),
        exploration=Exploration(
            1, 1, (ExplorationFinding("o", everything, everything, everything),), (saying(everything),)
        ),
    )  # fmt: skip
    return replace(made, about=replace(made.about, target=f"http://127.0.0.1:8012/{key}", only=(everything,)))


@pytest.mark.parametrize("show", ALL.values(), ids=ALL.keys())
def test_the_key_is_in_no_report(show: Callable[[Report], str]) -> None:
    bare, hidden = show(leaking(CANARY)), show(masked(leaking(CANARY), masker_of(CANARY)))
    assert CANARY in bare or CANARY.replace("=", "&#x3D;") in bare
    assert [each for each in spellings(CANARY) if each in hidden] == []
    assert "***" in hidden


@pytest.mark.parametrize("key", ["failed", "MUST", "LIM-003", "core", "key", "push_logins", "e", "POST"])
def test_a_key_that_is_a_word_of_ours_changes_nothing_but_words(key: str) -> None:
    shown = masked(failing(), masker_of(key))
    assert [each.requirement.id for each in shown.failed] == [MUST]
    assert (shown.exit_code, shown.about.profile) == (1, "core")
    (seen,) = shown.failed[0].failures[0].exchanges
    assert (seen.request.method, seen.request.operation) == ("POST", "push_logins")
    assert ("Authorization", f"Bearer {KEY}") in seen.request.headers


# What a hostile server sends


class Page(HTMLParser):
    """Takes a page to pieces, as a browser would."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[self.open[-1] if self.open else ""] = self.texts.get(self.open[-1] if self.open else "", "") + data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def hostile() -> Report:
    body = HOSTILE.encode("utf-8", "surrogatepass")
    seen = exchange(body, body)
    assert seen.reply is not None
    text = HOSTILE[:-1]
    seen = replace(seen, reply=replace(seen.reply, headers=((text, text),)))
    bad = result(f"{MUST}.x", "failed", seen, observed=text, expected=text, reason=saying(text))
    return report(judged(MUST, bad), obstacle=saying(text), missing=(saying(text),), left_behind=(text,))


def test_nothing_that_a_server_sent_is_markup() -> None:
    page = Page(rendered("html", hostile()))
    assert page.open == []
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in Page(rendered("html", failing())).elements} | {
        "h2", "ul", "li"
    }  # fmt: skip
    assert len(page.of("script")) == 1
    assert [name for _, attributes in page.elements for name in attributes if name.startswith("on")] == []
    assert IMAGE in page.texts["pre"]


@pytest.mark.parametrize("kind", ["html", "terminal", "junit", "json"])
def test_no_report_holds_what_rules_a_terminal(kind: str) -> None:
    assert [each for each in "\x00\x07\x1b" if each in ALL[kind](hostile())] == []


@pytest.mark.parametrize("kind", ["html", "terminal", "junit"])
def test_what_people_read_holds_nothing_unseen(kind: str) -> None:
    assert [each for each in "\x7f\x9b\u202e" if each in ALL[kind](hostile())] == []


def test_junit_stays_xml_whatever_came() -> None:
    text = "".join(map(chr, range(0x20))) + "\x7f\x85\ufffe\uffff]]>&<\U0001f3ae"
    bad = result(f"{MUST}.x", "failed", exchange(text.encode()), observed=text, expected=text)
    root = ElementTree.fromstring(rendered("junit", report(judged(MUST, bad), obstacle=saying(text))))
    (failure,) = root.iter("failure")
    assert "\\x00\\x01" in failure.get("message", "")
    assert "\U0001f3ae" in (failure.text or "")


# HTML


def test_the_page_needs_no_network_and_runs_only_its_own_script() -> None:
    text = rendered("html", failing())
    page = Page(text)
    assert [a for a in page.elements if {"src", "style", "action"} & a[1].keys()] == []
    assert {href for _, a in page.elements if (href := a.get("href"))} == {f"#{MUST}"}
    policy = next(str(each["content"]) for each in page.of("meta") if "http-equiv" in each)
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
        assert "//" not in content.replace("https://json-schema.org", "")
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_the_page_has_every_requirement_once_and_the_failed_ones_open() -> None:
    passed = judged("OP-001", result("OP-001.push_logins", "passed"), passed=1)
    page = Page(rendered("html", report(passed, *failing().judged)))
    rows = {str(each["id"]): each for each in page.of("details") if each.get("id")}
    assert list(rows) == [MUST, "OP-001"]
    assert ("open" in rows[MUST], "open" in rows["OP-001"]) == (True, False)
    assert (rows[MUST]["data-outcome"], rows[MUST]["data-level"], rows[MUST]["data-area"]) == (
        "failed", "MUST", "Limits",
    )  # fmt: skip


def test_what_needs_the_script_is_not_there_without_it() -> None:
    page = Page(rendered("html", failing()))
    assert all("hidden" in each for each in (*page.of("form"), *page.of("button")))
    assert page.of("form")


def test_a_page_of_many_failures_stays_readable() -> None:
    body = b"y" * 10_000
    many = [result(f"{MUST}.{number}", "failed", exchange(body)) for number in range(500)]
    text = rendered("html", report(judged(MUST, *many)))
    assert all(f"{MUST}.{number}" in text for number in range(500))
    assert text.count('class="pair"') == DETAILED
    assert len(text) < 250_000


# JUnit


def names(shown: Report) -> dict[str, str | None]:
    root = ElementTree.fromstring(rendered("junit", shown))
    return {str(each.get("name")): next((child.tag for child in each), None) for each in root.iter("testcase")}


def test_a_case_keeps_its_name_whatever_comes_of_it() -> None:
    case = f"{MUST}.logins.over"
    assert names(report(judged(MUST, result(case, "passed"), passed=1))) == {case: None, "verdict": None}
    assert names(failing()) == {case: "failure", "verdict": None}
    skipped = names(report(judged(MUST, result(case, "skipped", reason=NOT_SENT))))
    assert skipped == {case: "skipped", "verdict": None}
    assert names(report(judged(MUST, result(case, "inconclusive", reason=ANSWERED_500))))[case] == "error"
    assert names(report(judged(MUST, result(case, "deviation", reason=saying("known")))))[case] == "skipped"


def test_what_single_replies_show_keeps_one_name_too() -> None:
    kept = report(judged("ENV-001", passed=7))
    broken = report(judged("ENV-001", result("OP-001.x", "failed", requirement="ENV-001"), passed=6))
    assert names(kept) == {"ENV-001": None, "verdict": None}
    assert names(broken) == {"ENV-001": "failure", "verdict": None}


def test_only_what_decides_fails_a_build() -> None:
    noted = report(judged(SHOULD, result(f"{SHOULD}.x", "failed", exchange())))
    assert names(noted) == {f"{SHOULD}.x": "system-out", "verdict": None}
    assert names(replace(noted, about=replace(noted.about, profile="strict")))[f"{SHOULD}.x"] == "failure"


@pytest.mark.parametrize(
    ("shown", "tag"),
    [
        (report(obstacle=NO_ANSWER), "error"),
        (report(missing=(NO_CASE_JUDGED,)), "error"),
        (report(unused=("LIM-003.x: expected 201",)), "failure"),
    ],
)
def test_a_run_without_a_verdict_is_no_green_build(shown: Report, tag: str) -> None:
    assert names(shown) == {"verdict": tag}


def test_junit_counts_what_it_holds(real: dict[str, Report]) -> None:
    root = ElementTree.fromstring(rendered("junit", real["not conformant"]))
    assert root.tag == "testsuites"
    for suite in (root, *root):
        for kind, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(kind, "-1")) == len(list(suite.iter(tag)))
    properties = {each.get("name"): each.get("value") for each in root.iter("property")}
    assert (properties["profile"], properties["seed"]) == ("core", "0")
    assert properties["target"] == real["not conformant"].about.target
    cases = [(each.get("classname"), each.get("name")) for each in root.iter("testcase")]
    assert len(cases) == len(set(cases))


# The terminal


def test_the_terminal_tells_what_failed_and_how_to_see_it_again() -> None:
    text = printed(failing(b'{"code": 201}'))
    statement = registry()[MUST].statement
    wanted = (
        f"FAILED  {MUST}  MUST",
        statement,
        "POST /v1/logins",
        '201 Created  {"code": 201}',
        "a reply of class 4xx",
    )
    assert [each for each in wanted if each not in text] == []
    assert text.splitlines()[-2] == "NOT CONFORMANT  1 requirement failed"
    assert 'curl -i -H "Authorization: Bearer $TRAITS_API_KEY"' in text


def test_a_line_to_copy_is_one_line() -> None:
    body = b'{"logins": ["' + b"x" * 500 + b'"]}'
    (line,) = [each for each in printed(failing(sent=body)).splitlines() if "curl" in each]
    assert line.endswith("/v1/logins")


def test_what_no_line_can_send_is_replayed() -> None:
    text = printed(failing(sent=b"x" * 5000))
    assert f"traits-sandbox conformance replay {MUST}.logins.over --base-url" in text
    assert "curl" not in text


def test_a_few_cases_stand_for_many_the_simplest_first() -> None:
    sizes = {number: exchange(sent=b"x" * (100 - number)) for number in range(10)}
    many = [result(f"{MUST}.n{number}", "failed", seen) for number, seen in sizes.items()]
    text = printed(report(judged(MUST, *many)))
    assert [f"{MUST}.n{number}  " in text for number in (9, 8, 7)] == [True] * 3
    assert f"and 7 more cases: {MUST}.n6, {MUST}.n5, {MUST}.n4, …" in text


def test_the_proposed_deviation_excuses_what_failed(tmp_path: Path) -> None:
    odd = 'a "reply"\\ with\ttricks \x7f\x9b\u202e é \U0001f3ae'
    results = tuple(result(f"{MUST}.{name}", "failed", exchange(), observed=odd) for name in "ab")
    lines = printed(report(judged(MUST, *results))).splitlines()
    begin = lines.index("  [[deviation]]")
    (tmp_path / "known.toml").write_text("\n".join(lines[begin : begin + 5]))
    (proposed,) = read_deviations(tmp_path / "known.toml")
    assert all(proposed.covers(each) for each in results)
    assert not proposed.covers(replace(results[0], observed="500"))


def test_colours_are_for_terminals_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in printed(failing(), terminal=True)
    assert "\x1b[" not in printed(failing())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in printed(failing(), terminal=True)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (report(judged(MUST, passed=1)), "CONFORMANT  1 requirement judged"),
        (report(obstacle=NO_ANSWER), "Increase --timeout"),
        (report(missing=(NO_CASE_JUDGED,)), "the list of skipped cases"),
        (report(unused=("LIM-003.x: expected 201",)), "1 expected deviation did not occur"),
        (report(judged(SHOULD, result(f"{SHOULD}.x", "failed", exchange()))), "NOTED  decides nothing"),
        (report(judged("TLS-001", result("TLS-001.x", "skipped", reason=NOT_APPLICABLE))), "1 case: not applicable"),
        (report(left_behind=("3 users",)), "LEFT BEHIND"),
        (report(exploration=Exploration(2, 5, (), (saying("no time"),))), "0 findings; it ended early: no time"),
    ],
)  # fmt: skip
def test_the_terminal_tells_the_rest(shown: Report, words: str) -> None:
    assert words in printed(shown)


# Progress


def events() -> Iterator[RunEvent]:
    yield RunPlanned(500, 600)
    for number in range(500):
        failed = (result("x", "failed", requirement="HTTP-002"),) if number == 250 else ()
        yield CaseEnded(result(f"{SHOULD}.x", "failed" if number > 400 else "passed"), number + 1, failed)
    yield Stage("removing the data of this run")


def shown_progress(*, terminal: bool) -> str:
    stream = TerminalText() if terminal else io.StringIO()
    with progress(Console(file=stream, force_terminal=terminal, width=100), frozenset({"HTTP-002"})) as tell:
        for event in events():
            tell(event)
    return stream.getvalue()


def test_progress_is_a_few_lines_where_there_is_no_terminal() -> None:
    lines = shown_progress(terminal=False).splitlines()
    assert len(lines) == LINES + 2
    assert lines[0] == "500 cases, 600 requests"
    assert lines[1] == "50 of 500 cases, 50 requests, none failed"
    assert lines[-2] == "500 of 500 cases, 500 requests, failed: HTTP-002"


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = shown_progress(terminal=True)
    assert "\x1b[" in text
    assert "500/500" in text


def test_an_interruption_says_what_is_left() -> None:
    stream = io.StringIO()
    with progress(Console(file=stream), frozenset()) as tell:
        tell(Interrupted("tsc-1-", ("2 users",)))
    assert "left behind: 2 users" in stream.getvalue()
    assert "tsc-1-" in stream.getvalue()
