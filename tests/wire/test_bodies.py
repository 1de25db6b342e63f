"""Bodies as they may travel: compressed, in pieces, slowly."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx
import pytest

from tests.patience import PATIENCE
from tests.wire.served import Served, serving

PUSH = json.dumps({"level_ups": [{"user_id": "1001", "level": 1}]}).encode()
JSON = {"Content-Type": "application/json"}
DEADLINE = 1.0
TRIES = 10


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a sandbox that soon cuts off an incomplete request."""
    with serving(tmp_path_factory.mktemp("hasty"), "--receive-timeout", str(DEADLINE)) as served:
        yield served


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP"])
def test_a_gzipped_push_is_a_push(sandbox: Served, encoding: str) -> None:
    with sandbox.client() as client:
        reply = client.post("/v1/level-ups", content=gzip.compress(PUSH), headers=JSON | {"Content-Encoding": encoding})
    assert reply.status_code == 201


def test_a_gzipped_upload_is_an_upload(sandbox: Served) -> None:
    form = httpx.Request("POST", "http://x", files={"file": ("k.csv", b"user_id,kpi_id,value\nzip,ltv,3\n")})
    headers = {"Content-Type": form.headers["content-type"], "Content-Encoding": "gzip"}
    with sandbox.client(f"{sandbox.key}/zip") as client:
        assert client.post("/v1/kpis/csv", content=gzip.compress(form.read()), headers=headers).status_code == 201
        assert client.post("/v1/segments/default/personas/all/users").json()["data"] == {"ids": ["zip"]}


@pytest.mark.parametrize(
    "content",
    [PUSH, b"", gzip.compress(PUSH)[:-4], gzip.compress(PUSH) + b"more"],
    ids=["plain", "empty", "cut", "longer"],
)
def test_a_broken_gzip_stream_is_a_bad_request(sandbox: Served, content: bytes) -> None:
    with sandbox.client() as client:
        reply = client.post("/v1/level-ups", content=content, headers=JSON | {"Content-Encoding": "gzip"})
    assert reply.json()["errors"] == {"body": "body is not the gzip stream that its Content-Encoding promises"}


def test_another_content_encoding_is_a_bad_request(sandbox: Served) -> None:
    with sandbox.client() as client:
        reply = client.post("/v1/level-ups", content=PUSH, headers=JSON | {"Content-Encoding": "br"})
    assert reply.json()["errors"] == {"body": "body must be sent plain or as gzip, got br"}


def test_a_broken_form_is_reported_only_with_its_request(sandbox: Served) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=one"}
    with sandbox.client() as client:
        refused = client.post("/v1/kpis/csv", content=b"--other\r\n\r\n--other--\r\n", headers=headers)
    assert refused.status_code == 400
    assert "POST /v1/kpis/csv" in sandbox.log_of(refused)
    assert "boundary character" not in sandbox.log


def test_the_limit_holds_after_decompression(sandbox: Served) -> None:
    bomb = gzip.compress(b" " * (17 * 2**20) + PUSH)
    with sandbox.client() as client:
        reply = client.post("/v1/level-ups", content=bomb, headers=JSON | {"Content-Encoding": "gzip"})
    assert reply.json()["errors"] == {"body": "body must be at most 16 MiB"}


@pytest.mark.parametrize("start", [b"", b"POST /v1/lev", b"POST /v1/level-ups HTTP/1.1\r\nHost: localhost\r\n", None])
def test_a_request_that_does_not_arrive_is_cut_off(hasty: Served, start: bytes | None) -> None:
    head = (
        f"POST /v1/level-ups HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {hasty.key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(PUSH)}\r\n\r\n"
    )
    url = httpx.URL(hasty.url)
    with socket.create_connection((url.host, url.port or 0), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + PUSH[:5] if start is None else start)
        assert ends(connection)


def test_an_idle_connection_between_requests_is_kept(hasty: Served) -> None:
    # A machine that stalls may make a request of this client late; not time after time.
    assert any(is_kept(hasty, idle=2.5 * DEADLINE) for _ in range(TRIES))


def is_kept(served: Served, *, idle: float) -> bool:
    """Tell whether a connection that has idled is still there for a second request."""
    url = httpx.URL(served.url)
    connection = HTTPConnection(url.host, url.port, timeout=PATIENCE)
    try:
        connection.request("GET", "/_sandbox/health")
        first = connection.getresponse().read() and connection.sock
        time.sleep(idle)
        connection.request("GET", "/_sandbox/health")
        return connection.getresponse().status == 200 and connection.sock is first
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def ends(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def test_the_limits_are_settings(tmp_path: Path) -> None:
    with serving(tmp_path, "--max-body", "1000", "--max-upload", "1MiB") as served, served.client() as client:
        push = client.post("/v1/level-ups", content=PUSH + b" " * 1000, headers=JSON)
        upload = client.post("/v1/kpis/csv", files={"file": ("k.csv", b"user_id,kpi_id,value\n" + b"\n" * 2**20)})
    assert push.json()["errors"] == {"body": "body must be at most 1000 bytes"}
    assert upload.json()["errors"] == {"body": "body must be at most 1 MiB"}


def test_an_offer_of_another_protocol_is_ignored(sandbox: Served) -> None:
    # As Java's HTTP client makes one with its first request to a host.
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    with sandbox.client() as client:
        for _ in range(2):
            assert client.post("/v1/level-ups", content=PUSH, headers=JSON | offer).status_code == 201
