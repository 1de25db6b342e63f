"""Bulk loads over the control API: each row once, judged as pushes are, with a ledger and verdicts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.wire.served import Served
from traits_sandbox.control.ledger import Ledger, LedgerEntry
from traits_sandbox.errors import UsageError

BULK = "/_sandbox/bulk"
GOOD = {"user_id": "1001", "item_id": "2002", "count": 1, "price": 12.5}


@pytest.fixture
def client(sandbox: Served, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """Yield a client of an empty dashboard."""
    with sandbox.client(f"{sandbox.key}/{request.node.name[:40].replace('[', '-').replace(']', '')}") as opened:
        opened.post("/_sandbox/reset")
        yield opened


def send(client: httpx.Client, *rows: Any, folder: str = "purchases", **more: Any) -> dict[str, Any]:
    batch = {"key": "purchases/x.ndjson", "etag": "e1", "rows": rows, **more}
    reply = client.post(f"{BULK}/{folder}", json=batch)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


def numbers(answer: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(answer[name] for name in ("became", "offset", "rows", "records", "refused_rows", "complete"))


def users(client: httpx.Client, kind: str = "purchase") -> list[str]:
    return [each["record"]["user_id"] for each in client.get(f"/_sandbox/records/{kind}").json()["records"]]


def rows(*names: str) -> list[dict[str, Any]]:
    return [{**GOOD, "user_id": name} for name in names]


def test_rows_of_a_file_become_records_or_violations(client: httpx.Client) -> None:
    bad, unknown = {**GOOD, "price": -1, "count": "2"}, {**GOOD, "colour": "red"}
    answer = send(client, GOOD, bad, unknown, source="s3://bucket")
    assert numbers(answer) == ("taken", 3, 3, 2, 1, True)
    assert [notice["kind"] for notice in answer["notices"]] == ["format-not-valid"]
    records = client.get("/_sandbox/records/purchase").json()["records"]
    assert [each["record"] for each in records] == [GOOD, unknown]
    upload = client.get(f"/_sandbox/uploads/{records[0]['request_id']}").json()
    assert (upload["kind"], upload["records"], upload["refused_count"]) == ("bulk", 2, 2)
    assert {(each["line"], each["field"], each["rule"]) for each in upload["refused"]} == {
        (2, "price", "exclusiveMinimum"),
        (2, "count", "type"),
    }
    assert upload["unknown_fields"] == ["line 3: colour: unknown field colour"]
    expected = {"source": "s3://bucket", "folder": "purchases", "key": "purchases/x.ndjson", "etag": "e1"}
    assert upload["object"] == {**expected, "rows": 3, "complete": True}
    assert upload["notices"] == answer["notices"]
    assert "1 of 3 rows are refused" in answer["notices"][0]["message"]


def test_users_of_bulk_rows_are_in_personas(client: httpx.Client) -> None:
    send(client, *rows("bulk-user"))
    found = client.post("/v1/segments/default/personas/all/users")
    assert found.json()["data"] == {"ids": ["bulk-user"]}


def test_every_folder_accepts_the_rows_of_its_examples(sandbox: Served, client: httpx.Client) -> None:
    from traits_sandbox.contract.load import load

    for category in load("2020-09").categories:
        examples = [example.value for example in category.examples]
        answer = send(client, *examples, folder=category.folder, key=f"{category.folder}/x.ndjson")
        assert numbers(answer) == ("taken", len(examples), len(examples), len(examples), 0, True)


def test_the_same_batch_again_adds_nothing(client: httpx.Client) -> None:
    for became in ("taken", "known", "known"):
        assert numbers(send(client, *rows("1", "2"), last=False)) == (became, 2, 2, 2, 0, False)
    for became in ("taken", "known"):
        assert numbers(send(client, *rows("3"), offset=2)) == (became, 3, 3, 3, 0, True)
    assert numbers(send(client, *rows("4"), offset=3))[0] == "known"
    assert users(client) == ["1", "2", "3"]


def test_each_row_of_overlapping_batches_is_ingested_once(client: httpx.Client) -> None:
    send(client, *rows("1", "2"), last=False)
    answer = send(client, *rows("2", "3", "4"), offset=1, last=False)
    assert numbers(answer) == ("taken", 4, 4, 4, 0, False)
    assert users(client) == ["1", "2", "3", "4"]


def test_a_batch_that_omits_rows_is_refused(client: httpx.Client) -> None:
    batch = {"key": "purchases/x.ndjson", "etag": "e1", "rows": [GOOD]}
    for offset, expected in ((1, 0), (5, 0)):
        reply = client.post(f"{BULK}/purchases", json={**batch, "offset": offset})
        assert (reply.status_code, reply.json()["offset"]) == (409, expected)
    send(client, *rows("1", "2"), last=False)
    reply = client.post(f"{BULK}/purchases", json={**batch, "offset": 3})
    assert (reply.status_code, reply.json()["offset"]) == (409, 2)
    assert users(client) == ["1", "2"]


def test_parallel_senders_of_one_object_add_each_row_once(client: httpx.Client) -> None:
    def sender(_: int) -> None:
        for offset in range(0, 50, 5):
            names = [str(number) for number in range(offset, offset + 5)]
            client.post(
                f"{BULK}/purchases",
                json={"key": "k", "etag": "e", "offset": offset, "rows": rows(*names), "last": offset == 45},
            )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sender, range(8)))
    assert users(client) == [str(number) for number in range(50)]


def test_lines_number_the_rows_and_may_hold_none(client: httpx.Client) -> None:
    unread = [{"line": 3, "rule": "json", "message": "is not valid JSON"}]
    answer = send(client, GOOD, {"user_id": "2"}, lines=[2, 7], unread=unread)
    assert numbers(answer) == ("taken", 7, 3, 1, 2, True)
    refused = client.get(f"/_sandbox/uploads/{answer['id']}").json()["refused"]
    assert [(each["line"], each["field"]) for each in refused] == [
        (3, "row"),
        (7, "item_id"),
        (7, "count"),
        (7, "price"),
    ]
    assert refused[0]["message"] == "line 3: is not valid JSON"


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": [1]},
        {"lines": [2, 1]},
        {"lines": [1, 1]},
        {"lines": [3, 4], "offset": 3},
        {"lines": [0, 1]},
        {"offset": -1},
        {"key": ""},
        {"key": None},
        {"etag": 1},
        {"rows": {}},
        {"colour": "red"},
        {"rows": [1] * 10_001},
        {"unread": [{"line": 1}]},
    ],
)
def test_a_batch_that_makes_no_sense_is_refused(client: httpx.Client, wrong: dict[str, Any]) -> None:
    reply = client.post(f"{BULK}/purchases", json={"key": "k", "etag": "e", "rows": [GOOD, GOOD], **wrong})
    assert (reply.status_code, reply.json()["code"]) == (400, 400)
    assert client.get(BULK).json() == {"objects": []}


def test_rows_that_are_nothing_a_record_can_be_are_refused_one_by_one(client: httpx.Client) -> None:
    deep: Any = "x"
    for _ in range(300):
        deep = [deep]
    answer = send(client, GOOD, 1, None, "text", [GOOD], {**GOOD, "extra": deep}, {"user_id": deep})
    assert numbers(answer) == ("taken", 7, 7, 1, 6, True)
    refused = client.get(f"/_sandbox/uploads/{answer['id']}").json()["refused"]
    found = [(each["line"], each["rule"]) for each in refused]
    assert found == [(2, "type"), (3, "type"), (4, "type"), (5, "type"), (6, "depth"), (7, "depth")]


def test_verdicts_of_a_bad_file_are_bounded_and_all_are_counted(client: httpx.Client) -> None:
    for offset in (0, 800):
        answer = send(client, *[{**GOOD, "price": -1}] * 800, offset=offset, last=offset > 0)
    upload = client.get(f"/_sandbox/uploads/{answer['id']}").json()
    assert (len(upload["refused"]), upload["refused_count"]) == (1000, 1600)
    assert numbers(answer) == ("taken", 1600, 1600, 0, 1600, True)


def test_an_unknown_folder_is_404(client: httpx.Client) -> None:
    reply = client.post(f"{BULK}/nope", json={"key": "k", "etag": "e"})
    assert (reply.status_code, "purchases" in reply.json()["message"]) == (404, True)


def test_a_body_of_two_mebibytes_is_the_largest(client: httpx.Client) -> None:
    for size, status in ((2**20 + 1000, 200), (2**21, 413)):
        batch = {"key": f"k{size}", "etag": "e", "rows": [{**GOOD, "item_id": "x" * size}]}
        assert client.post(f"{BULK}/purchases", json=batch).status_code == status


def test_an_overwritten_key_is_a_notice_and_is_not_ingested_again(client: httpx.Client) -> None:
    answer = send(client, *rows("1"))
    for etag in ("e2", "e2", "e3"):
        again = send(client, *rows("2"), etag=etag)
        assert (again["became"], again["id"], again["records"]) == ("overwritten", answer["id"], 1)
        assert [notice["kind"] for notice in again["notices"]] == ["overwritten"]
        (known,) = client.get(BULK).json()["objects"]
        assert (known["etag"], known["overwritten"]) == ("e1", etag)
    assert users(client) == ["1"]
    (upload,) = client.get("/_sandbox/uploads").json()["uploads"]
    assert [notice["kind"] for notice in upload["notices"]] == ["overwritten"]


def test_an_object_that_changes_before_any_row_is_ingested_starts_over(client: httpx.Client) -> None:
    send(client, last=False)
    assert numbers(send(client, *rows("1"), etag="e2")) == ("taken", 1, 1, 1, 0, True)
    (known,) = client.get(BULK).json()["objects"]
    assert (known["etag"], known["overwritten"]) == ("e2", "")


def test_a_file_that_ends_too_soon_is_not_valid(client: httpx.Client) -> None:
    answer = send(client, GOOD, error="it ends in the middle of its gzip data")
    (notice,) = answer["notices"]
    assert notice["kind"] == "format-not-valid"
    assert "it ends in the middle of its gzip data" in notice["message"]
    (known,) = client.get(BULK).json()["objects"]
    assert known["error"] == "it ends in the middle of its gzip data"


def test_a_storage_that_cannot_be_connected_to_is_kept_as_a_notice(client: httpx.Client) -> None:
    outage = {"source": "s3://bucket", "message": "cannot connect to the storage: no such bucket"}
    reply = client.post(BULK, json=outage)
    assert reply.status_code == 201
    (upload,) = client.get("/_sandbox/uploads").json()["uploads"]
    assert upload == reply.json()
    assert upload["notices"] == [{"kind": "cannot-connect", "message": outage["message"]}]
    assert (upload["object"]["source"], upload["object"]["key"]) == ("s3://bucket", "")


def test_the_ledger_lists_the_ingested_objects(client: httpx.Client) -> None:
    send(client, *rows("1"), last=False, source="s3://a")
    send(client, *rows("1"), source="s3://b", etag="e7")
    first, second = client.get(BULK).json()["objects"]
    assert (first["source"], first["complete"], first["offset"]) == ("s3://a", False, 1)
    assert (second["source"], second["etag"], second["complete"]) == ("s3://b", "e7", True)
    assert second["time"].endswith("+00:00")
    assert users(client) == ["1", "1"]


def test_an_unchanged_ledger_need_not_be_fetched_again(client: httpx.Client) -> None:
    send(client, GOOD)
    version = client.get(BULK).headers["etag"]
    unchanged = client.get(BULK, headers={"If-None-Match": version})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", version)
    for change in (lambda: send(client, GOOD, etag="e2"), lambda: client.post("/_sandbox/reset")):
        change()
        reply = client.get(BULK, headers={"If-None-Match": version})
        assert (reply.status_code, reply.headers["etag"] != version) == (200, True)
        version = reply.headers["etag"]


def test_each_key_has_a_separate_ledger_and_no_key_means_the_default(sandbox: Served, client: httpx.Client) -> None:
    send(client, *rows("1"))
    with sandbox.client() as default, sandbox.stranger() as nobody:
        default.post("/_sandbox/reset")
        assert numbers(send(nobody, *rows("2")))[0] == "taken"
        assert users(default) == ["2"]
        assert len(nobody.get(BULK).json()["objects"]) >= 2
        assert [each["dashboard"] for each in default.get(BULK).json()["objects"]] == ["default"]
    assert users(client) == ["1"]


def test_reset_forgets_the_ledger_with_the_records(client: httpx.Client) -> None:
    send(client, *rows("1"))
    client.post("/_sandbox/reset")
    assert client.get(BULK).json() == {"objects": []}
    assert client.get("/_sandbox/uploads").json() == {"uploads": []}
    assert numbers(send(client, *rows("1")))[0] == "taken"
    assert users(client) == ["1"]


def load(key: str, dashboard: str = "default") -> LedgerEntry:
    return LedgerEntry("1", dashboard, "s3://bucket", "logins", key, "etag", 0.0)


def test_a_full_ledger_takes_no_more_until_it_is_cleared() -> None:
    ledger = Ledger(max_bytes=2000)
    ledger.begin(load("a"))
    ledger.begin(load("b", "other"))
    ledger.begin(load("a"))
    with pytest.raises(UsageError, match="no room"):
        ledger.begin(load("c" * 1000))
    ledger.clear("other")
    assert [each.key for each in ledger.of()] == ["a"]
    ledger.begin(load("d"))
    ledger.clear()
    assert list(ledger.of()) == []
