"""A question to the control API that can never match is answered with 400 and the reason, not with an empty list."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.wire.served import serving

NOW = int(time.time())
KEY = {"Authorization": "Bearer sandbox-key"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Yield a client that sends no key, of a sandbox with one push."""
    with serving(tmp_path_factory.mktemp("questions")) as served, served.stranger() as client:
        client.post("/v1/purchases", headers=KEY, json=PUSH).raise_for_status()
        client.post("/v1/socialDynamics", headers=KEY, json={})
        yield client


PUSH = {
    "purchases": [
        {"user_id": "1001", "item_id": "2", "count": 1, "price": 2.5, "timestamp": "2020-09-15 14:54:08", "colour": 7}
    ]
}

QUERIES = {
    "since in milliseconds": (f"requests?since={NOW}000", "milliseconds"),
    "since in microseconds": (f"records/purchase?since={NOW}000000", "milliseconds"),
    "since of another form": ("requests?since=yesterday", "neither a time"),
    "since of an unknown request": ("requests?since=ffff-99", "not in the journal"),
    "since of an unknown request that reads as a number": ("requests?since=851e-21", "not in the journal"),
    "unknown operation": ("requests?operation=push_purchase", "did you mean push_purchases?"),
    "path for an operation": ("requests?operation=/v1/purchases", "operation"),
    "status 0": ("requests?status=0", "100 to 599"),
    "status 600": ("requests?status=600", "100 to 599"),
    "status class": ("requests?status=4xx", "100 to 599"),
    "users of items": ("records/item?user_id=1", "no user"),
    "empty user": ("records/purchase?user_id=", "must not be empty"),
    "misspelled parameter": ("requests?opration=push_purchases", "did you mean operation?"),
    "parameter of records": ("records/purchase?userid=1", "did you mean user_id?"),
    "unknown parameter": ("requests?colour=red", "only operation, status, since, limit"),
    "parameter of one request": ("requests/ffff-1?limit=1", "query parameter"),
    "parameter of health": ("health?verbose=1", "query parameter"),
    "parameter of the bulk ledger": ("bulk?folder=purchases", "query parameter"),
    "parameter of faults": ("faults?operation=push_purchases", "query parameter"),
    "parameter of the document": ("openapi.json?x=1", "query parameter"),
}

REQUESTS: dict[str, tuple[dict[str, Any], str]] = {
    "operation": ({"operation": "push_purchase"}, "did you mean push_purchases?"),
    "operations": ({"operation": {"in": ["purchases", "logins"]}}, "operation"),
    "pattern of operations": ({"operation": {"regex": "^upload$"}}, "operation"),
    "status as a text": ({"status": "201"}, "100 to 599"),
    "status beyond": ({"status": 999}, "100 to 599"),
    "status below": ({"status": {"lt": 0}}, "100 to 599"),
    "status above": ({"status": {"gte": 600}}, "100 to 599"),
    "statuses": ({"status": {"in": [42, "200"]}}, "100 to 599"),
    "method in lower case": ({"method": "post"}, "write POST"),
    "unknown method": ({"method": "PSOT"}, "did you mean POST?"),
    "unknown reason": ({"reason": "key-unknwon"}, "did you mean key-unknown?"),
    "id of another form": ({"id": "42"}, "form of a request id"),
    "id as a number": ({"id": 42}, "form of a request id"),
    "path without a slash": ({"path": "v1/purchases"}, "slash"),
    "path with a query": ({"path": "/v1/playfab?api_key=x"}, "query"),
    "path as a number": ({"path": 1}, "text"),
    "query with a question mark": ({"query": "?id=1"}, "question mark"),
    "records as a text": ({"records": "1"}, "number of records"),
    "negative records": ({"records": -1}, "number of records"),
    "a key": ({"headers": {"Authorization": "Bearer sandbox-key"}}, "masked"),
    "header as a number": ({"headers": {"content-length": 12}}, "texts"),
    "headers as a list": ({"headers": ["content-length"]}, "object"),
    "unknown member": ({"colour": "red"}, "colour"),
}

RECORDS: dict[str, tuple[str, dict[str, Any], str]] = {
    "user as a number": ("purchase", {"user_id": 1001}, "user_id"),
    "price as a text": ("purchase", {"price": "2.5"}, "price"),
    "negative price": ("purchase", {"price": -1}, "positive"),
    "count as a fraction": ("purchase", {"count": 1.5}, "integer"),
    "time in seconds": ("purchase", {"timestamp": 1600181648}, "timestamp"),
    "time in milliseconds": ("purchase", {"timestamp": 1600181648000}, "timestamp"),
    "time of another form": ("purchase", {"timestamp": "2020-09-15T14:54:08Z"}, "timestamp"),
    "null": ("purchase", {"timestamp": None}, "timestamp"),
    "users as numbers": ("purchase", {"user_id": {"in": [1001, 1002]}}, "user_id"),
    "price above a text": ("purchase", {"price": {"gt": "2"}}, "number"),
    "time after a number": ("purchase", {"timestamp": {"gte": 1600181648}}, "text"),
    "members of a price": ("purchase", {"price": {"amount": 2}}, "members"),
    "country of another form": ("login", {"country": "Germany"}, "country"),
    "survey with a number": ("survey", {"mood": 1}, "text"),
    "unknown kind": ("purchases", {}, "did you mean purchase?"),
    "kind of an operation": ("push_purchases", {}, "purchase"),
    "kind in upper case": ("Purchase", {}, "did you mean purchase?"),
}

POSSIBLE: list[tuple[str, dict[str, Any], int]] = [
    ("requests", {"match": {"operation": "push_purchases"}}, 1),
    ("requests", {"match": {"operation": {"ne": "push_logins"}, "status": {"gte": 200, "lt": 300}}}, 1),
    ("requests", {"match": {"operation": ""}}, 1),
    ("requests", {"match": {"status": 201.0, "method": "POST", "reason": "", "records": 1}}, 1),
    ("requests", {"match": {"headers": {"Authorization": "Bearer ***"}, "path": "/v1/purchases"}}, 1),
    ("requests", {"match": {"status": {"in": [201, 999]}}}, 1),
    ("requests", {"match": {"id": {"exists": True}}}, 2),
    ("requests", {"match": {"fault": ""}, "since": 0}, 2),
    ("requests", {"since": NOW + 86_400}, 0),
    ("records", {"kind": "purchase", "match": {"user_id": "1001", "price": 2.5, "count": 1.0}}, 1),
    ("records", {"kind": "purchase", "match": {"colour": 7}}, 1),
    ("records", {"kind": "purchase", "match": {"timestamp": {"exists": True}}}, 1),
    ("records", {"kind": "purchase", "match": {"timestamp": {"gte": "2020-09-15"}}}, 1),
    ("records", {"kind": "purchase", "match": {"price": {"gt": -5, "ne": "x"}}}, 1),
    ("records", {"kind": "purchase", "match": {"user_id": {"in": ["1001", 7]}}}, 1),
    ("records", {"kind": "survey", "match": {"mood": "good"}}, 0),
    ("records", {"kind": "action", "match": {"action_params": [{"key": "a"}]}}, 0),
    ("records", {"kind": "item", "match": {}}, 0),
]

BODIES: dict[str, tuple[str, bytes, str]] = {
    "no body": ("requests/count", b"", "missing"),
    "not JSON": ("requests/count", b'{"match":\n nope}', "line 2, column 2"),
    "a list": ("requests/find", b"[]", "JSON object"),
    "null": ("requests/find", b"null", "JSON object"),
    "misspelled member": ("requests/find", b'{"limt": 1}', "did you mean limit?"),
    "unknown member": ("requests/count", b'{"colour": 1}', "only match, since"),
    "match as a list": ("requests/find", b'{"match": []}', "match: must be an object"),
    "limit as a text": ("requests/find", b'{"limit": "1"}', "limit: must be a whole number from 1 to 1000"),
    "limit beyond": ("requests/find", b'{"limit": 1001}', "limit: must be a whole number from 1 to 1000"),
    "limit as true": ("requests/find", b'{"limit": true}', "limit: must be a whole number from 1 to 1000"),
    "wait beyond": ("requests/wait", b'{"timeout_ms": 60001}', "from 0 to 60000"),
    "more than are kept": ("requests/wait", b'{"count": 10001}', "keeps at most 10000"),
    "since as a list": ("requests/find", b'{"since": []}', "since: must be a text or a number"),
    "since in milliseconds": ("requests/find", b'{"since": %d000}' % NOW, "milliseconds"),
    "no kind": ("records/find", b"{}", "kind: is required"),
    "kind as a number": ("records/find", b'{"kind": 1}', "kind: must be a text"),
    "rows as a text": ("bulk/purchases", b'{"key": "a", "etag": "", "rows": "x"}', "rows: must be a list"),
    "row number": ("bulk/purchases", b'{"key": "a", "etag": "", "lines": ["x"]}', "lines: must be a list or null"),
    "last as a text": ("bulk/purchases", b'{"key": "a", "etag": "", "last": "x"}', "last: must be true or false"),
    "fault that is not JSON": ("faults", b"{", "this is not a fault"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_can_never_match_is_refused(name: str, client: httpx.Client) -> None:
    path, words = QUERIES[name]
    assert_refused(client.get(f"/_sandbox/{path}"), words)


@pytest.mark.parametrize("path", ["reset", "requests/count", "records/find", "faults", "bulk"])
def test_a_parameter_is_never_ignored(path: str, client: httpx.Client) -> None:
    assert_refused(client.post(f"/_sandbox/{path}?dashboard=one", json={}), "query parameter 'dashboard'")


@pytest.mark.parametrize("call", ["count", "find", "wait"])
@pytest.mark.parametrize("name", REQUESTS)
def test_a_match_that_no_request_can_have_is_refused(name: str, call: str, client: httpx.Client) -> None:
    match, words = REQUESTS[name]
    assert_refused(client.post(f"/_sandbox/requests/{call}", json={"match": match}), words)


@pytest.mark.parametrize("call", ["count", "find", "wait"])
@pytest.mark.parametrize("name", RECORDS)
def test_a_match_that_no_record_can_have_is_refused(name: str, call: str, client: httpx.Client) -> None:
    kind, match, words = RECORDS[name]
    assert_refused(client.post(f"/_sandbox/records/{call}", json={"kind": kind, "match": match}), words)


def test_another_dashboard_than_that_of_the_key_is_refused(client: httpx.Client) -> None:
    asked = {"match": {"dashboard": "other"}}
    assert_refused(client.post("/_sandbox/requests/count", json=asked, headers=KEY), "dashboard")
    assert client.post("/_sandbox/requests/count", json=asked).json() == {"count": 0}


@pytest.mark.parametrize(("path", "asked", "count"), POSSIBLE)
def test_a_question_that_can_match_is_answered(
    path: str, asked: dict[str, Any], count: int, client: httpx.Client
) -> None:
    reply = client.post(f"/_sandbox/{path}/count", json=asked)
    assert (reply.status_code, reply.json()) == (200, {"count": count})


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_read_is_refused_in_our_words(name: str, client: httpx.Client) -> None:
    path, body, words = BODIES[name]
    reply = client.post(f"/_sandbox/{path}", content=body, headers={"Content-Type": "application/json"})
    assert_refused(reply, words)
    for theirs in ("Expected", "expected `", "Object contains", "$.", "char "):
        assert theirs not in reply.text


@pytest.mark.parametrize("path", ["requests/nope", "records/purchases", "uploads/nope"])
def test_what_does_not_exist_is_404_with_the_reason(path: str, client: httpx.Client) -> None:
    reply = client.get(f"/_sandbox/{path}")
    assert reply.status_code == 404
    assert len(reply.json()["message"]) > 20


def assert_refused(reply: httpx.Response, words: str) -> None:
    assert (reply.status_code, reply.json()["code"]) == (400, 400), reply.text
    assert words in reply.json()["message"]
