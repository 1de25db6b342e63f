"""`conformance` as a program: its output, its reports, its exit codes, and the requests that it sends."""

import base64
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import click
import pytest
from click.testing import CliRunner, Result

from tests.conformance.recorder import Recorder, recording
from tests.patience import PATIENCE
from tests.wire.served import Served, serving
from traits_sandbox.cli import main
from traits_sandbox.cli.exit_codes import INTERRUPTED
from traits_sandbox.cli.target_options import TargetOptions, reporting_errors
from traits_sandbox.conformance.http.keys import VARIABLE
from traits_sandbox.conformance.judging.requirements import registry
from traits_sandbox.errors import UsageError

CANARY = "Canary+key/7f3a=9"
Done = subprocess.CompletedProcess[str]


def environment(key: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != VARIABLE} | ({VARIABLE: key} if key else {})


def command(*arguments: str | Path | float) -> list[str]:
    return [sys.executable, "-m", "traits_sandbox", "conformance", *map(str, arguments)]


def run(*arguments: str | Path, key: str = "sandbox-key", cwd: Path | None = None) -> Done:
    # The time limits are long, so that no reply is late on a busy machine.
    subcommand = () if str(arguments[0]).startswith("-") else arguments[:1]
    patience = ("--timeout", PATIENCE, "--max-time", PATIENCE) if "--base-url" in arguments else ()
    return subprocess.run(
        command(*subcommand, *patience, *arguments[len(subcommand) :]),
        env=environment(key),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def run_here(*arguments: str) -> Result:
    """Run the command in this process, for errors that are found before anything is sent."""
    return CliRunner().invoke(main, ["conformance", *arguments], env={VARIABLE: "sandbox-key"})


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that accepts everything, and repeats the key in every reply."""
    spellings = (CANARY, quote(CANARY, safe=""), base64.b64encode(f"Bearer {CANARY}".encode()).decode(), CANARY[1:])
    with recording(json.dumps({"code": 200, "message": " ".join(spellings), "data": None}).encode()) as server:
        yield server


def test_a_run_against_a_conformant_server_ends_with_0(sandbox: Served) -> None:
    done = run("--base-url", sandbox.url, "--profile", "emulator", "--only", "OP-001", "--only", "ENV-00*")
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-2].startswith("CONFORMANT  ")
    assert "\x1b" not in done.stdout + done.stderr
    assert len(done.stderr.splitlines()) < 20


def test_json_is_alone_on_stdout(sandbox: Served) -> None:
    done = run("--base-url", sandbox.url, "--only", "OP-001", "--json")
    made = json.loads(done.stdout)
    assert (made["verdict"], made["about"]["only"]) == ("conformant", ["OP-001"])
    assert "CONFORMANT" in done.stderr


def test_reports_are_written_and_their_paths_printed(recorder: Recorder, tmp_path: Path) -> None:
    done = run(
        "--base-url", recorder.url, "--only", "AUTH-002", "--report", "junit=a.xml,json=b.json",
        "--report", "html=c.html", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert ElementTree.parse(tmp_path / "a.xml").getroot().get("failures") != "0"
    assert "AUTH-002" in [each["requirement"] for each in json.loads((tmp_path / "b.json").read_bytes())["failures"]]
    assert (tmp_path / "c.html").read_text().startswith("<!DOCTYPE html>")
    assert done.stderr.splitlines()[-3:] == ["junit report: a.xml", "json report: b.json", "html report: c.html"]


def test_no_output_of_a_failing_run_contains_the_key(recorder: Recorder, tmp_path: Path) -> None:
    files = [f"{kind}={tmp_path}/{kind}" for kind in ("junit", "json", "html")]
    only = ("--only", "AUTH-*", "--only", "OP-001")
    done = run("--base-url", recorder.url, *only, "--report", ",".join(files), key=CANARY)
    again = run("replay", "AUTH-010.OP-001.push_items", "--base-url", recorder.url, key=CANARY)
    assert (done.returncode, again.returncode) == (1, 1)
    assert any(("authorization", f"Bearer {CANARY}") in seen.headers for seen in recorder.seen)
    left = [file.read_text() for file in tmp_path.iterdir()]
    left += [done.stdout, done.stderr, again.stdout, again.stderr]
    assert len(left) == 7
    encoded = base64.b64encode(f"Bearer {CANARY}".encode()).decode()
    for spelling in (CANARY, CANARY[1:], CANARY.swapcase(), quote(CANARY, safe=""), encoded, encoded.rstrip("=")):
        assert [text[:80] for text in left if spelling in text] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--report", "json=/no/such/folder/x.json"], "the report cannot be written"),
        (["--report", "pdf=x"], "--report takes KIND=PATH"),
        (["--deviations", "/no/such/file"], "the deviations cannot be read"),
        (["--ca-file", "/no/such/file"], "--ca-file has no readable PEM certificates"),
        (["--only", "NOPE-*"], "no case fits --only NOPE-*"),
        (["--allow-writes", "api.example.com"], "--allow-writes must name the target's host"),
        (["--allow-plain-http", "api.example.com"], "--allow-plain-http must name the target's host"),
        (["list"], "put the options of `conformance list` after its name"),
        (["--only", ","], "no case fits --only ,"),
        (["--only", "TYPE-001,NOPE-*"], "no case fits --only NOPE-*"),
        (["--rate", "nan"], "--rate: must be a number, 0 or more"),
        (["--max-time", "inf"], "--max-time: must be a number above 0"),
        (["--timeout", "0"], "--timeout: must be a number above 0"),
        (["--rate", "-1"], "--rate: must be a number, 0 or more"),
        (["--seed", "-1"], "--seed: must be a whole number, 0 or more"),
        (["--max-requests", "0"], "--max-requests: must be a whole number, 1 or more"),
        (["--explore", "-1"], "--explore: must be a whole number, 0 or more"),
        (["--profile", "most"], "--profile: must be one of core, strict, emulator"),
    ],
)
def test_a_usage_error_is_reported_before_anything_is_sent(
    recorder: Recorder, arguments: list[str], words: str
) -> None:
    done = run_here("--base-url", recorder.url, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr.splitlines()[-1]
    assert recorder.seen == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--base-url is required"),
        (["replay", "OP-001.push_items"], "--base-url is required"),
        (["--base-url", "ftp://x"], "the base URL must be like"),
        (["--base-url", "http://192.0.2.2"], "the key would travel in clear to 192.0.2.2"),
        (["replay", "OP-001.push_items", "--base-url", "http://192.0.2.2"], "the key would travel in clear"),
        (["replay", "NOPE", "--base-url", "http://127.0.0.1:1"], "there is no case NOPE"),
    ],
)
def test_a_usage_error_is_one_line(arguments: list[str], words: str) -> None:
    done = run_here(*arguments)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith(f"traits-sandbox: {words}")


def test_without_a_key_nothing_is_sent(recorder: Recorder) -> None:
    done = run("--base-url", recorder.url, key="")
    assert (done.returncode, recorder.seen) == (2, [])
    assert VARIABLE in done.stderr


def test_a_message_that_contains_the_key_masks_it() -> None:
    done = run("--base-url", "http://127.0.0.1:1", "--report", f"json=/no/{CANARY}/x", key=CANARY)
    assert done.returncode == 2
    assert "/no/***/x" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "key", "words", "step"),
    [
        (
            ["--base-url", "http://127.0.0.1:1"],
            "sandbox-key",
            "the server does not answer",
            "that the server is running",
        ),
        (["--base-url", "{url}"], "another-key", "the server refuses the key", "TRAITS_API_KEY has the key"),
        (
            ["--base-url", "{url}", "--max-requests", "20"],
            "sandbox-key",
            "--max-requests 20 are used",
            "Increase --max-requests",
        ),
        (["--base-url", "{url}", "--max-time", "0.05"], "sandbox-key", "", ""),
    ],
)
def test_a_run_that_proves_nothing_is_inconclusive(
    sandbox: Served, arguments: list[str], key: str, words: str, step: str
) -> None:
    done = run(*(each.format(url=sandbox.url) for each in arguments), key=key)
    assert done.returncode == 3, done.stdout
    assert "INCONCLUSIVE" in done.stdout
    assert words in done.stdout
    assert step in done.stdout


def test_a_plan_needs_no_key_and_sends_nothing(recorder: Recorder) -> None:
    done = run("--base-url", recorder.url, "--plan", key="")
    plan = json.loads(run("--base-url", recorder.url, "--plan", "--json", key="").stdout)
    assert (done.returncode, recorder.seen) == (0, [])
    assert f"{plan['requests']:,} requests, at most {plan['at_most']:,}; nothing was sent" in done.stdout
    rows = {line.split()[0]: line.split()[-2:] for line in done.stdout.splitlines() if "MUST" in line}
    assert rows["OP-001"] == [
        str(each[name])
        for each in plan["requirements"]
        if each["id"] == "OP-001"
        for name in ("requests", "at_most")
    ]  # fmt: skip
    assert plan["requests"] == plan["preflight"] + sum(each["requests"] for each in plan["requirements"])


def test_a_plan_for_another_host_lists_the_skipped_requirements() -> None:
    done = run("--base-url", "https://api.example.com", "--plan", "--explore", "2")
    assert "skipped, not allowed on this target" in done.stdout
    assert "2 made-up examples for each operation" in done.stdout
    rows = [line for line in done.stdout.splitlines() if line.startswith(("LIM-", "DEL-"))]
    assert rows == []


def test_a_run_sends_as_many_requests_as_planned(sandbox: Served) -> None:
    only = ("--only", "AUTH-001", "--only", "LIM-*")
    planned = json.loads(run("--base-url", sandbox.url, *only, "--plan", "--json").stdout)
    made = json.loads(run("--base-url", sandbox.url, *only, "--json").stdout)
    assert made["requests"] == {"planned": planned["requests"], "sent": planned["requests"]}


def test_the_list_has_every_requirement_with_its_cases() -> None:
    listed = json.loads(run("list", "--json").stdout)
    assert [each["id"] for each in listed] == [each.id for each in registry().requirement]
    cases = [case["id"] for each in listed for case in each["cases"]]
    assert len(cases) == len(set(cases)) > 100
    text = run("list").stdout
    assert [case for case in cases if f"    {case}  " not in text] == []
    assert [each.statement for each in registry().requirement if each.statement not in text] == []


def test_a_replay_shows_every_exchange_as_a_curl_command(recorder: Recorder, tmp_path: Path) -> None:
    done = run("replay", "OP-001.push_items", "--base-url", recorder.url, "--bodies", tmp_path, key=CANARY)
    (line,) = [each for each in done.stdout.splitlines() if each.startswith("curl")]
    assert "  200 OK" in done.stdout.splitlines()
    kept = [seen for seen in recorder.seen if seen.method == "POST" and seen.body]
    assert Path(shlex.split(line)[shlex.split(line).index("--data-binary") + 1].removeprefix("@")).read_bytes() in [
        seen.body for seen in kept
    ]
    assert "failed ENV-008.OP-001.push_items" in done.stdout
    assert done.returncode == 1


def test_a_replay_takes_the_id_of_a_case_or_a_result(sandbox: Served) -> None:
    for case in ("LIM-002.level_ups.one", "ENV-001.LIM-002.level_ups.one"):
        done = run("replay", case, "--base-url", sandbox.url)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("LIM-002.level_ups.one  ")
        assert "  201 Created" in done.stdout


def test_an_expected_failure_passes_and_a_missing_one_fails(recorder: Recorder, tmp_path: Path) -> None:
    known = tmp_path / "known.toml"
    for observed, code in (("200", 0), ("299", 1)):
        entry = f'case = "ENV-008.*"\nobserved = "{observed}"\nreason = "known"\nexpires = 2999-01-01\n'
        known.write_text(f"[[deviation]]\n{entry}")
        done = run("--base-url", recorder.url, "--only", "LIM-002.level_ups.one", "--deviations", known)
        assert done.returncode == code, done.stdout


def test_ctrl_c_removes_the_test_data(recorder: Recorder) -> None:
    only = ("--only", "LIM-001", "--only", "TYPE-00*")
    arguments = command("--base-url", recorder.url, "--rate", "100", "--timeout", PATIENCE, *only)
    # After 30 requests the server does not answer until the signal is sent, so the run cannot end before.
    recorder.answers.hold_after(30)
    with subprocess.Popen(arguments, env=environment("a-key"), stderr=subprocess.PIPE, text=True) as process:
        assert recorder.answers.wait_until_held()
        process.send_signal(signal.SIGINT)
        recorder.answers.release()
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == INTERRUPTED
    (prefix,) = set(re.findall(r"start with (tsc-[0-9a-f]+-)$", errors, re.MULTILINE))
    assert "Traceback" not in errors
    removed = [seen.body for seen in recorder.seen if seen.target == "/v1/user-data"]
    assert removed
    assert all(prefix.encode() in body for body in removed)


def options(**changes: object) -> TargetOptions:
    given = {
        "base_url": "http://127.0.0.1", "api_key": CANARY, "profile": "core", "seed": 0, "allow_writes": "",
        "allow_plain_http": "", "user_id": "", "max_requests": 1, "rate": 0.0, "max_time": 1.0, "timeout": 1.0,
        "concurrency": 1, "ca_file": "", "debug": False,
    }  # fmt: skip
    return TargetOptions(**given | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("debug", [False, True])
def test_a_bug_of_the_kit_ends_with_4_and_one_line(debug: bool, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(click.ClickException) as raised, reporting_errors(options(debug=debug)):
        raise ExceptionGroup("several", [ZeroDivisionError(f"at {CANARY}")])
    assert raised.value.exit_code == 4
    assert "ZeroDivisionError: at ***" in raised.value.message
    assert "--debug" in raised.value.message
    errors = capsys.readouterr().err
    assert ("Traceback" in errors) == debug
    assert CANARY not in errors


def test_other_errors_keep_their_exit_codes() -> None:
    with pytest.raises(UsageError, match=r"^no \*\*\*$"), reporting_errors(options()):
        raise UsageError(f"no {CANARY}")
    with pytest.raises(SystemExit) as ended, reporting_errors(options()):
        raise KeyboardInterrupt
    assert ended.value.code == INTERRUPTED


def test_a_key_over_plain_http_causes_a_warning(recorder: Recorder) -> None:
    url, host = recorder.url.replace("127.0.0.1", "0.0.0.0"), "0.0.0.0"
    done = run("--base-url", url, "--allow-plain-http", host, "--only", "OP-001", key=CANARY)
    assert f"warning: the API key is sent to {host} over plain HTTP, without encryption" in done.stderr
    assert recorder.seen
    quiet = run("--base-url", recorder.url, "--only", "OP-001")
    assert "warning" not in quiet.stderr


def test_a_replay_of_a_failure_outside_the_profile_shows_it_without_a_verdict(recorder: Recorder) -> None:
    done = run("replay", "AUTH-012.get_persona_user_ids.none", "--base-url", recorder.url)
    assert (done.returncode, "CONFORMANT" in done.stdout) == (0, False)
    assert "FAILED  AUTH-012: decides nothing at profile core, so that the exit code is 0" in done.stdout
    strict = run("replay", "AUTH-012.get_persona_user_ids.none", "--base-url", recorder.url, "--profile", "strict")
    assert (strict.returncode, "NOT CONFORMANT" in strict.stdout) == (1, True)


@pytest.mark.parametrize("case", ["LIM-001", "LIM-*"])
def test_a_replay_of_several_cases_is_an_error_with_the_next_step(recorder: Recorder, case: str) -> None:
    done = run("replay", case, "--base-url", recorder.url)
    assert (done.returncode, done.stdout, recorder.seen) == (2, "", [])
    assert f"traits-sandbox conformance --only '{case}.*'" in done.stderr


def test_a_replay_creates_the_folder_of_its_bodies_or_reports_why_not(recorder: Recorder, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    run("replay", "OP-001.push_items", "--base-url", recorder.url, "--bodies", folder)
    assert any(folder.iterdir())
    (tmp_path / "file").touch()
    sent = len(recorder.seen)
    done = run("replay", "OP-001.push_items", "--base-url", recorder.url, "--bodies", tmp_path / "file" / "x")
    assert (done.returncode, done.stderr.count("\n"), len(recorder.seen)) == (2, 1, sent)
    assert "the folder cannot be made" in done.stderr
