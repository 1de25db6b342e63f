"""The control API over a real socket: journal, records, waiting, scope, reset, safety."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest

from tests.components import require
from tests.patience import PATIENCE
from tests.wire.served import Served, serving
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings
from traits_sandbox.web.control.app import control_routes
from traits_sandbox.web.control.queries import MAX_WAIT_MS as LONGEST_WAIT

EVENT = {
    "EventId": "e1",
    "EventName": "player_added_title",
    "EntityType": "player",
    "EntityId": "p1",
    "Timestamp": "2020-09-15T14:54:08Z",
    "PlatformUserName": "private name",
    "Nested": {"Email": "someone@example.com"},
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a sandbox with two keys; each test has a dashboard of its own, or resets all."""
    options = ["--api-key", "first-key", "--api-key", "second-key"]
    with serving(tmp_path_factory.mktemp("control"), *options) as served:
        yield served


@pytest.fixture
def client(own: Served, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Yield a client of an empty dashboard."""
    with own.client(f"{own.key}/{request.node.name[:20].replace('[', '-')}") as opened:
        opened.post("/_sandbox/reset")
        yield opened


@pytest.fixture(scope="module")
def nobody(own: Served) -> Iterator[httpx.Client]:
    """Yield a client that sends no key."""
    with own.stranger() as opened:
        yield opened


def purchase(user: str = "1001", price: float = 12.5) -> dict[str, Any]:
    return {"user_id": user, "item_id": "2002", "count": 1, "price": price}


def other_client(own: Served, client: httpx.Client) -> httpx.Client:
    """Return another client of the same dashboard."""
    return own.client(client.headers["authorization"].removeprefix("Bearer "))


def push(client: httpx.Client, *purchases: dict[str, Any]) -> str:
    """Push purchases; return the request's id."""
    request_id: str = client.post("/v1/purchases", json={"purchases": purchases}).headers["sandbox-request-id"]
    return request_id


def ids(reply: httpx.Response) -> list[str]:
    return [each["id"] for each in reply.json()["requests"]]


def test_an_exchange_is_in_the_journal_with_all_about_it(client: httpx.Client) -> None:
    bad = {**purchase(price=-1), "colour": "red"}
    request_id = push(client, bad)
    shown = client.get(f"/_sandbox/requests/{request_id}").json()
    assert shown["id"] == request_id
    assert (shown["operation"], shown["status"], shown["records"]) == ("push_purchases", 400, 0)
    assert shown["dashboard"].startswith("test_an_exchange")
    assert shown["violations"] == ["purchases[0].price: must be a positive number, got -1"]
    assert shown["body"] == {"purchases": [bad]}
    assert (shown["headers"]["authorization"], shown["headers"]["content-type"]) == ("Bearer ***", "application/json")
    assert shown["duration_ms"] > 0
    assert shown["time"].endswith("+00:00")
    assert "first-key" not in json.dumps(shown)


def test_the_journal_is_listed_by_operation_status_and_since(client: httpx.Client) -> None:
    first, second, third = push(client, purchase()), push(client, purchase(price=-1)), push(client, purchase())
    client.get("/v1/nope")
    listed = "/_sandbox/requests"
    assert ids(client.get(listed))[:3] == [first, second, third]
    assert client.get(listed).json()["meta"] == {"total": 4, "evicted": 0}
    assert ids(client.get(listed, params={"operation": "push_purchases", "status": "201"})) == [first, third]
    assert ids(client.get(listed, params={"since": second}))[:1] == [third]
    assert ids(client.get(listed, params={"since": time.time() + 10})) == []
    last = client.get(listed, params={"limit": 1, "operation": "push_purchases"})
    assert (ids(last), last.json()["meta"]["total"]) == ([third], 3)
    assert client.delete(listed).status_code == 204
    assert client.get(listed).json() == {"requests": [], "meta": {"total": 0, "evicted": 0}}


@pytest.mark.parametrize(
    "query", ["status=abc", "status=99", "limit=0", "limit=1001", "since=soon", "colour=red", "limit=1&limit=2"]
)
def test_a_query_that_makes_no_sense_is_refused(client: httpx.Client, query: str) -> None:
    reply = client.get(f"/_sandbox/requests?{query}")
    assert (reply.status_code, reply.json()["code"]) == (400, 400)


def test_records_are_shown_by_kind_user_since_and_limit(client: httpx.Client) -> None:
    first = push(client, purchase("1", 1), purchase("2", 2))
    second = push(client, purchase("1", 3))
    listed = "/_sandbox/records/purchase"
    found = client.get(listed).json()["records"]
    assert [each["record"]["price"] for each in found] == [1, 2, 3]
    assert [each["request_id"] for each in found] == [first, first, second]
    of_one = client.get(listed, params={"user_id": "1"}).json()["records"]
    assert [each["record"]["price"] for each in of_one] == [1, 3]
    for query, prices in [({"since": first}, [3]), ({"limit": "2"}, [2, 3]), ({"user_id": "1", "limit": "1"}, [3])]:
        shown = client.get(listed, params=query).json()["records"]
        assert [each["record"]["price"] for each in shown] == prices


def test_every_kind_of_record_can_be_shown_and_no_other(client: httpx.Client, edition: Path) -> None:
    contract = json.loads((edition / "contract.json").read_bytes())
    parts = {field.get("item") for record in contract["records"] for field in record["fields"]}
    kinds = {record["kind"] for record in contract["records"] if record["heading"] not in parts}
    assert {"action", "login", "purchase", "kpi", "survey"} <= kinds
    assert {client.get(f"/_sandbox/records/{kind}").status_code for kind in kinds} == {200}
    for kind in ("nope", "action_param", "webhook_event", "Action"):
        assert client.get(f"/_sandbox/records/{kind}").status_code == 404
    wrong_method = client.get("/_sandbox/records/find")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    reply = client.post("/_sandbox/records/count", json={"kind": "nope"})
    assert (reply.status_code, "kind" in reply.json()["message"]) == (400, True)


def test_an_upload_is_shown_with_the_violations_of_each_bad_row(client: httpx.Client) -> None:
    file = b'user_id,mood\n"u1",good\n,bad\n"u2",fine\n'
    request_id = client.post("/v1/survey-data/csv", files={"file": ("s.csv", file)}).headers["sandbox-request-id"]
    upload = client.get(f"/_sandbox/uploads/{request_id}").json()
    assert (upload["operation"], upload["records"], upload["refused_count"]) == ("upload_survey_data", 2, 1)
    verdict = {"line": 3, "field": "user_id", "rule": "required", "message": "line 3: user_id: is required"}
    assert upload["refused"] == [verdict]
    assert client.get("/_sandbox/uploads").json()["uploads"] == [upload]
    records = client.get("/_sandbox/records/survey").json()["records"]
    assert {each["request_id"] for each in records} == {request_id}
    assert client.get("/_sandbox/uploads/nope").status_code == 404


def test_counting_and_finding_take_the_same_match(client: httpx.Client) -> None:
    request_id = push(client, purchase("1", 1), purchase("2", 20))
    for match, count in [({}, 2), ({"price": {"gt": 10}}, 1), ({"user_id": "1"}, 1), ({"user_id": "3"}, 0)]:
        asked = {"kind": "purchase", "match": match}
        assert client.post("/_sandbox/records/count", json=asked).json() == {"count": count}
        assert len(client.post("/_sandbox/records/find", json=asked).json()["records"]) == count
    for sought, count in [
        ({"operation": "push_purchases", "status": 201}, 1),
        ({"status": {"gte": 400}}, 0),
        ({"headers": {"Content-Type": "application/json"}}, 1),
        ({"body": {"purchases": [{"user_id": "2", "price": {"gt": 10}}]}}, 1),
        ({"body": {"purchases": [{"user_id": "1", "price": {"gt": 10}}]}}, 0),
        ({"id": request_id, "path": "/v1/purchases", "records": 2}, 1),
    ]:
        assert client.post("/_sandbox/requests/count", json={"match": sought}).json() == {"count": count}
        assert len(ids(client.post("/_sandbox/requests/find", json={"match": sought}))) == count


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("records/find", {"kind": "purchase", "match": {"price": {"gt": None}}}, "price: gt compares"),
        ("records/find", {"kind": "purchase", "match": {"a": {"regex": "("}}}, "regex"),
        ("records/find", {"kind": "purchase", "limit": 0}, "limit"),
        ("records/find", {"match": {}}, "kind"),
        ("records/wait", {"kind": "purchase", "timeout_ms": 60_001}, "timeout_ms"),
        ("records/wait", {"kind": "purchase", "count": 0}, "count"),
        ("records/wait", {"kind": "purchase", "colour": 1}, "colour"),
        ("requests/find", {"match": {"colour": 1}}, "colour"),
        ("requests/find", {"match": []}, "match"),
        ("requests/count", [], "object"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_with_the_reason(
    client: httpx.Client, path: str, body: Any, words: str
) -> None:
    reply = client.post(f"/_sandbox/{path}", json=body)
    assert (reply.status_code, words in reply.json()["message"]) == (400, True), reply.text


def test_a_wait_ends_when_a_match_arrives(own: Served, client: httpx.Client) -> None:
    # Beside a wait that ends earlier, unless the arrival ends the longer one first.
    match = {"user_id": "1001", "price": {"gt": 10}}
    longer = {"kind": "purchase", "match": match, "count": 1, "timeout_ms": LONGEST_WAIT}
    shorter = {**longer, "count": 2, "timeout_ms": LONGEST_WAIT // 2}
    with other_client(own, client) as other, ThreadPoolExecutor(2) as pool:
        in_vain, waiting = (
            pool.submit(client.post, "/_sandbox/records/wait", json=asked) for asked in (shorter, longer)
        )
        time.sleep(0.5)
        assert not waiting.done()
        push(other, purchase("1001", 12))
        reply = waiting.result(PATIENCE)
        assert not in_vain.done()
        push(other, purchase("1001", 13))
        assert in_vain.result(PATIENCE).status_code == 200
    assert (reply.status_code, reply.json()["records"][0]["record"]["price"]) == (200, 12)


def test_a_wait_for_requests_wakes_too_and_counts(own: Served, client: httpx.Client) -> None:
    with other_client(own, client) as other:
        timers = [Timer(delay, push, (other, purchase("1", delay))) for delay in (0.1, 0.2, 0.3)]
        for timer in timers:
            timer.start()
        asked = {"match": {"operation": "push_purchases"}, "count": 3, "timeout_ms": LONGEST_WAIT}
        reply = client.post("/_sandbox/requests/wait", json=asked)
        for timer in timers:
            timer.join()
    assert (reply.status_code, len(ids(reply))) == (200, 3)


def test_a_failed_wait_explains_the_nearest_misses(client: httpx.Client) -> None:
    push(client, purchase("1001", 5), purchase("1002", 4))
    asked = {"kind": "purchase", "match": {"user_id": "1001", "price": {"gt": 10}}, "timeout_ms": 100}
    reply = client.post("/_sandbox/records/wait", json=asked)
    body = reply.json()
    assert (reply.status_code, body["count"], len(body["nearest"])) == (404, 0, 2)
    assert body["nearest"][0]["misses"] == ["price is 5: it is not greater than 10"]
    assert body["nearest"][0]["record"]["record"]["user_id"] == "1001"
    sought = {"match": {"operation": "push_purchases", "status": 400}, "timeout_ms": 0}
    near = client.post("/_sandbox/requests/wait", json=sought).json()["nearest"]
    assert near[0]["misses"] == ["status is 201, not 400"]


def test_a_wait_with_too_few_matches_gives_their_number(client: httpx.Client) -> None:
    push(client, purchase())
    reply = client.post("/_sandbox/records/wait", json={"kind": "purchase", "count": 2, "timeout_ms": 50})
    assert (reply.status_code, reply.json()["count"], reply.json()["nearest"]) == (404, 1, [])


def test_a_reset_empties_only_its_dashboard(own: Served) -> None:
    with own.client("first-key/reset") as one, own.client("second-key/reset") as two, own.client("first-key/x") as any_:
        for client in (one, two):
            push(client, purchase())
            client.post("/v1/survey-data/csv", files={"file": ("s.csv", b"user_id,mood\nu,x\n")})
            client.post("/_sandbox/faults", json={"operation": "push_logins", "status": 503})
        assert one.post("/_sandbox/reset").status_code == 204
        paths = ("records/purchase", "requests", "uploads", "faults")
        listed = {
            client: [next(iter(client.get(f"/_sandbox/{path}").json().values())) for path in paths]
            for client in (one, two)
        }
        assert [len(each) for each in listed[one]] == [0, 0, 0, 0]
        assert [len(each) for each in listed[two]] == [1, 2, 1, 1]
        del any_.headers["authorization"]
        assert any_.post("/_sandbox/reset").status_code == 204
        assert two.get("/_sandbox/records/purchase").json() == {"records": []}
        assert two.get("/_sandbox/requests").json()["meta"] == {"total": 0, "evicted": 0}


def test_without_a_key_a_call_concerns_all_dashboards(own: Served, client: httpx.Client, nobody: httpx.Client) -> None:
    request_id = push(client, purchase("everywhere"))
    asked = {"kind": "purchase", "match": {"user_id": "everywhere"}}
    assert nobody.post("/_sandbox/records/count", json=asked).json()["count"] >= 1
    assert nobody.get(f"/_sandbox/requests/{request_id}").status_code == 200
    with own.client("second-key") as other:
        assert other.post("/_sandbox/records/count", json=asked).json() == {"count": 0}
        assert other.get(f"/_sandbox/requests/{request_id}").status_code == 404
        assert other.get("/_sandbox/requests", params={"since": request_id}).status_code == 400


CALLS = [
    ("GET", "/health"),
    ("GET", "/requests"),
    ("POST", "/reset"),
    ("DELETE", "/requests"),
    ("POST", "/records/count"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
@pytest.mark.parametrize(
    "credential", ["Bearer wrong", "Basic Zmlyc3Qta2V5", "Bearer", "first-key", "Bearer first-key/a b"]
)
def test_a_wrong_key_is_401(nobody: httpx.Client, method: str, path: str, credential: str) -> None:
    reply = nobody.request(method, f"/_sandbox{path}", headers={"Authorization": credential})
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": ""},
    {"Referer": "http://evil.example/page"},
    {"Referer": "http://127.0.0.1.evil.example/"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_foreign_page_is_refused_before_anything_happens(
    client: httpx.Client, nobody: httpx.Client, headers: dict[str, str]
) -> None:
    push(client, purchase())
    for method, path in CALLS:
        assert client.request(method, f"/_sandbox{path}", headers=headers).status_code == 403
        assert nobody.request(method, f"/_sandbox{path}", headers=headers).status_code == 403
    assert len(client.get("/_sandbox/records/purchase").json()["records"]) == 1


def test_a_page_of_the_sandbox_itself_may_call(own: Served, nobody: httpx.Client) -> None:
    headers = {"Origin": own.url, "Referer": f"{own.url}/_sandbox/", "Sec-Fetch-Site": "same-origin"}
    assert nobody.get("/_sandbox/requests", headers=headers).status_code == 200
    assert nobody.get("/_sandbox/health", headers={"Sec-Fetch-Site": "none"}).status_code == 200


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_body_of_another_content_type_is_refused(client: httpx.Client, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    assert client.post("/_sandbox/requests/count", content=b"{}", headers=headers).status_code == 415


def test_a_large_body_is_refused(client: httpx.Client) -> None:
    content = b'{"match": {}, "since": "' + b"x" * 2**20 + b'"}'
    reply = client.post("/_sandbox/requests/count", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code == 413


def test_reading_changes_nothing(own: Served, client: httpx.Client) -> None:
    push(client, purchase())
    for path in ("reset", "requests/wait", "records/find"):
        assert client.get(f"/_sandbox/{path}").status_code in (404, 405)
    assert client.get("/_sandbox/requests").json()["meta"]["total"] == 1


def test_secrets_are_masked_wherever_a_client_puts_them(own: Served, client: httpx.Client) -> None:
    push(client, purchase("first-key"), purchase("second-key"))
    client.get("/v1/nope/second-key?x=first-key")
    asked = {"kind": "purchase", "match": {"user_id": "x"}, "timeout_ms": 0}
    replies = [
        client.get("/_sandbox/requests"),
        client.get("/_sandbox/records/purchase"),
        client.post("/_sandbox/records/wait", json=asked),
        client.get("/_sandbox/records/first-key"),
    ]
    assert [reply.status_code for reply in replies] == [200, 200, 404, 404]
    for reply in replies:
        assert (b"first-key" in reply.content, b"second-key" in reply.content) == (False, False)


def test_what_a_webhook_drops_is_not_in_the_journal_either(client: httpx.Client) -> None:
    client.post("/v1/playfab", json=[EVENT])
    client.post("/v1/playfab", content=b'{"Email": "someone@example.com"', headers={"Content-Type": "application/json"})
    shown = client.get("/_sandbox/requests")
    assert shown.json()["requests"][0]["body"][0]["EventId"] == "e1"
    assert shown.json()["requests"][1]["body"] is None
    assert ("someone@example.com" in shown.text, "private name" in shown.text) == (False, False)


def test_bodies_that_are_hard_to_write_are_shown_all_the_same(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/json"}
    bodies = [b"{not json", b"\xff\xfe", b"[" * 600 + b"]" * 600, b'{"n": 123456789012345678901234567890}', b""]
    for body in bodies:
        client.post("/v1/purchases", content=body, headers=headers)
    shown = [each["body"] for each in client.get("/_sandbox/requests").json()["requests"]]
    assert shown == ["{not json", "\ufffd\ufffd", "[" * 600 + "]" * 600, {"n": 123456789012345678901234567890}, None]


def test_a_control_token_is_asked_for_on_every_call(tmp_path: Path) -> None:
    with serving(tmp_path, "--control-token", "t0ken") as served, served.client() as client:
        for method, path in CALLS:
            assert client.request(method, f"/_sandbox{path}").status_code == 401
            assert (
                client.request(method, f"/_sandbox{path}", headers={"Sandbox-Control-Token": "no"}).status_code == 401
            )
        client.headers["Sandbox-Control-Token"] = "t0ken"
        assert client.get("/_sandbox/health").status_code == 200
        assert client.post("/_sandbox/reset").status_code == 204
        push(client, purchase("t0ken"))
        assert "t0ken" not in client.get("/_sandbox/requests").text


def test_replies_stay_json_if_a_secret_is_part_of_the_notation(tmp_path: Path) -> None:
    with serving(tmp_path, "--api-key", "1") as served, served.client() as client:
        push(client, purchase("x1x", 11))
        assert client.get("/_sandbox/records/purchase").json()["records"][0]["record"]["user_id"] == "x***x"


def worker(own: Served, number: int) -> None:
    """Use a dashboard of its own as a test suite does; fail if anything of another's shows."""
    with own.client(f"second-key/worker-{number}") as client:
        for run in range(25):
            user = f"w{number}-r{run}"
            fault = {"operation": "push_logins", "status": 503, "first": 1}
            assert client.post("/_sandbox/faults", json=fault).status_code == 201
            logins = {"users": [{"user_id": user}]}
            assert client.post("/v1/logins", json=logins).status_code == 503
            push(client, purchase(user))
            waited = client.post("/_sandbox/records/wait", json={"kind": "purchase", "match": {"user_id": user}})
            assert waited.status_code == 200
            records = client.get("/_sandbox/records/purchase").json()["records"]
            assert [each["record"]["user_id"] for each in records] == [user]
            requests = client.get("/_sandbox/requests").json()
            assert ([each["status"] for each in requests["requests"]], requests["meta"]["total"]) == ([503, 201], 2)
            assert client.post("/_sandbox/reset").status_code == 204
            assert client.get("/_sandbox/requests").json()["requests"] == []
            assert client.get("/_sandbox/faults").json()["faults"] == []


def test_parallel_workers_do_not_see_each_other(own: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(worker, own, number) for number in range(8)]:
            done.result(PATIENCE)


def test_curl_can_wait_for_what_another_curl_pushes(own: Served) -> None:
    # As the README has it: nothing but a shell.
    require("curl", present=shutil.which("curl"))
    headers = "-H 'Authorization: Bearer first-key/curl' -H 'Content-Type: application/json'"
    wait = json.dumps({"kind": "level_up", "match": {"level": {"gte": 2}}, "timeout_ms": LONGEST_WAIT})
    pushed = json.dumps({"level_ups": [{"user_id": "1", "level": 2}]})
    script = (
        f"(sleep 0.5; curl -s {headers} -d '{pushed}' {own.url}/v1/level-ups >&2) & "
        f"curl -s {headers} -d '{wait}' {own.url}/_sandbox/records/wait; wait"
    )
    result = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert json.loads(result.stdout)["records"][0]["record"] == {"user_id": "1", "level": 2}


def test_the_document_has_the_routes_that_there_are(nobody: httpx.Client) -> None:
    document = nobody.get("/_sandbox/openapi.json").json()
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    sandbox = Sandbox(Settings(log_format="none"))
    routes = {
        (method, route.path)
        for route in control_routes(sandbox.controls)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert described == routes
