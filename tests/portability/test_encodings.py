"""Every command prints on every stream: a pipe on Windows has cp1252, and without a locale ASCII."""

import json
import os
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.portability.programs import ASCII, CP1252, run
from tests.tiers import Tier, part
from tests.wire.served import serving

ENCODINGS = {"cp1252": CP1252, "ascii": ASCII}
NOWHERE = "http://127.0.0.1:9"
KEY = {"TRAITS_API_KEY": "key"}
# Time limits that a busy machine does not reach.
PATIENT = ("--timeout", str(PATIENCE), "--max-time", str(PATIENCE))
ROW = '{"user_id": "ä…😀", "item_id": "2", "count": 1, "price": -1, "größe…": "😀"}\n'

# Commands with their exit codes, and a part of their output in every encoding.
FEW = (
    (0, "bulk check --help", "Exit codes"),
    (0, "contract show", "push_actions"),
    (1, "bulk check ladung… --report html=rö….html,junit=j.xml,json=j.json --quarantine q…", "NOT GOOD"),
    (1, "bulk check ladung… --json", '"user_id": "\\u00e4'),
    (2, "bulk check fehlt…", "there is no folder fehlt"),
    (2, "serve --contract zü…", "no contract 'z"),
)
ALL = (
    *((0, f"{name} --help", "Usage:") for name in (
        "", "serve", "contract", "contract show", "contract build", "bulk", "bulk watch", "conformance",
        "conformance list", "conformance replay",
    )),
    (0, "contract show --json", '"edition"'),
    (0, "contract diff 2020-09 2020-09", "no difference"),
    (1, "contract diff 2020-09 anders…/reference.md", "BREAKS"),
    (2, "contract diff 2020-09 nö…", "no contract"),
    (2, "contract build ö….md --out o", "cannot read"),
    (0, "conformance list", "LIM-003"),
    (0, "conformance list --json", "LIM-003"),
    (0, f"conformance --plan --base-url {NOWHERE}", "requests"),
    (0, f"conformance --plan --json --base-url {NOWHERE}", "{"),
    (3, f"conformance --base-url {NOWHERE} --report html=ö….html,junit=ö….xml", "INCONCLUSIVE"),
    (2, f"conformance --base-url {NOWHERE} --report html=ö…/x", "cannot be written"),
    (2, f"conformance replay ö… --base-url {NOWHERE}", "there is no case"),
    (2, f"conformance --base-url {NOWHERE} --deviations ö…", "the deviations cannot be read"),
    (0, "bulk check --report-schema", "{"),
    (3, f"bulk watch ladung… --once --to {NOWHERE}", "cannot reach the sandbox"),
    (2, "serve --ready-file nö…/x", "cannot write the ready file"),
    (2, "serve --tls-cert ö…", "there is no file"),
    (2, "--ö…", "there is no option"),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, edition: Path) -> Path:
    """Return a folder with a load whose names and rows have letters that are in no 8-bit encoding."""
    folder = tmp_path_factory.mktemp("encodings")
    (folder / "ladung…/purchases/größe").mkdir(parents=True)
    (folder / "ladung…/unbekannt…").touch()
    (folder / "ladung…/purchases/größe/1600000000-…😀.ndjson").write_text(ROW, encoding="utf-8", newline="\n")
    (folder / "anders…").mkdir()
    text = (edition / "reference.md").read_text(encoding="utf-8")
    (folder / "anders…/reference.md").write_text(text.replace("/v1/level-ups", "/v1/levels…"), encoding="utf-8")
    return folder


def check(code: int, line: str, words: str, encoding: str, folder: Path, tmp_path: Path) -> None:
    arguments = line.replace(" q…", f" {tmp_path}/q…").split()
    done = run(*arguments, cwd=folder, env=ENCODINGS[encoding] | KEY)
    printed = done.stdout + done.stderr
    assert (done.returncode, b"Traceback" in printed) == (code, False), printed.decode(errors="replace")
    if line.endswith("--json"):
        assert json.loads(done.stdout)
    else:
        assert words.encode() in printed


@pytest.mark.parametrize(("code", "line", "words"), FEW, ids=[line for _, line, _ in FEW])
def test_output_is_complete_in_every_encoding(code: int, line: str, words: str, folder: Path, tmp_path: Path) -> None:
    check(code, line, words, "ascii", folder, tmp_path)


@part("project", Tier.PROOFS)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("code", "line", "words"), [*FEW, *ALL], ids=[line for _, line, _ in (*FEW, *ALL)])
def test_every_command_prints_in_every_encoding(
    code: int, line: str, words: str, encoding: str, folder: Path, tmp_path: Path
) -> None:
    check(code, line, words, encoding, folder, tmp_path)


def test_reports_are_utf_8_in_every_locale(folder: Path, tmp_path: Path) -> None:
    reports = ("html", "junit", "json")
    asked = ",".join(f"{kind}={tmp_path}/{kind}" for kind in reports)
    made = {}
    for name, env in {"utf-8": {"PYTHONUTF8": "1"}, "ascii": ASCII}.items():
        quarantine = tmp_path / f"{name}-bad"
        run("bulk", "check", "ladung…", "--report", asked, "--quarantine", str(quarantine), cwd=folder, env=env)
        kept = sorted(quarantine.rglob("*.bad.*"))
        made[name] = {path.relative_to(quarantine): path.read_bytes() for path in kept}
        for kind in reports:
            assert "größe/1600000000-…😀.ndjson" in (tmp_path / kind).read_bytes().decode("utf-8")
    assert made["utf-8"] == made["ascii"]
    assert len(made["ascii"]) == 2


@pytest.mark.parametrize("log_format", ["pretty", "json"])
def test_the_log_can_contain_every_text(log_format: str, tmp_path: Path) -> None:
    record = {"user_id": "1", "level": "…😀", "größe…": 1, "levél": 2}
    with (
        serving(tmp_path, "--log-format", log_format, env=os.environ | ASCII) as served,
        served.client() as client,
    ):
        assert [client.post("/v1/level-ups", json={"level_ups": [record]}).status_code for _ in range(2)] == [400, 400]
    lines = served.log_file.read_bytes().decode("ascii").splitlines()
    assert "\\u2026" in "\n".join(lines)
    if log_format == "json":
        assert [entry["violations"] for entry in map(json.loads, lines)] == [
            ['level_ups[0].level: must be an integer, got "…😀"']
        ] * 2


@part("project", Tier.PROOFS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_whole_conformance_run_prints_in_every_encoding(encoding: str, tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        options = ("--base-url", served.url, "--api-key", served.key, "--profile", "emulator")
        done = run("conformance", *options, *PATIENT, cwd=tmp_path, env=ENCODINGS[encoding])
        replay = ("replay", "TYPE-001.levels", *options, *PATIENT)
        replayed = run("conformance", *replay, cwd=tmp_path, env=ENCODINGS[encoding])
    assert done.returncode in (0, 1), done.stderr.decode(errors="replace")
    assert b"Traceback" not in done.stdout + done.stderr + replayed.stderr
