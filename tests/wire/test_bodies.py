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


def members(body: bytes, count: int) -> bytes:
    """Return gzip with this number of members, most of them empty."""
    return gzip.compress(body[:20]) + gzip.compress(b"") * (count - 2) + gzip.compress(body[20:])


def test_gzip_of_several_members_is_one_stream(sandbox: Served) -> None:
    headers = JSON | {"Content-Encoding": "gzip"}
    with sandbox.client() as client:
        assert client.post("/v1/level-ups", content=members(PUSH, 2), headers=headers).status_code == 201
        assert client.post("/v1/level-ups", content=members(PUSH, 1000), headers=headers).status_code == 201
        reply = client.post("/v1/level-ups", content=members(PUSH, 1001), headers=headers)
    assert reply.json()["errors"] == {"body": "body must have at most 1000 gzip members"}


def test_an_upload_in_several_members_is_read(sandbox: Served) -> None:
    form = httpx.Request("POST", "http://x", files={"file": ("k.csv", b"user_id,kpi_id,value\nzip,ltv,3\n")})
    headers = {"Content-Type": form.headers["content-type"], "Content-Encoding": "gzip"}
    with sandbox.client() as client:
        assert client.post("/v1/kpis/csv", content=members(form.read(), 2), headers=headers).status_code == 201


CSV = b"user_id,kpi_id,value\n1,ltv,3\n"
BOUNDARY = "multipart/form-data; boundary=B"


def part(disposition: str, content: bytes = CSV) -> bytes:
    return b"--B\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (disposition.encode(), content)


@pytest.mark.parametrize(
    ("parts", "content_type", "errors"),
    [
        (
            part('name="file"'),
            BOUNDARY,
            {"file": "file must be a file, but the part has no filename (with curl, write -F file=@data.csv)"},
        ),
        (
            part('name="file"; filename="a.csv"') * 2,
            BOUNDARY,
            {"file": "file must be one part of the form, got 2 parts with this name"},
        ),
        (
            part('name="file"; filename="a.csv"') + part('name="file"'),
            BOUNDARY,
            {"file": "file must be one part of the form, got 2 parts with this name"},
        ),
        (
            part('name="files"; filename="a.csv"'),
            BOUNDARY,
            {"file": 'file is required, as a file part of the form (found "files" instead)'},
        ),
        (
            part('name="upload"; filename="a.csv"'),
            BOUNDARY,
            {"file": 'file is required, as a file part of the form (found "upload" instead)'},
        ),
        (part('filename="a.csv"'), BOUNDARY, {"body": "body is not a valid multipart form: a part has no name"}),
        (
            part('name="file"; filename="a.csv"'),
            "multipart/form-data",
            {
                "body": "body is not a valid multipart form: its Content-Type has no boundary; "
                "let your HTTP library write this header"
            },
        ),
        (
            part('name="file"; filename="a.csv"') + part('name="x"; filename="b"', b"") * 16,
            BOUNDARY,
            {"body": "body is not a valid multipart form: it has more than 16 parts"},
        ),
        (
            part('name="x"', b"x" * 2**17),
            BOUNDARY,
            {"body": "body is not a valid multipart form: it has a text field of more than 64 KiB"},
        ),
        (
            part('name="file"; filename="a.csv"'),
            "multipart/form-data; boundary=C",
            {"body": "body is not a valid multipart form"},
        ),
    ],
    ids=["no filename", "two", "file and field", "plural", "other", "no name", "no boundary", "17", "long", "foreign"],
)
def test_a_form_without_the_one_file_is_a_bad_request(
    sandbox: Served, parts: bytes, content_type: str, errors: dict[str, str]
) -> None:
    with sandbox.client() as client:
        for path in ("/v1/kpis/csv", "/v1/survey-data/csv"):
            reply = client.post(path, content=parts + b"--B--\r\n", headers={"Content-Type": content_type})
            assert (reply.status_code, reply.json()["errors"]) == (400, errors)


HALF = "half of a surrogate pair (\\ud800), which is not a character; send both halves, or UTF-8"


@pytest.mark.parametrize(
    ("path", "body", "pointer", "errors"),
    [
        (
            "/v1/level-ups",
            rb'{"level_ups": [{"user_id": "1", "level": 1}, {"user_id": "a\ud800", "level": 1}]}',
            "/level_ups/1/user_id",
            {"user_id": f"user_id has {HALF}"},
        ),
        (
            "/v1/actions",
            rb'{"actions": [{"user_id": "1", "action_params": [{"key": "k", "value": "\uD800\u0041"}]}]}',
            "/actions/0/action_params/0/value",
            {"action_params": f"action_params[0].value has {HALF}"},
        ),
        (
            "/v1/level-ups",
            rb'{"level_ups": [{"\ud800": 1}]}',
            "/level_ups/0",
            {"level_ups": f"level_ups has a field whose name has {HALF}"},
        ),
        ("/v1/user-data", rb'{"id": "\ud800"}', "/id", {"id": f"id has {HALF}"}),
        ("/v1/playfab", rb'[{"EventName": "\ud800"}]', "/0/EventName", {"body": f"body has {HALF}"}),
    ],
    ids=["field", "list", "name", "deletion", "webhook"],
)
def test_half_a_character_is_reported_at_its_record_and_field(
    sandbox: Served, path: str, body: bytes, pointer: str, errors: dict[str, str]
) -> None:
    with sandbox.client() as client:
        reply = client.post(path, content=body, headers=JSON)
    assert (reply.status_code, reply.json()["errors"]) == (400, errors)
    assert reply.headers["sandbox-violation"] == pointer


def test_half_a_character_beside_another_mistake_is_a_bad_request(sandbox: Served) -> None:
    deep = b'{"a":' * 3000 + rb'"\ud800"' + b"}" * 3000
    with sandbox.client() as client:
        for body in (rb'{"level_ups": ["\ud800"', deep, rb'{"\ud800": NaN, }'):
            assert client.post("/v1/level-ups", content=body, headers=JSON).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "errors"),
    [
        (
            "POST",
            "/v1/level-ups",
            {"level_ups": [{"userId": "1", "level": 1}]},
            {"user_id": 'user_id is required (found "userId" instead)'},
        ),
        (
            "POST",
            "/v1/actions",
            {"actions": [{"user_id": "1", "action_id": "a", "action_name": "n", "action_params": [{"Key": "k"}]}]},
            {"action_params": 'action_params[0].key is required (found "Key" instead)'},
        ),
        ("POST", "/v1/level-ups", {"level_up": []}, {"level_ups": 'level_ups is required (found "level_up" instead)'}),
        ("POST", "/v1/user-data", {"user_id": "1"}, {"id": 'id is required (found "user_id" instead)'}),
        ("POST", "/v1/user-data", {"player": "1"}, {"id": 'id is required (found "player" instead)'}),
        ("POST", "/v1/user-data", {}, {"id": "id is required"}),
        (
            "GET",
            "/v1/assessment/user/status?user_id=1",
            None,
            {"id": 'id is required, as a query parameter (found "user_id" instead)'},
        ),
        (
            "GET",
            "/v1/assessment/user/status?verbose=1",
            None,
            {"id": "id is required, as a query parameter"},
        ),
    ],
    ids=["field", "in a list", "list", "deletion", "deletion other", "deletion empty", "query", "query other"],
)
def test_a_missing_name_is_compared_with_the_sent_ones(
    sandbox: Served, method: str, path: str, body: object, errors: dict[str, str]
) -> None:
    with sandbox.client() as client:
        reply = client.request(method, path, json=body)
    assert reply.status_code == 400
    assert errors.items() <= reply.json()["errors"].items()


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


def test_the_hint_of_a_delivery_has_the_place_of_the_event_as_people_write_it(sandbox: Served) -> None:
    with sandbox.client() as client:
        reply = client.post("/v1/playfab?api_key=sandbox-key", content=b'[{"EntityId": "p"}]', headers=JSON)
    assert reply.headers["sandbox-hint"].endswith(": events[0]: ignored: it has no EventName")
