"""The journal: bounded, masked, and by dashboard."""

import asyncio
import tracemalloc
from typing import Any

import pytest

from tests.patience import PATIENCE
from traits_sandbox.control.journal import Journal
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.control.search import RequestSearch
from traits_sandbox.control.since import parse_since
from traits_sandbox.control.uploads import Uploads
from traits_sandbox.control.waiting import wait_for
from traits_sandbox.errors import UsageError, Violation
from traits_sandbox.reporting.masking import Masker

SECRET = "s3cret-key"


def entry(number: int = 1, *, dashboard: str = "default", body: bytes | None = b"{}", **more: Any) -> JournalEntry:
    known: dict[str, Any] = {"path": "/v1/items", "query": "", "headers": [], "received_at": 1600000000.0 + number}
    return JournalEntry(
        request_id=f"r-{number}", method="POST", started=0.0, dashboard=dashboard, body=body, **known | more
    )


def journal(**bounds: Any) -> Journal:
    return Journal(Masker([SECRET]), key_parameters=frozenset({"api_key"}), **bounds)


def ids(held: Journal, dashboard: str | None = None) -> list[str]:
    return [each.request_id for each in held.entries(dashboard)]


def test_the_oldest_entries_are_dropped_and_counted_by_dashboard() -> None:
    held = journal(max_entries=3)
    for number in range(5):
        held.add(entry(number, dashboard="even" if number % 2 == 0 else "odd"))
    assert ids(held) == ["r-2", "r-3", "r-4"]
    assert (held.evicted(), held.evicted("even"), held.evicted("odd"), held.evicted("none")) == (2, 1, 1, 0)


def test_bytes_stay_within_the_limit_whatever_is_read_in_between() -> None:
    held = journal(max_bytes=100_000)
    for number in range(200):
        held.add(entry(number, body=SECRET.encode() * (number * 10)))
        list(held.entries())
        assert 0 < held.size <= 100_000
    held.clear()
    assert held.size == 0


def violations(number: int) -> tuple[Violation, ...]:
    return tuple(Violation("b", "type", "must be a string", f"{n}", f"/a/{n}/b", "a", n) for n in range(number))


@pytest.mark.parametrize("more", [{"body": b"x" * 20_000}, {"body": b""}, {"violations": 100}, {"headers": 30}])
def test_the_counted_bytes_are_the_memory_in_use(more: dict[str, Any]) -> None:
    def made(number: int) -> JournalEntry:
        given = dict(more)
        if "body" in given:
            given["body"] = bytes(bytearray(given["body"]))
        if "violations" in given:
            given["violations"] = violations(given["violations"])
        if "headers" in given:
            given["headers"] = [(f"x-{n}".encode(), f"{n}".encode() * 50) for n in range(given["headers"])]
        return entry(number, **given)

    held = journal(max_bytes=2 * 2**20)
    tracemalloc.start()
    try:
        for number in range(1500):
            held.add(made(number))
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert taken < 3 * 2**20


def test_a_large_body_is_kept_unchanged_and_only_once() -> None:
    held = journal()
    large = [bytes([number]) * 100_000 for number in range(200)]
    tracemalloc.start()
    try:
        for number, body in enumerate(large):
            held.add(entry(number, dashboard="odd" if number % 2 else "even", body=body))
        assert tracemalloc.get_traced_memory()[0] < len(large) * 1000
    finally:
        tracemalloc.stop()
    assert held.size > 200 * 100_000
    held.clear("odd")
    assert [each.body for each in held.entries()] == large[::2]


def test_secrets_are_masked_wherever_they_are() -> None:
    held = journal()
    headers = [
        (b"authorization", b"Bearer the-production-key"),
        (b"cookie", b"a=b"),
        (b"x-note", f"my {SECRET}".encode()),
    ]
    held.add(entry(path=f"/v1/{SECRET}", query="api_key=another&a=1", headers=headers, body=f'["{SECRET}"]'.encode()))
    (shown,) = held.entries()
    assert (shown.path, shown.query, shown.body) == ("/v1/***", "api_key=***&a=1", b'["***"]')
    assert [value for _, value in shown.headers] == [b"Bearer ***", b"***", b"my ***"]


def test_bodies_are_shown_as_far_as_their_operation_lets_them() -> None:
    held = Journal(Masker([SECRET]), conceal=lambda operation, body: None if operation == "hook" else body)
    held.add(entry(1, operation="hook", body=b"e-mail"))
    held.add(entry(2, operation="push", body=b"{}"))
    assert [each.body for each in held.entries()] == [None, b"{}"]


def test_clearing_one_dashboard_leaves_the_others() -> None:
    held = journal()
    for number, dashboard in enumerate("aabb"):
        held.add(entry(number, dashboard=dashboard))
    held.clear("a")
    assert (ids(held), ids(held, "a"), held.find("r-0"), held.size > 0) == (["r-2", "r-3"], [], None, True)


def test_only_its_dashboard_finds_an_entry() -> None:
    held = journal()
    held.add(entry(1, dashboard="a"))
    assert held.find("r-1", "b") is None
    assert held.find("r-1", "a") == held.find("r-1") == next(held.entries())


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("", 4),
        ("r-1", 2),
        ("r-3", 0),
        ("1600000002", 2),
        ("2020-09-13T12:26:42Z", 2),
        ("2020-09-13T12:26:42", 2),
        ("2020-09-13T14:26:42+02:00", 2),
        ("0", 4),
    ],
)
def test_since_is_a_time_or_the_request_before(since: str, expected: int) -> None:
    held = journal()
    for number in range(4):
        held.add(entry(number))
    found = asyncio.run(RequestSearch(held, None, match={}, since=parse_since(since, held, None)).all())
    assert len(found) == expected


@pytest.mark.parametrize("since", ["r-9", "soon", "nan", "inf", "-inf", "2020-13-01"])
def test_since_that_is_neither_is_refused(since: str) -> None:
    with pytest.raises(UsageError, match="neither a time"):
        parse_since(since, journal(), None)


def test_a_dropped_request_still_separates_the_later_ones() -> None:
    held = journal(max_entries=2)
    held.add(entry(1))
    search = RequestSearch(held, None, match={}, since=parse_since("r-1", held, None))
    for number in (2, 3):
        held.add(entry(number))
    assert len(asyncio.run(search.all())) == 2


async def turns() -> None:
    """Let all others do what they can without any time passing."""
    for _ in range(20):
        await asyncio.sleep(0)


def test_waiting_wakes_on_arrival_and_starts_again_after_a_reset() -> None:
    held = journal()

    async def scenario() -> list[str]:
        search = RequestSearch(held, None, match={"path": {"regex": "items"}})
        waiting = asyncio.ensure_future(wait_for(search, held.arrivals, count=2, within=PATIENCE))
        for number in (1, 2):
            await turns()
            held.clear()
            held.add(entry(number))
        await turns()
        assert not waiting.done()
        held.add(entry(3))
        await turns()
        return [each.request_id for each in waiting.result()]

    assert asyncio.run(scenario()) == ["r-2", "r-3"]


def test_a_wait_without_success_ends_at_the_timeout_with_all_matches() -> None:
    held = journal()
    held.add(entry(1))
    search = RequestSearch(held, None, match={})
    assert len(asyncio.run(wait_for(search, held.arrivals, count=2, within=0.05))) == 1
    assert len(asyncio.run(wait_for(search, held.arrivals, count=2, within=0))) == 1


def test_uploads_are_bounded_in_number_and_in_violations() -> None:
    uploads = Uploads(max_uploads=5, max_violations=100)
    for number in range(10):
        uploads.add(entry(number, violations=violations(30), violation_count=500))
    assert [each.id for each in uploads.of()] == ["r-7", "r-8", "r-9"]
    uploads.clear("default")
    assert list(uploads.of()) == []
