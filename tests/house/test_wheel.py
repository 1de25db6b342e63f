"""What people install works away from the checkout: as a wheel, and as an editable install."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import threading
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.components import require

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "node_modules", "venv")
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
OURS = ("PYTHON", "VIRTUAL_ENV", "TRAITS_SANDBOX_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
SECONDS = 60


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pip(*arguments: str | Path, cwd: Path, python: str | Path = sys.executable) -> None:
    run(sys.executable, "-m", "pip", "--python", python, *arguments, "-q", cwd=cwd)


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(ROOT, tmp_path_factory.mktemp("copy") / "checkout", ignore=LEFT_OUT)


@pytest.fixture(scope="session")
def wheel(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", checkout, "--no-deps", "-w", folder, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=["wheel", "editable"])
def scripts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of commands of a fresh environment with the package installed."""
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder / "env", symlinks=os.name != "nt")
    what = {"wheel": ("wheel",), "editable": ("-e", "checkout")}[request.param]
    source = request.getfixturevalue(what[-1])
    pip("install", *what[:-1], source, cwd=folder, python=folder / "env")
    return folder / "env" / SCRIPTS


@contextlib.contextmanager
def serving(scripts: Path, folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """Run the installed command, and lend its process and address once it says that it is ready."""
    command = [str(scripts / "traits-sandbox"), "serve", "--port", "0", "--ready-file", "ready.json"]
    with (
        (folder / "stderr").open("w") as errors,
        subprocess.Popen(
            command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        timer = threading.Timer(SECONDS, process.kill)
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
    right = next(block for block in readme_blocks("sh") if block.startswith("curl"))
    wrong = re.sub(r'"price": [0-9.]+', '"price": -1', right)
    with serving(scripts, tmp_path) as (_, address):
        for request, answer in zip((right, wrong), readme_blocks("json"), strict=False):
            command = shlex.split(request.replace("\\\n", " ").replace("http://127.0.0.1:8012", address))
            assert json.loads(run(*command, "-sS", "--noproxy", "*", cwd=tmp_path)) == json.loads(answer)


def test_the_wheel_carries_what_it_needs(checkout: Path, wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "traits_sandbox/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    for path in (checkout / "schemas").rglob("*.*"):
        assert f"traits_sandbox/_resources/{path.relative_to(checkout).as_posix()}" in names


def test_an_installation_is_not_the_checkout(scripts: Path, tmp_path: Path) -> None:
    found = run(scripts / "python", "-c", "import traits_sandbox; print(traits_sandbox.__file__)", cwd=tmp_path)
    assert not Path(found).is_relative_to(ROOT)


def test_an_installation_serves_and_stops(scripts: Path, tmp_path: Path) -> None:
    with serving(scripts, tmp_path) as (process, address), httpx.Client(base_url=address, trust_env=False) as client:
        assert address.startswith("http://127.0.0.1:")
        assert client.get("/_sandbox/health").json()["status"] == "ready"
        login = {"user_id": "1", "platform": "ios", "country": "US", "last_login_timestamp": "2020-01-01 00:00:00"}
        reply = client.post("/v1/logins", json={"users": [login]}, headers={"Authorization": "Bearer sandbox-key"})
        assert reply.status_code == 201, reply.text
        assert json.loads((tmp_path / "ready.json").read_text())
        assert stat.S_IMODE((tmp_path / "ready.json").stat().st_mode) == 0o600
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0


def test_a_missing_extra_is_one_sentence(scripts: Path, tmp_path: Path) -> None:
    command = [str(scripts / "traits-sandbox"), "serve", "--port", "0", "--tls"]
    done = subprocess.run(command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "traits-sandbox: --tls needs the extra 'tls': pip install 'traits-sandbox[tls]'"
    ]
