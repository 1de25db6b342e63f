"""An SSLKEYLOGFILE that cannot be opened ends no command: over HTTPS it is a warning, over HTTP it does not matter."""

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE
from tests.wire.served import Served, serving

UNUSABLE = os.environ | {"SSLKEYLOGFILE": "/nonexistent/keys.log"}


def conformance(served: Served, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "traits_sandbox", "conformance", "--base-url", served.url]
    arguments = ["--api-key", served.key, "--only", "HTTP-001", *options]
    return subprocess.run([*command, *arguments], env=UNUSABLE, capture_output=True, text=True, timeout=PATIENCE)


def test_the_kit_over_http(tmp_path: Path) -> None:
    with serving(tmp_path, env=UNUSABLE) as served:
        done = conformance(served)
    assert (done.returncode, "SSLKEYLOGFILE" in done.stdout + done.stderr) == (0, False), done.stderr


def test_the_kit_over_https(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(tmp_path, "--tls", env=UNUSABLE | {"XDG_DATA_HOME": str(data)}) as served:
        done = conformance(served, "--ca-file", served.ca_file or "")
        assert (done.returncode, done.stderr.count("SSLKEYLOGFILE names")) == (0, 1), done.stderr
        missing = conformance(served, "--ca-file", str(tmp_path / "nowhere"))
        assert (missing.returncode, "no such file or directory" in missing.stderr) == (2, True)
