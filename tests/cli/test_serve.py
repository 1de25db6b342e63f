"""`serve` as a program: its start, its output and its end."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.patience import PATIENCE, eventually
from tests.wire.served import Served, ended, serving
from traits_sandbox import __version__

PUSH = {"level_ups": [{"user_id": "1001", "level": 3}]}
HEAVY = ("schemathesis", "hypothesis", "jsonschema", "polars", "markdown_it", "yaml", "rich", "trustme", "httpx")


def serve(*options: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "traits_sandbox", "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False, **kwargs)  # type: ignore[call-overload,no-any-return]


def health(served: Served) -> dict[str, Any]:
    with served.stranger() as client:
        reply: dict[str, Any] = client.get("/_sandbox/health").json()
    return reply


def listens(address: tuple[str, int]) -> bool:
    try:
        socket.create_connection(address, timeout=PATIENCE).close()
    except ConnectionError:
        return False
    return True


def test_the_ready_file_is_complete_private_and_removed_at_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        file = tmp_path / "ready.json"
        ready = json.loads(file.read_bytes())
        assert ready == {"url": served.url, "api_key": "sandbox-key", "pid": served.process.pid}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert health(served)["status"] == "ready"
    assert not file.exists()


def test_health_shows_version_edition_seed_and_store(tmp_path: Path) -> None:
    with serving(tmp_path, "--seed", "42") as served:
        reply = health(served)
    assert reply["version"] == __version__
    assert (reply["edition"], reply["seed"], reply["store"]) == ("2020-09", 42, "memory")


def test_settings_can_come_from_the_environment(tmp_path: Path) -> None:
    env = os.environ | {"TRAITS_SANDBOX_API_KEY": "one two", "TRAITS_SANDBOX_SEED": "7"}
    with serving(tmp_path, env=env) as served, served.client("two/ci") as client:
        assert client.get("/_sandbox/health").json()["seed"] == 7
        assert client.post("/v1/level-ups", json=PUSH).status_code == 201
    assert "[key2:ci]" in served.log


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_exit_code_0(tmp_path: Path, signal_number: signal.Signals) -> None:
    with serving(tmp_path) as served:
        served.process.send_signal(signal_number)
        assert ended(served.process) == 0


def test_a_request_that_is_running_at_the_signal_is_answered(tmp_path: Path) -> None:
    body = json.dumps(PUSH).encode()
    with serving(tmp_path, "--grace", "3600", "--receive-timeout", "3600") as served:
        url = httpx.URL(served.url)
        address = url.host, url.port or 0
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            head = (
                f"POST /v1/level-ups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {served.key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
            )
            connection.sendall(head.encode() + body[:10])
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")  # The server has started to read the body.
            served.process.terminate()
            eventually(lambda: not listens(address))
            connection.sendall(body[10:])
            assert connection.recv(1000).startswith(b"HTTP/1.1 201")
        assert ended(served.process) == 0


def test_a_port_in_use_is_one_line_and_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = serve("--port", str(port))
    assert result.returncode == 2
    assert result.stdout == ""
    assert re.fullmatch(rf"traits-sandbox: cannot listen on 127.0.0.1 port {port}: .*\n", result.stderr)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "70000"], "--port: must be a whole number from 0 to 65535"),
        (["--personas", "0"], "personas"),
        (["--max-memory", "lots"], "512MiB"),
        (["--tls-cert", "/nonexistent"], "/nonexistent"),
        (["--contract", "1999-01"], "1999-01"),
        (["--ready-file", "/nonexistent/ready.json"], "/nonexistent/ready.json"),
        (["--api-key", "has space"], "key"),
        (["--wrong"], "--wrong"),
    ],
)
def test_a_bad_option_is_reported_and_ends_with_2(options: list[str], words: str) -> None:
    result = serve(*options)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert "has space" not in result.stderr


def test_the_log_has_one_line_for_a_request_and_violations_below(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client:
        client.post("/v1/level-ups", json=PUSH)
        client.post("/v1/level-ups", json={"level_ups": [{"user_id": "1001", "level": -1, "levl": 1}]})
    lines = served.log.splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d  201  POST /v1/level-ups  [\d.]+ ms  1 record  [0-9a-f]+-1", lines[0])
    assert lines[2] == "    level_ups[0].level: must be 0 or more, got -1"


def test_the_log_contains_no_key_and_no_query(tmp_path: Path) -> None:
    with serving(tmp_path, "--api-key", "s3cret-key") as served, served.client("s3cret-key/run") as client:
        client.post("/v1/playfab?api_key=s3cret-key&other=private", json={})
        client.get("/v1/s3cret-key")
        client.post("/v1/level-ups", json={"level_ups": [{"user_id": "1", "level": "s3cret-key"}]})
    log = served.log
    assert "s3cret-key" not in log
    assert "private" not in log
    assert "/v1/***" in log


def test_the_log_contains_no_escape_sequences_of_a_client(tmp_path: Path) -> None:
    with serving(tmp_path) as served, served.client() as client:
        client.post("/v1/level-ups", json={"level_ups": [{"user_id": "1", "level": 1, "\x1b[31m": 1, "\x9b31m": 1}]})
    assert "unknown field" in served.log
    assert "\x1b" not in served.log
    assert "\x9b" not in served.log


def test_json_logs_have_one_object_in_each_line(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-format", "json") as served, served.client() as client:
        request_id = client.post("/v1/level-ups", json=PUSH).headers["sandbox-request-id"]
    entry = json.loads(served.log)
    assert (entry["id"], entry["operation"], entry["records"]) == (request_id, "push_level_ups", 1)


def test_without_a_log_there_is_no_output(tmp_path: Path) -> None:
    with serving(tmp_path, "--log-format", "none") as served, served.client() as client:
        client.post("/v1/level-ups", json=PUSH)
    assert served.log == ""


def test_no_large_library_is_imported_before_ready() -> None:
    program = (
        "import sys; from traits_sandbox.settings import Settings; import traits_sandbox.cli.serve;"
        "from traits_sandbox.sandbox import Sandbox; Sandbox(Settings());"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_plain_http_to_an_https_port_fails(tmp_path: Path) -> None:
    env = os.environ | {"XDG_DATA_HOME": str(tmp_path)}
    with serving(tmp_path, "--tls", env=env) as served:
        assert served.url.startswith("https://")
        assert served.ca_file is not None
        assert health(served)["status"] == "ready"
        with pytest.raises(httpx.TransportError):
            httpx.get(served.url.replace("https", "http") + "/_sandbox/health", timeout=PATIENCE)
