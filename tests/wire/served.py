"""A real `traits-sandbox serve` in a process of its own, for tests that speak to its socket."""

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import httpx

from tests.patience import PATIENCE, eventually


@dataclass(frozen=True, slots=True)
class Served:
    """A running sandbox: where it is, its key, its process, and the CA that its certificate is from."""

    url: str
    key: str
    process: subprocess.Popen[str]
    log_file: Path
    ca_file: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    def log_of(self, reply: httpx.Response) -> str:
        """Return the log's lines of one exchange, once they are there: the reply may come before them."""
        request_id = reply.headers["sandbox-request-id"]
        pattern = re.compile(rf"^.*  {request_id}$(?:\n    .*$)*", re.MULTILINE)
        found = eventually(lambda: pattern.search(self.log) if self.log.endswith("\n") else None)
        assert found
        return found[0]

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client that sends this sandbox's key, or another one."""
        client = self.stranger()
        client.headers["Authorization"] = f"Bearer {key or self.key}"
        return client

    def stranger(self) -> httpx.Client:
        """Return a client that sends no key."""
        # Without TLS there is nothing to verify, and loading all the CAs of this system takes its time.
        verify = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else False
        return httpx.Client(base_url=self.url, timeout=PATIENCE, verify=verify, trust_env=False)


@contextmanager
def serving(folder: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    """Start `serve` on a free port; end it by SIGTERM, which must succeed."""
    ready_file, log_file = folder / "ready.json", folder / "log.txt"
    command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--ready-file", str(ready_file)]
    with (
        log_file.open("w", encoding="utf-8") as log,
        subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=log, text=True, env=env) as process,
    ):
        hanging = Timer(PATIENCE, process.kill)
        hanging.start()
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            hanging.cancel()
            assert line.startswith("READY "), f"{line!r}, log: {log_file.read_text(encoding='utf-8')}"
            ready = json.loads(ready_file.read_bytes())
            yield Served(ready["url"], ready["api_key"], process, log_file, ready.get("ca_file"))
        finally:
            hanging.cancel()
            process.terminate()
            code = ended(process)
    assert code == 0


def ended(process: subprocess.Popen[str]) -> int:
    """Wait for the end of a process and return its exit code; one that hangs is killed."""
    try:
        return process.wait(PATIENCE)
    finally:
        process.kill()
