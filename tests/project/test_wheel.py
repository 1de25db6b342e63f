"""The installed package works outside of the checkout, as a wheel and as an editable installation."""

import contextlib
import json
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import httpx
import pytest
from markdown_it import MarkdownIt

from tests.components import require
from tests.patience import PATIENCE
from tests.project.building import ENVIRONMENT, ROOT, SCRIPTS, copy_installed, environment, pip, project, run
from tests.tiers import part

RESOURCES = "traits_sandbox/_resources/"
READ_ALL = """
import contextlib, io, json, sys
from traits_sandbox import resources
from traits_sandbox.cli import main
from traits_sandbox.conformance.judging.requirements import registry

opened = set()
sys.addaudithook(lambda event, arguments: event == "open" and opened.add(str(arguments[0])))
for command in (["contract", "check"], ["contract", "show"]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        main(command)
registry()
print(json.dumps([str(resources.schemas().parent), *opened]))
"""
"""A program that reads all data files that commands read, and prints their paths."""


@pytest.fixture(scope="session", params=["wheel", "editable", pytest.param("newest", marks=part("project"))])
def scripts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a new environment with the package.

    The first two environments have the installed versions of the declared dependencies only. The last one has the
    newest versions of the package index.
    """
    folder = tmp_path_factory.mktemp(request.param)
    python = environment(folder / "env")
    if request.param == "newest":
        pip("install", request.getfixturevalue("source"), cwd=folder, python=python)
        return python / SCRIPTS
    copy_installed(project()["project"]["dependencies"], python)
    if request.param == "wheel":
        pip("install", "--no-index", request.getfixturevalue("wheel"), cwd=folder, python=python)
    else:
        copy_installed([*project()["build-system"]["requires"], "editables"], python)
        local = ("--no-index", "--no-build-isolation")
        pip("install", *local, "-e", request.getfixturevalue("source"), cwd=folder, python=python)
    pip("check", cwd=folder, python=python)
    return python / SCRIPTS


@contextlib.contextmanager
def serving(scripts: Path, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the installed command, and yield its process and URL when it is ready."""
    command = [str(scripts / "traits-sandbox"), "serve", "--port", "0", "--ready-file", "ready.json"]
    with (
        (folder / "stderr").open("w") as errors,
        subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        try:
            assert process.stdout is not None
            ready = next((line for line in process.stdout if line.startswith("READY ")), "")
            assert ready, (folder / "stderr").read_text()
            yield process, ready.split()[1]
        finally:
            process.kill()
            timer.cancel()


def readme_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)


def test_the_readme_shows_what_an_installation_answers(scripts: Path, tmp_path: Path) -> None:
    require("curl", present=shutil.which("curl"))
    requests = [block for block in readme_blocks("sh") if block.startswith("curl")]
    with serving(scripts, tmp_path) as (_, address):
        for request, answer in zip(requests, readme_blocks("json"), strict=True):
            command = shlex.split(request.replace("\\\n", " ").replace("http://127.0.0.1:8012", address))
            assert json.loads(run(*command, "-sS", "--noproxy", "*", cwd=tmp_path)) == json.loads(answer)


def data_files(wheel: Path) -> set[str]:
    names = zipfile.ZipFile(wheel).namelist()
    return {name.removeprefix(RESOURCES) for name in names if name.startswith(RESOURCES)}


def test_the_wheel_has_the_files_that_it_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "traits_sandbox/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_wheel_has_exactly_the_files_that_the_program_reads(scripts: Path, wheel: Path, tmp_path: Path) -> None:
    root, *opened = map(Path, json.loads(run(scripts / "python", "-c", READ_ALL, cwd=tmp_path)))
    folders = {name.partition("/")[0] for name in data_files(wheel)}
    read = {path.relative_to(root).as_posix() for path in opened if path.is_relative_to(root)}
    assert {name for name in read if name.partition("/")[0] in folders} == data_files(wheel)


def test_the_wheel_has_no_kill_matrix(wheel: Path) -> None:
    assert [name for name in zipfile.ZipFile(wheel).namelist() if "kill" in name] == []


def test_a_package_index_can_show_both_packages(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel, cwd=tmp_path)


def dead_links(description: str) -> list[str]:
    """Return the links and pictures of a description that do not work on a package index."""
    links: list[str] = re.findall(
        r'(?:href|src)="([^"]*)"', MarkdownIt("commonmark").enable("table").render(description)
    )
    return [link for link in links if not link.startswith("https://")]


def test_no_link_of_the_description_is_relative(wheel: Path) -> None:
    (name,) = (name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".dist-info/METADATA"))
    description = message_from_bytes(zipfile.ZipFile(wheel).read(name)).get_payload()
    assert isinstance(description, str)
    assert "# traits-sandbox" in description
    assert dead_links(description) == []


def test_a_relative_link_is_found() -> None:
    relative = '[a](a.md) ![b](b.png) [c](#c) [d]\n\n<img src="e.svg">\n\n[d]: d.md\n'
    assert dead_links(relative) == ["a.md", "b.png", "#c", "d.md", "e.svg"]
    assert dead_links((ROOT / "README.md").read_text("utf-8"))


def test_the_installed_package_is_not_the_checkout(scripts: Path, tmp_path: Path) -> None:
    found = run(scripts / "python", "-c", "import traits_sandbox; print(traits_sandbox.__file__)", cwd=tmp_path)
    assert not Path(found).is_relative_to(ROOT)


def test_an_installed_command_serves_and_stops(scripts: Path, tmp_path: Path) -> None:
    with serving(scripts, tmp_path) as (process, address), httpx.Client(base_url=address, trust_env=False) as client:
        assert address.startswith("http://127.0.0.1:")
        assert client.get("/_sandbox/health").json()["status"] == "ready"
        login = {"user_id": "1", "platform": "ios", "country": "US", "last_login_timestamp": "2020-01-01 00:00:00"}
        reply = client.post("/v1/logins", json={"users": [login]}, headers={"Authorization": "Bearer sandbox-key"})
        assert reply.status_code == 201, reply.text
        assert json.loads((tmp_path / "ready.json").read_text())
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_missing_extra_is_reported_in_one_line(scripts: Path, tmp_path: Path) -> None:
    command = [str(scripts / "traits-sandbox"), "serve", "--port", "0", "--tls"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "traits-sandbox: --tls needs the extra 'tls': pip install 'traits-sandbox[tls]'"
    ]
