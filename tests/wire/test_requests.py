"""The way of a request, in order: authenticate, route, read, parse, validate, act, envelope."""

import json
import socket
from urllib.parse import quote

import httpx
import pytest

from tests.wire.served import Served
from traits_sandbox.contract.load import load

UNAUTHORIZED = {"code": 401, "message": "api key is not valid"}
NOT_FOUND = {"code": 404, "message": "resource not found"}
CONTRACT = load("2020-09")
OPERATIONS = {operation.id: operation for operation in CONTRACT.operations}
PUSHES = [operation for operation in CONTRACT.operations if operation.behaviour == "push"]


def path_of(operation_id: str) -> str:
    return OPERATIONS[operation_id].path.format(segment_id="default", persona="all")


@pytest.mark.parametrize("operation_id", OPERATIONS)
@pytest.mark.parametrize(
    "credential", ["", "Bearer", "Bearer wrong", "Bearer sandbox-ke", "bearer-sandbox-key", "Basic c2FuZGJveC1rZXk="]
)
def test_without_a_right_key_nothing_is_answered_but_401(
    stranger: httpx.Client, operation_id: str, credential: str
) -> None:
    reply = stranger.request(
        OPERATIONS[operation_id].method,
        path_of(operation_id),
        headers={"Authorization": credential} if credential else {},
        content=b"{not json",
    )
    assert (reply.status_code, reply.json()) == (401, UNAUTHORIZED)
    assert reply.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nope", "/v1/actions/", "/v1//actions", "/v2/actions", "/%FF"])
def test_an_unknown_path_is_401_without_a_key_and_404_with_one(
    sandbox: Served, stranger: httpx.Client, path: str
) -> None:
    with sandbox.client() as client:
        assert stranger.get(path).json() == UNAUTHORIZED
        assert client.get(path).json() == NOT_FOUND


@pytest.mark.parametrize("operation", PUSHES, ids=lambda operation: operation.id)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_wrong_method_is_404_with_a_hint(sandbox: Served, operation: object, method: str) -> None:
    with sandbox.client() as client:
        reply = client.request(method, getattr(operation, "path", ""))
    assert (reply.status_code, reply.json()) == (404, NOT_FOUND)
    assert reply.headers["sandbox-hint"] == "use POST"


def test_a_near_path_is_named(sandbox: Served) -> None:
    with sandbox.client() as client:
        assert client.post("/v1/purchase").headers["sandbox-hint"] == "did you mean /v1/purchases?"


def test_the_query_key_is_valid_only_for_the_webhook(sandbox: Served, stranger: httpx.Client) -> None:
    webhook = "/v1/playfab"
    assert stranger.post(webhook, params={"api_key": sandbox.key}, json=[]).status_code == 200
    assert stranger.post(webhook, headers=sandbox.headers, json=[]).status_code == 200
    assert stranger.post(webhook, params={"api_key": "wrong"}, json=[]).json() == UNAUTHORIZED
    assert stranger.post("/v1/actions", params={"api_key": sandbox.key}, json={}).json() == UNAUTHORIZED


@pytest.mark.parametrize("operation", PUSHES, ids=lambda operation: operation.id)
@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_push_of_another_content_type_is_a_bad_request(
    sandbox: Served, operation: object, content_type: str | None
) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    with sandbox.client() as client:
        reply = client.post(getattr(operation, "path", ""), content=b"{}", headers=headers)
    assert reply.status_code == 400
    assert list(reply.json()["errors"]) == ["body"]


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json ;a=b"]
)
def test_parameters_and_case_of_the_content_type_do_not_matter(sandbox: Served, content_type: str) -> None:
    content = json.dumps(OPERATIONS["push_items"].body.example).encode()  # type: ignore[union-attr]
    with sandbox.client() as client:
        assert client.post("/v1/items", content=content, headers={"Content-Type": content_type}).status_code == 201


def test_the_first_violation_is_in_a_header_and_the_map_is_of_the_first_bad_record(sandbox: Served) -> None:
    good = {"user_id": "1001", "item_id": "2002", "count": 1, "price": 1}
    purchases = [good, good | {"price": -1, "count": "1"}, good | {"user_id": 5}]
    with sandbox.client() as client:
        reply = client.post("/v1/purchases", json={"purchases": purchases})
    assert reply.json() == {
        "code": 400,
        "message": "bad request",
        "errors": {"count": "count must be an integer", "price": "price must be a positive number"},
    }
    assert reply.headers["sandbox-violation"] in {"/purchases/1/price", "/purchases/1/count"}


def test_a_nested_fault_is_named_by_its_record_field(sandbox: Served) -> None:
    action = {"user_id": "1", "action_id": "2", "action_name": "x", "action_params": [{"key": "k", "value": 5}]}
    with sandbox.client() as client:
        reply = client.post("/v1/actions", json={"actions": [action]})
    assert reply.json()["errors"] == {"action_params": "action_params[0].value must be a string"}
    assert reply.headers["sandbox-violation"] == "/actions/0/action_params/0/value"


def test_a_refused_batch_stores_nothing(sandbox: Served) -> None:
    records = [{"user_id": f"atom-{n}", "level": 1} for n in range(10)] + [{"user_id": "atom-bad", "level": -1}]
    with sandbox.client(f"{sandbox.key}/atomic") as client:
        assert client.post("/v1/level-ups", json={"level_ups": records}).status_code == 400
        assert client.post("/v1/segments/default/personas/all/users").json()["data"] == {"ids": []}


def test_a_thousand_records_pass_and_one_more_does_not(sandbox: Served) -> None:
    records = [{"user_id": "1001", "level": n} for n in range(1001)]
    with sandbox.client(f"{sandbox.key}/limit") as client:
        passed = client.post("/v1/level-ups", json={"level_ups": records[:1000]})
        refused = client.post("/v1/level-ups", json={"level_ups": records})
        empty = client.post("/v1/level-ups", json={"level_ups": []})
    assert passed.json()["message"] == "1000 level-ups have been successfully ingested"
    assert refused.json()["errors"] == {"level_ups": "level_ups must hold at most 1000 of them, got 1001"}
    assert empty.status_code == 400


def test_dashboards_are_separate(sandbox: Served) -> None:
    everyone = "/v1/segments/default/personas/all/users"
    with sandbox.client(f"{sandbox.key}/left") as left, sandbox.client(f"{sandbox.key}/right") as right:
        left.post("/v1/level-ups", json={"level_ups": [{"user_id": "only-left", "level": 1}]})
        assert right.post(everyone).json()["data"] == {"ids": []}
        right.post("/v1/user-data", json={"id": "only-left"})
        assert left.post(everyone).json()["data"] == {"ids": ["only-left"]}


@pytest.mark.parametrize("name", ["", "a/b", "with space", "x" * 65, "ä", "a%2Fb"])
def test_a_dashboard_name_that_is_none_opens_nothing(sandbox: Served, stranger: httpx.Client, name: str) -> None:
    headers = {b"Authorization": f"Bearer {sandbox.key}/{name}".encode()}
    assert stranger.get("/v1/assessment/user/status?id=1", headers=headers).status_code == 401


@pytest.mark.parametrize("user", ["plain", "a b", "a+b", "ä/ö?#", "100%", "%41", "🎮", "\x1f"])
def test_ids_are_exact_strings_decoded_once(sandbox: Served, user: str) -> None:
    with sandbox.client(f"{sandbox.key}/ids") as client:
        csv = f'user_id,mood\n"{user}",good\n'.encode()
        client.post("/v1/survey-data/csv", files={"file": ("s.csv", csv)})
        status = client.get(f"/v1/assessment/user/status?id={quote(user, safe='')}").json()["data"]
        other = client.get(f"/v1/assessment/user/status?id={quote(user + 'x', safe='')}").json()["data"]
    assert (status["completed"], other) == (True, {"completed": False, "completed_at": 0})


@pytest.mark.parametrize("persona", ["0", "-1", "one", "1.0", "+1", "٣", " 1", "01", "01x"])
def test_a_persona_that_is_no_index_is_a_bad_request(sandbox: Served, persona: str) -> None:
    with sandbox.client() as client:
        reply = client.post(f"/v1/segments/default/personas/{quote(persona)}/traits")
    assert reply.status_code == 400
    assert list(reply.json()["errors"]) == ["persona"]


@pytest.mark.parametrize(
    "path",
    ["default/personas/5", "default/personas/" + "9" * 5000, "other/personas/1", "a%2Fb/personas/1", "%FF/personas/1"],
)
def test_an_unknown_segment_or_persona_is_not_found(sandbox: Served, path: str) -> None:
    with sandbox.client() as client:
        for read in ("users", "traits"):
            assert client.post(f"/v1/segments/{path}/{read}").json() == NOT_FOUND


@pytest.mark.parametrize("query", ["", "?id=", "?other=1", "?id=%FF", "?" + "a=1&" * 200])
def test_a_missing_or_unreadable_id_is_a_bad_request(sandbox: Served, query: str) -> None:
    with sandbox.client() as client:
        assert client.get(f"/v1/assessment/user/status{query}").status_code == 400


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:80"]
)
def test_a_foreign_host_is_refused(stranger: httpx.Client, host: str) -> None:
    reply = stranger.get("/_sandbox/health", headers={"Host": host})
    assert reply.status_code == 403


@pytest.mark.parametrize("host", ["localhost:1", "api.localhost", "10.0.2.2", "[::1]:8012", "192.168.1.7:80"])
def test_loopback_names_and_addresses_are_served(stranger: httpx.Client, host: str) -> None:
    assert stranger.get("/_sandbox/health", headers={"Host": host}).status_code == 200


def test_a_chunked_body_is_an_ordinary_body(sandbox: Served) -> None:
    content = json.dumps({"level_ups": [{"user_id": "1", "level": 1}]}).encode()
    pieces = (content[at : at + 7] for at in range(0, len(content), 7))
    with sandbox.client() as client:
        reply = client.post("/v1/level-ups", content=pieces, headers={"Content-Type": "application/json"})
    assert reply.status_code == 201


def test_a_body_over_the_limit_is_refused_and_the_connection_stays_open(sandbox: Served) -> None:
    content = b'{"level_ups": [' + b" " * (17 * 2**20) + b"]}"
    with sandbox.client() as client:
        reply = client.post("/v1/level-ups", content=content, headers={"Content-Type": "application/json"})
        assert reply.json()["errors"] == {"body": "body must be at most 16 MiB"}
        assert client.post("/v1/level-ups", json={"level_ups": [{"user_id": "1", "level": 1}]}).status_code == 201


def test_a_client_that_disconnects_leaves_no_trace(sandbox: Served) -> None:
    url = httpx.URL(sandbox.url)
    with socket.create_connection((url.host, url.port or 0)) as connection:
        head = (
            "POST /v1/level-ups HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {sandbox.key}/gone\r\nContent-Length: 100\r\n\r\n"
        )
        connection.sendall(head.encode() + b'{"level_ups": [')
    with sandbox.client(f"{sandbox.key}/gone") as client:
        assert client.post("/v1/segments/default/personas/all/users").json()["data"] == {"ids": []}
    assert "Traceback" not in sandbox.log


def test_every_reply_has_an_id_and_no_two_the_same(sandbox: Served) -> None:
    with sandbox.client() as client:
        ids = {client.get("/v1/nope").headers["sandbox-request-id"] for _ in range(20)}
    assert len(ids) == 20
