"""Runs the blocks of a page one after the other, as a reader would: in one shell, in an empty folder."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Timer

import httpx

from tests.docs.comparing import same
from tests.docs.pages import ROOT, Block, Step
from tests.patience import PATIENCE, eventually
from tests.wire.served import Served, ended

DOCUMENTED = "127.0.0.1:8012"
"""Where the sandbox of every page listens; the tests replace it by the real address."""

# What a reader has beside the pages: the environment, files of the checkout, and newman where npx finds it.
LINKED = {
    ".venv": Path(sys.prefix),
    "schemas": ROOT / "schemas",
    "postman": ROOT / "postman",
    "node_modules": ROOT / "tests/newman/node_modules",
}

_SERVE = "traits-sandbox serve"
_ENDLESS = re.compile(r"(?:#.*\n)*(?:\.venv/bin/)?traits-sandbox (?:serve|bulk watch)\b(?![\s\S]*(?:--once|&\n))")
_STATE = ".state"


class Reader:
    """Somebody who follows a page: with a folder, a shell that keeps its variables, and a sandbox."""

    def __init__(self, folder: Path, served: Served, stack: ExitStack) -> None:
        """Begin in a folder, with a sandbox; what the page starts ends with the stack."""
        self._folder, self._stack = folder, stack
        self._url, self._log = served.url, served.log_file
        (folder / _STATE).touch()
        for name, target in LINKED.items():
            (folder / name).symlink_to(target)

    def follow(self, step: Step) -> None:
        """Run a block, or write it to its file, and compare what it prints with what the page shows.

        Raises:
            AssertionError: the exit code or an output is not the one that the page shows.

        """
        block, before = step.block, self._log.stat().st_size
        if "file" in block.words:
            (self._folder / block.words["file"]).write_text(self._here(block.text), encoding="utf-8")
            return
        printed = self._start(block) if _ENDLESS.match(block.text) else self._run(block)
        for output in step.outputs:
            shown = self._logged()[before:].decode() if "log" in output.words else printed
            assert same(output.text, shown), f"{output} shows\n{output.text}\nbut there is\n{shown}"

    def _run(self, block: Block) -> str:
        if block.language == "python":
            command = [sys.executable, "-c", self._here(block.text)]
        else:
            command = self._shell(f"trap 'export -p >{_STATE}' EXIT", block.text)
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        expected = int(block.words.get("exit", 0))
        assert done.returncode == expected, f"{block}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _start(self, block: Block) -> str:
        """Run a command that goes on until the end of the page; return the READY line if it is a sandbox."""
        command = re.sub(r"^#.*\n", "", block.text, flags=re.MULTILINE)
        serves = _SERVE in command
        log = self._folder / f".log-{block.line}"
        script = self._shell("exec " + command.replace(_SERVE, f"{_SERVE} --port 0"))
        process = self._stack.enter_context(_running(script, self._folder, self._environment(), log))
        if not serves:
            return ""
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("READY "), f"{block}: {line}{log.read_text(encoding='utf-8')}"
        self._url, self._log = line.split()[1], log
        return line

    def _shell(self, *lines: str) -> list[str]:
        return ["sh", "-c", self._here("\n".join(["set -e", f". ./{_STATE}", *lines]))]

    def _here(self, text: str) -> str:
        return text.replace(DOCUMENTED, self._url.partition("://")[2])

    def _environment(self) -> dict[str, str]:
        foreign = ("TRAITS_", "XDG_", "VIRTUAL_ENV")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        npm = {"npm_config_offline": "true", "npm_config_update_notifier": "false"}
        path = os.pathsep.join([str(Path(sys.executable).parent), inherited["PATH"]])
        ours = {"PATH": path, "HOME": str(self._folder), "COLUMNS": "120", "no_proxy": "*", "NO_PROXY": "*"}
        return inherited | npm | ours

    def _logged(self) -> bytes:
        """Return the log of the sandbox, with the lines about the newest request: its reply may come before them."""
        with httpx.Client(base_url=self._url, verify=False, trust_env=False, timeout=PATIENCE) as client:
            newest = client.get("/_sandbox/requests?limit=1").json()["requests"]
        wanted = newest[0]["id"].encode() if newest else b""
        return eventually(lambda: log if wanted in (log := self._log.read_bytes()) and log.endswith(b"\n") else b"")


@contextmanager
def _running(
    command: list[str], folder: Path, environment: dict[str, str], log: Path
) -> Iterator["subprocess.Popen[str]"]:
    """Run a command, and end it by SIGTERM, after which it must succeed."""
    with (
        log.open("w", encoding="utf-8") as errors,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        ) as process,
    ):
        hanging = Timer(PATIENCE, process.kill)
        hanging.start()
        try:
            yield process
        finally:
            hanging.cancel()
            process.terminate()
            code = ended(process)
    assert code == 0, log.read_text(encoding="utf-8")
