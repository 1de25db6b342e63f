"""Faults as a client meets them: bytes, pauses and ends of a real socket."""

import asyncio
import json
import select
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.patience import PATIENCE, eventually
from tests.wire.served import Served, ended, serving

PATH = "/v1/level-ups"
USERS = "/v1/segments/default/personas/all/users"
HOUR = 3600
STORED = b'{"code":201,"message":"1 level-ups have been successfully ingested","data":null}'


@dataclass(frozen=True, slots=True)
class Seen:
    """What came over a socket: `end` is `closed`, `reset`, or `open` where the server would go on.

    `seconds` counts from before the request was sent.
    """

    head: str
    body: bytes
    end: str
    seconds: float

    @property
    def status(self) -> int:
        return int(self.head.split(" ", 2)[1]) if self.head else 0

    def header(self, name: str) -> str:
        lines = (line.partition(":") for line in self.head.split("\r\n")[1:])
        return next((value.strip() for key, _, value in lines if key == name), "")


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard of its own on a shared sandbox, as a raw socket and its control API see it."""

    sandbox: Served
    name: str

    @property
    def key(self) -> str:
        return f"{self.sandbox.key}/{self.name}"

    def plan(self, **fault: Any) -> str:
        """Plan a fault for this dashboard and return its id."""
        with self.sandbox.client(self.key) as client:
            reply = client.post("/_sandbox/faults", json=fault)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def push(self, user: str = "1", *, fault: str = "") -> Seen:
        """Push one record on a connection of its own and return all that comes back."""
        with connection(self.sandbox) as wire:
            started = time.monotonic()
            wire.sendall(self.request(user, fault=fault))
            return read(wire, started)

    def request(self, user: str = "1", *, fault: str = "") -> bytes:
        body = json.dumps({"level_ups": [{"user_id": user, "level": 1}]}).encode()
        asked = f"Sandbox-Fault: {fault}\r\n" if fault else ""
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n{asked}"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def request_of_users(self) -> bytes:
        head = f"POST {USERS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
        return head.encode() + b"Content-Length: 0\r\n\r\n"

    def hits(self, planned: str) -> int:
        """Return how many requests a fault has met so far."""
        with self.sandbox.client(self.key) as client:
            return int(client.get(f"/_sandbox/faults/{planned}").json()["hits"])

    def take_back(self, planned: str) -> None:
        with self.sandbox.client(self.key) as client:
            assert client.delete(f"/_sandbox/faults/{planned}").status_code == 204

    def users(self) -> list[str]:
        with self.sandbox.client(self.key) as client:
            reply = client.post(USERS, headers={"Sandbox-Fault": "delay=0"})
        return sorted(reply.json()["data"]["ids"])


def connection(sandbox: Served) -> socket.socket:
    url = httpx.URL(sandbox.url)
    return socket.create_connection((url.host, url.port or 0))


def read(wire: socket.socket, started: float = 0.0, enough: Callable[[bytes], bool] | None = None) -> Seen:
    """Read until the answer is whole, or as much as is `enough`, or the connection ends."""
    wire.settimeout(PATIENCE)
    received, end = b"", "open"
    while not (enough or _whole)(received):
        try:
            chunk = wire.recv(65536)
        except ConnectionResetError:
            end = "reset"
            break
        received += chunk
        if not chunk:
            end = "closed"
            break
    head, _, body = received.partition(b"\r\n\r\n")
    return Seen(head.decode(), body, end, time.monotonic() - started)


def silent(wire: socket.socket) -> bool:
    """Tell whether nothing has come so far."""
    return not select.select([wire], [], [], 0)[0]


def _begun(received: bytes) -> bool:
    """Tell whether some of a body is there."""
    return received.partition(b"\r\n\r\n")[2] != b""


def _whole(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.split(b"\r\n") if line.startswith(b"content-length")]
    return bool(lengths) and len(body) >= int(lengths[0])


def end_of(wire: socket.socket) -> str:
    """Return how a connection ends that has nothing more to say."""
    wire.settimeout(PATIENCE)
    try:
        return "closed" if wire.recv(1) == b"" else "more"
    except ConnectionResetError:
        return "reset"


def records(sandbox: Served) -> int:
    with sandbox.client() as client:
        return int(client.get("/_sandbox/health").json()["records"])


@pytest.fixture
def dashboard(sandbox: Served) -> Dashboard:
    return Dashboard(sandbox, f"d{uuid4().hex[:12]}")


def test_a_status_fault_sends_the_documented_envelope(dashboard: Dashboard) -> None:
    dashboard.plan(operation="push_level_ups", status=500, first=2)
    answers = [dashboard.push() for _ in range(3)]
    assert [answer.status for answer in answers] == [500, 500, 201]
    assert json.loads(answers[0].body) == {"code": 500, "message": "internal server error"}
    assert answers[0].header("content-type") == "application/json; charset=utf-8"


def test_a_status_can_bring_a_body_and_retry_after(dashboard: Dashboard) -> None:
    page = "<html>bad gateway</html>"
    dashboard.plan(status=502, body=page, content_type="text/html", retry_after=7, first=1)
    dashboard.plan(status=520, body={"error": ["any"]})
    gateway, other = dashboard.push(), dashboard.push()
    assert (gateway.status, gateway.body, gateway.header("content-type")) == (502, page.encode(), "text/html")
    assert gateway.header("retry-after") == "7"
    assert (other.status, json.loads(other.body), other.header("retry-after")) == (520, {"error": ["any"]}, "")
    assert dashboard.users() == []


@pytest.mark.parametrize("status", [204, 304, 404, 401, 418, 451, 520, 599])
def test_every_status_can_be_sent(dashboard: Dashboard, status: int) -> None:
    assert dashboard.push(fault=f"status={status}").status == status


def test_a_delayed_push_is_stored_at_once_and_answered_after_the_delay(dashboard: Dashboard) -> None:
    planned = dashboard.plan(operation="push_level_ups", delay=HOUR)
    with connection(dashboard.sandbox) as wire:
        wire.sendall(dashboard.request())
        eventually(lambda: dashboard.users() == ["1"])
        assert silent(wire)
    dashboard.take_back(planned)
    dashboard.plan(operation="push_level_ups", delay=0.3)
    seen = dashboard.push()
    assert (seen.status, seen.body) == (201, STORED)
    assert seen.seconds >= 0.3


def test_a_delay_can_have_a_distribution(dashboard: Dashboard) -> None:
    dashboard.plan(delay={"distribution": "uniform", "low": 0.2, "high": 0.3})
    seen = dashboard.push()
    assert (seen.status, seen.body) == (201, STORED)
    assert seen.seconds >= 0.2


def test_a_reset_before_the_reply_stores_nothing(dashboard: Dashboard) -> None:
    dashboard.plan(operation="push_level_ups", reset="before")
    seen = dashboard.push()
    assert (seen.head, seen.body, seen.end) == ("", b"", "reset")
    assert dashboard.users() == []


def test_a_reset_during_the_reply_leaves_a_part_of_it(dashboard: Dashboard) -> None:
    dashboard.plan(reset="during")
    seen = dashboard.push()
    assert (seen.status, seen.body, seen.end) == (201, STORED[: len(STORED) // 2], "reset")
    assert int(seen.header("content-length")) == len(STORED)
    assert dashboard.users() == ["1"]


def test_a_reset_after_the_reply_leaves_all_of_it(dashboard: Dashboard) -> None:
    dashboard.plan(reset="after")
    with connection(dashboard.sandbox) as wire:
        wire.sendall(dashboard.request())
        seen = read(wire)
        assert (seen.status, seen.body) == (201, STORED)
        assert end_of(wire) == "reset"


@pytest.mark.parametrize(("truncate", "kept"), [(10, 10), (0.25, 20), (0, 0), (10_000, len(STORED) - 1)])
def test_a_truncated_body_ends_before_its_length(dashboard: Dashboard, truncate: float, kept: int) -> None:
    dashboard.plan(truncate=truncate)
    seen = dashboard.push()
    assert (seen.status, seen.body, seen.end) == (201, STORED[:kept], "closed")
    assert int(seen.header("content-length")) == len(STORED)


def test_a_slow_body_arrives_in_pieces(dashboard: Dashboard) -> None:
    planned = dashboard.plan(slow=100)
    seen = dashboard.push()
    assert (seen.status, seen.body, seen.end) == (201, STORED, "open")
    assert seen.seconds > 0.5
    dashboard.take_back(planned)
    dashboard.plan(slow=1)
    with connection(dashboard.sandbox) as wire:
        wire.sendall(dashboard.request())
        begun = read(wire, enough=_begun)
    assert (begun.status, begun.body, begun.end) == (201, STORED[: len(begun.body)], "open")
    assert 0 < len(begun.body) < len(STORED)


def test_a_quota_answers_429_until_its_window_ends(dashboard: Dashboard) -> None:
    planned = dashboard.plan(quota={"limit": 2, "window": HOUR})
    answers = [dashboard.push() for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 429, 429]
    assert 0 < int(answers[2].header("retry-after")) <= HOUR
    dashboard.take_back(planned)
    dashboard.plan(quota={"limit": 1, "window": 0.5})
    for _ in range(2):  # one window has room for one of them alone
        eventually(lambda: dashboard.push().status == 201)


def test_a_lost_answer_leaves_the_record_and_a_retry_stores_it_twice(dashboard: Dashboard) -> None:
    dashboard.plan(lost=True, first=1)
    before = records(dashboard.sandbox)
    lost = dashboard.push()
    assert (lost.head, lost.end) == ("", "reset")
    assert dashboard.users() == ["1"]
    assert dashboard.push().status == 201
    assert records(dashboard.sandbox) == before + 2


def test_a_fault_for_a_matching_record_spares_the_others(dashboard: Dashboard) -> None:
    dashboard.plan(status=503, match={"user_id": "7"})
    assert [dashboard.push(user).status for user in ("6", "7", "8")] == [201, 503, 201]


def test_the_connection_stays_open_after_a_wrong_response(dashboard: Dashboard) -> None:
    with connection(dashboard.sandbox) as wire:
        for fault, status in (("status=503", 503), ("slow=1000", 201), ("delay=0.01", 201), ("", 201)):
            wire.sendall(dashboard.request(fault=fault))
            assert read(wire).status == status


def test_a_fault_header_applies_only_to_its_request(dashboard: Dashboard) -> None:
    assert dashboard.push(fault="status=503; retry-after=2").header("retry-after") == "2"
    assert dashboard.push(fault="lost").end == "reset"
    assert dashboard.push(fault="reset=before").end == "reset"
    assert dashboard.push(fault="truncate=5").body == STORED[:5]
    assert dashboard.push(fault="preset=outage").status == 503
    assert dashboard.push(fault="preset=rate-limited").status == 429
    assert dashboard.push().status == 201


def test_a_header_that_cannot_be_read_is_a_bad_request_with_a_hint(dashboard: Dashboard) -> None:
    seen = dashboard.push(fault="stat=500")
    assert seen.status == 400
    assert json.loads(seen.body)["errors"] == {
        "Sandbox-Fault": "Sandbox-Fault cannot be read: stat is unknown: did you mean status?"
    }
    assert seen.header("sandbox-hint").startswith("write Sandbox-Fault as status=503")
    assert dashboard.users() == []


def test_presets_are_seen_on_the_wire(dashboard: Dashboard) -> None:
    dashboard.plan(preset="outage", ttl=HOUR)
    outage = dashboard.push()
    assert (outage.status, outage.header("retry-after")) == (503, "30")
    with dashboard.sandbox.client(dashboard.key) as client:
        assert client.delete("/_sandbox/faults").status_code == 200
    dashboard.plan(preset="rate-limited", quota={"limit": 10, "window": HOUR})
    assert [dashboard.push().status for _ in range(12)] == [201] * 10 + [429] * 2
    assert dashboard.push(fault="preset=slow").seconds > 0.2


def test_a_fault_lives_no_longer_than_its_ttl(dashboard: Dashboard) -> None:
    dashboard.plan(status=500, ttl=HOUR, first=1)
    dashboard.plan(status=503, ttl=0.5)
    assert dashboard.push().status == 500
    eventually(lambda: dashboard.push().status == 201)


def test_the_control_api_counts_shows_and_takes_back(dashboard: Dashboard) -> None:
    planned = dashboard.plan(operation="push_level_ups", status=500, every=2)
    for _ in range(5):
        dashboard.push()
    with dashboard.sandbox.client(dashboard.key) as client:
        shown = client.get(f"/_sandbox/faults/{planned}").json()
        assert (shown["calls"], shown["hits"], shown["dashboard"]) == (5, 2, dashboard.name)
        assert shown["fault"] == {"operation": "push_level_ups", "status": 500, "every": 2}
        assert [each["id"] for each in client.get("/_sandbox/faults").json()["faults"]] == [planned]
        assert client.delete(f"/_sandbox/faults/{planned}").status_code == 204
        assert client.delete(f"/_sandbox/faults/{planned}").status_code == 404
        assert client.get(f"/_sandbox/faults/{planned}").status_code == 404
    assert dashboard.push().status == 201


def test_two_dashboards_do_not_see_each_others_faults(dashboard: Dashboard) -> None:
    other = Dashboard(dashboard.sandbox, f"{dashboard.name}-other")
    planned = dashboard.plan(status=500)
    assert (dashboard.push().status, other.push().status) == (500, 201)
    with dashboard.sandbox.client(other.key) as client:
        assert client.get("/_sandbox/faults").json()["faults"] == []
        assert client.delete(f"/_sandbox/faults/{planned}").status_code == 404
        assert client.delete("/_sandbox/faults").status_code == 200
    assert dashboard.push().status == 500


def test_without_a_key_a_fault_meets_every_dashboard_and_no_dashboard_can_take_it_back(
    dashboard: Dashboard, stranger: httpx.Client
) -> None:
    other = Dashboard(dashboard.sandbox, f"{dashboard.name}-other")
    user = dashboard.name
    faults = "/_sandbox/faults"
    planned = stranger.post(faults, json={"status": 503, "match": {"user_id": user}, "first": 1}).json()
    assert planned["dashboard"] is None
    assert [each.push(user).status for each in (dashboard, other, dashboard, other)] == [503, 503, 201, 201]
    with dashboard.sandbox.client(dashboard.key) as client:
        assert client.delete(f"/_sandbox/faults/{planned['id']}").status_code == 404
    assert stranger.get(f"{faults}/{planned['id']}").json()["hits"] == 2
    assert stranger.delete(f"{faults}/{planned['id']}").status_code == 204


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_wrong_key_plans_and_sees_nothing(sandbox: Served, method: str) -> None:
    with sandbox.client("wrong") as client:
        reply = client.request(method, "/_sandbox/faults", json={"status": 500})
    assert reply.status_code == 401


def test_the_journal_shows_the_fault_of_an_exchange(dashboard: Dashboard) -> None:
    planned = dashboard.plan(operation="push_level_ups", lost=True, first=1)
    dashboard.push()
    dashboard.push(fault="truncate=5")
    dashboard.push()
    with dashboard.sandbox.client(dashboard.key) as client:
        requests = client.get("/_sandbox/requests").json()["requests"]
    assert sorted((each["fault"], each["status"], each["records"]) for each in requests) == [
        ("", 201, 1),
        (planned, 0, 1),
        ("header", 201, 1),
    ]


@pytest.mark.parametrize(
    ("content", "errors"),
    [
        (b'{"stats": 500}', {"stats": "stats is unknown: did you mean status?"}),
        (b'{"status": 500, "operation": "nope"}', {"operation": "operation must be the id of an operation"}),
        (b"[]", {"fault": 'fault must be an object such as {"operation": "push_actions", "status": 500}'}),
    ],
)
def test_a_plan_that_is_none_is_refused_field_by_field(
    dashboard: Dashboard, content: bytes, errors: dict[str, str]
) -> None:
    with dashboard.sandbox.client(dashboard.key) as client:
        reply = client.post("/_sandbox/faults", content=content, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["errors"]) == (400, errors)


def test_faults_apply_over_https_too(secure_sandbox: Served) -> None:
    with secure_sandbox.client() as client:
        body = {"level_ups": [{"user_id": "1", "level": 1}]}
        for fault in ("reset=before", "reset=during", "lost"):
            with pytest.raises(httpx.TransportError):
                client.post(PATH, json=body, headers={"Sandbox-Fault": fault})
        assert client.post(PATH, json=body, headers={"Sandbox-Fault": "reset=after"}).content == STORED
    # On another connection: the client may not know yet that its own was reset after the reply.
    with secure_sandbox.client() as client:
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(PATH, json=body, headers={"Sandbox-Fault": "truncate=9"})
        assert client.post(PATH, json=body).status_code == 201


def test_the_same_seed_gives_the_same_outcomes_in_two_processes(tmp_path: Path) -> None:
    outcomes = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        with serving(tmp_path / run, "--seed", "7") as sandbox:
            dashboard = Dashboard(sandbox, run)
            dashboard.plan(preset="flaky", probability=0.4)
            seen = [dashboard.push(str(number)) for number in range(40)]
            outcomes.append([(each.status, each.end) for each in seen])
    assert outcomes[0] == outcomes[1]
    assert set(outcomes[0]) == {(201, "open"), (500, "open"), (0, "reset")}


@pytest.mark.parametrize(
    "fault",
    [{"delay": HOUR}, {"slow": 1}, {"delay": HOUR, "reset": "before"}],
    ids=["delay", "slow", "delay and reset"],
)
def test_neither_a_client_that_leaves_nor_a_shutdown_waits_for_a_fault(tmp_path: Path, fault: dict[str, Any]) -> None:
    # The answer that comes so slowly has a byte for each of many users, and takes an hour too.
    with serving(tmp_path, "--grace", str(HOUR)) as sandbox:
        dashboard = Dashboard(sandbox, "left")
        with sandbox.client(dashboard.key) as client:
            for start in range(0, HOUR, 1000):
                many = [{"user_id": str(user), "level": 1} for user in range(start, min(start + 1000, HOUR))]
                assert client.post(PATH, json={"level_ups": many}).status_code == 201
        planned = dashboard.plan(operation="get_persona_user_ids", **fault)
        for number in range(1, 4):
            with connection(sandbox) as wire:
                wire.sendall(dashboard.request_of_users())
                eventually(lambda number=number: dashboard.hits(planned) == number)  # type: ignore[misc]
        eventually(lambda: sandbox.log.count(USERS) == 3)
        with connection(sandbox) as waiting:
            waiting.sendall(dashboard.request_of_users())
            eventually(lambda: dashboard.hits(planned) == 4)
            sandbox.process.terminate()
            assert ended(sandbox.process) == 0
            assert read(waiting).status in (200, 0)
    assert "Traceback" not in sandbox.log
    assert "  500  " not in sandbox.log


def test_a_reset_among_pipelined_requests_ends_them_all_quietly(dashboard: Dashboard) -> None:
    with connection(dashboard.sandbox) as wire:
        wire.sendall(dashboard.request("1", fault="delay=0.1; reset=before") + dashboard.request("2") * 3)
        assert read(wire).end == "reset"
    # What the requests behind it leave in the log is there before the line of a later one.
    with dashboard.sandbox.client(dashboard.key) as client:
        later = client.post(PATH, json={"level_ups": [{"user_id": "1", "level": 1}]})
    assert later.status_code == 201
    assert dashboard.sandbox.log_of(later)
    assert "Traceback" not in dashboard.sandbox.log


def test_faults_have_their_place_without_a_server_too() -> None:
    from traits_sandbox.sandbox import Sandbox
    from traits_sandbox.settings import Settings

    async def pushed(fault: str) -> httpx.Response:
        transport = httpx.ASGITransport(Sandbox(Settings(log_format="none")).app)
        headers = {"Authorization": "Bearer sandbox-key", "Sandbox-Fault": fault}
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
            return await client.post(PATH, json={"level_ups": [{"user_id": "1", "level": 1}]})

    assert asyncio.run(pushed("status=503; delay=0.01")).status_code == 503
    with pytest.raises(ConnectionResetError):
        asyncio.run(pushed("lost"))
