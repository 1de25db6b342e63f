"""Requests that never reach the app leave a line in the log and an entry in the journal, on a real socket."""

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.patience import PATIENCE, eventually
from tests.wire.served import Served, serving
from traits_sandbox.control.journal import MAX_REFUSED

OPTIONS = ("--receive-timeout", "1", "--log-format", "json")
PUSH = b"POST /v1/purchases HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sandbox-key\r\n"
JSON = PUSH + b"Content-Type: application/json\r\n"
HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)

# What is sent to the plain port, and the reason, status, method and path that must be reported.
PLAIN: dict[str, tuple[bytes, tuple[str, int, str, str]]] = {
    "TLS": (HELLO, ("tls-to-http", 400, "", "")),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ("http-2", 400, "PRI", "*")),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", ("method", 400, "", "")),
    "bad header": (PUSH + b"No colon\r\n\r\n", ("malformed", 400, "POST", "/v1/purchases")),
    "bad coding": (PUSH + b"Transfer-Encoding: gzip\r\n\r\n", ("transfer-encoding", 400, "POST", "/v1/purchases")),
    "bad chunk": (JSON + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", ("malformed", 400, "POST", "/v1/purchases")),
    "large head": (PUSH + b"X: " + b"a" * 2**18, ("head-size", 400, "POST", "/v1/purchases")),
    "slow head": (PUSH, ("too-slow", 0, "POST", "/v1/purchases")),
    "slow body": (JSON + b"Content-Length: 9\r\n\r\n{", ("too-slow", 0, "POST", "/v1/purchases")),
    "slow key": (b"POST /v1/playfab?api_key=other-key HT", ("too-slow", 0, "POST", "/v1/playfab")),
    "foreign host": (b"GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n", ("foreign-host", 403, "GET", "/x")),
}

SECURE = {
    "HTTP": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", ("http-to-tls", 400)),
    "DELETE": (b"DELETE /x HTTP/1.1\r\n\r\n", ("http-to-tls", 400)),
    "another protocol": (bytes(100), ("not-tls", 0)),
    "bad handshake": (HELLO[:5] + b"\xff" * 600, ("handshake-failed", 0)),
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("early"), *OPTIONS) as served:
        yield served


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    pytest.importorskip("trustme")
    folder: Path = tmp_path_factory.mktemp("early-tls")
    env = {"XDG_DATA_HOME": str(folder), "HOME": str(folder)}
    with serving(folder, *OPTIONS, "--tls", env=env) as served:
        yield served


def send(served: Served, raw: bytes) -> bytes:
    """Send bytes and return everything that is answered until the connection ends."""
    url = urlsplit(served.url)
    answer = b""
    address = url.hostname or "", url.port or 0
    with socket.create_connection(address, PATIENCE) as connection, suppress(ConnectionError):
        connection.sendall(raw)
        while b"\r\n\r\n" not in answer and (piece := connection.recv(2**16)):
            answer += piece
    return answer


def listed(served: Served, key: str = "", **query: Any) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with served.stranger() as client:
        found: list[dict[str, Any]] = client.get(
            "/_sandbox/requests", headers=headers, params={"limit": 1000, **query}
        ).json()["requests"]
    return found


def logged(served: Served, request_id: str) -> dict[str, Any]:
    def find() -> dict[str, Any] | None:
        lines = [json.loads(line) for line in served.log.splitlines() if line.startswith("{") and line.endswith("}")]
        return next((line for line in lines if line["id"] == request_id), None)

    found = eventually(find)
    assert found
    return found


def reported(served: Served, raw: bytes) -> tuple[bytes, dict[str, Any]]:
    """Send bytes; return the answer and the entry of the journal that they left."""
    before = {each["id"] for each in listed(served)}
    answer = send(served, raw)
    added = eventually(lambda: [each for each in listed(served) if each["id"] not in before])
    assert len(added) == 1
    return answer, added[0]


@pytest.mark.parametrize("kind", PLAIN)
def test_a_refused_request_is_in_the_log_and_in_the_journal_with_its_reason(kind: str, served: Served) -> None:
    raw, right = PLAIN[kind]
    answer, entry = reported(served, raw)
    assert (entry["reason"], entry["status"], entry["method"], entry["path"]) == right
    assert entry["dashboard"] == ""
    assert entry["hint"]
    line = logged(served, entry["id"])
    assert (line["reason"], line["hint"]) == (entry["reason"], entry["hint"])
    assert answer.startswith(b"HTTP/1.1 %d " % entry["status"] if entry["status"] else b"")
    assert (f"sandbox-hint: {entry['hint']}".encode() in answer) == bool(entry["status"])


@pytest.mark.parametrize("kind", [kind for kind in PLAIN if kind not in ("bad chunk", "slow body")])
def test_no_key_is_shown(kind: str, served: Served) -> None:
    answer, entry = reported(served, PLAIN[kind][0].replace(b"sandbox-key", b"other-key"))
    for text in (answer.decode("latin-1"), json.dumps(entry), served.log):
        assert "other-key" not in text


def test_only_calls_without_a_key_see_them(served: Served) -> None:
    _, entry = reported(served, HELLO)
    assert entry["id"] in {each["id"] for each in listed(served)}
    assert listed(served, "sandbox-key/nobody") == []
    with served.client() as client:
        assert client.get(f"/_sandbox/requests/{entry['id']}").status_code == 404
    with served.stranger() as client:
        assert client.get(f"/_sandbox/requests/{entry['id']}").json() == entry
        found = client.post("/_sandbox/requests/count", json={"match": {"id": entry["id"], "reason": "tls-to-http"}})
        assert found.json() == {"count": 1}


def test_at_most_500_are_kept_and_the_others_stay(served: Served) -> None:
    with served.client("sandbox-key/mine") as client:
        client.get("/v1/nope")
        for _ in range(MAX_REFUSED + 20):
            client.get("/x", headers={"Host": "evil.example"})
    entries = listed(served)
    assert len([each for each in entries if each["reason"] == "foreign-host"]) == MAX_REFUSED
    assert [each["path"] for each in listed(served, "sandbox-key/mine")] == ["/v1/nope"]
    with served.stranger() as client:
        client.post("/_sandbox/reset")
    assert listed(served) == []


def test_a_connection_that_sends_nothing_is_not_reported(served: Served) -> None:
    before = len(listed(served))
    assert send(served, b"") == b""
    assert len(listed(served)) == before


@pytest.mark.parametrize("kind", SECURE)
def test_a_failed_handshake_is_in_the_log_and_in_the_journal(kind: str, secure: Served) -> None:
    raw, right = SECURE[kind]
    answer, entry = reported(secure, raw)
    assert (entry["reason"], entry["status"]) == right
    assert logged(secure, entry["id"])["hint"] == entry["hint"]
    assert answer.startswith(b"HTTP/1.1 400 ") == (entry["status"] == 400)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_does_not_trust_the_certificate_is_reported(version: ssl.TLSVersion, secure: Served) -> None:
    before = {each["id"] for each in listed(secure)}
    context = ssl.create_default_context()
    context.minimum_version = context.maximum_version = version
    with httpx.Client(verify=context, trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get(secure.url)
    added = eventually(lambda: [each for each in listed(secure) if each["id"] not in before])
    assert [each["reason"] for each in added] == ["certificate-refused"]


@pytest.mark.parametrize("size", [0, 1, 2**20, 15 * 2**20, 40 * 2**20])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/v1/purchases", {}, 401),
        ("/v1/nope", {"Authorization": "Bearer sandbox-key"}, 404),
        ("/v1/purchases", {"Authorization": "Bearer sandbox-key", "Content-Type": "text/plain"}, 400),
        ("/_sandbox/reset", {"Origin": "http://evil.example"}, 403),
        ("/_sandbox/reset", {"Authorization": "Bearer wrong"}, 401),
        ("/v1/purchases", {"Host": "evil.example"}, 403),
    ],
)
def test_a_client_that_sends_its_whole_body_first_sees_the_refusal(
    path: str, headers: dict[str, str], status: int, sandbox: Served, size: int
) -> None:
    # urllib asks for the end of the connection, and reads nothing before everything is sent.
    request = urllib.request.Request(f"{sandbox.url}{path}", b" " * size, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE)
    assert (refused.value.code, json.loads(refused.value.read())["code"]) == (status, status)


def test_a_body_that_is_larger_than_the_limit_is_refused_and_the_client_sees_it(sandbox: Served) -> None:
    headers = {"Authorization": "Bearer sandbox-key", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{sandbox.url}/v1/purchases", b" " * 40 * 2**20, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE)
    assert (refused.value.code, "body" in json.loads(refused.value.read())["errors"]) == (400, True)
