"""A real `traits-sandbox serve` in a process of its own, for tests that speak to its socket."""

import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

READY_WITHIN = 30.0
END_WITHIN = 15.0


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
        for _ in range(100):
            if (found := pattern.search(self.log)) and self.log.endswith("\n"):
                return found[0]
            time.sleep(0.02)
        raise AssertionError(f"{request_id} is not in the log")

    def client(self, key: str | None = None) -> httpx.Client:
        """Return a client that sends this sandbox's key, or another one."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        verify = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True
        return httpx.Client(base_url=self.url, headers=headers, timeout=30.0, verify=verify, trust_env=False)


@contextmanager
def serving(folder: Path, *options: str, env: dict[str, str] | None = None) -> Iterator[Served]:
    """Start `serve` on a free port; end it by SIGTERM, which must succeed."""
    ready_file, log_file = folder / "ready.json", folder / "log.txt"
    command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--ready-file", str(ready_file)]
    with (
        log_file.open("w", encoding="utf-8") as log,
        subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=log, text=True, env=env) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("READY "), f"{line!r}, log: {log_file.read_text(encoding='utf-8')}"
            ready = json.loads(ready_file.read_bytes())
            yield Served(ready["url"], ready["api_key"], process, log_file, ready.get("ca_file"))
        finally:
            process.terminate()
            code = process.wait(END_WITHIN)
    assert code == 0
