"""The store in memory when it is full."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.blocking import BlockingStore, Row, batch
from tests.tiers import part
from traits_sandbox.store.memory import MemoryStore

LIMIT = 20_000
Small = Callable[[int], BlockingStore]


@pytest.fixture
def small() -> Iterator[Small]:
    with asyncio.Runner() as runner:
        yield lambda limit: BlockingStore(MemoryStore(max_bytes=limit), runner)


def login(number: int) -> Row:
    return {"user_id": f"u{number}", "level": number, "device": "x" * 1000}


def test_the_oldest_records_are_evicted_and_counted(small: Small) -> None:
    store = small(LIMIT)
    for number in range(100):
        store.put("login", login(number))
    status, kept = store.status(), [row["level"] for row in store.records("login")]
    assert kept == list(range(100 - len(kept), 100))
    assert (status.records, status.evicted) == (len(kept), 100 - len(kept))
    assert store.users() == {f"u{number}" for number in kept}


def test_bytes_stay_within_the_limit(small: Small) -> None:
    store = small(LIMIT)
    for number in range(100):
        store.put("login", login(number), login(number + 1))
        assert 0 < store.status().bytes <= LIMIT


def test_the_newest_batch_is_kept_even_if_it_is_larger_than_the_limit(small: Small) -> None:
    store = small(10)
    store.put("login", login(1))
    store.put("login", login(2), login(3))
    assert [row["level"] for row in store.records("login")] == [2, 3]


def test_newer_records_of_a_user_are_kept_longer(small: Small) -> None:
    store = small(5_000)
    for number in range(10):
        store.put("login", {**login(number), "user_id": "u"})
    kept = store.records("login", user="u")
    assert (0 < len(kept) < 10, kept) == (True, store.records("login"))
    assert store.latest("login", "u") == kept[-1]


def test_records_of_all_dashboards_and_kinds_are_evicted(small: Small) -> None:
    store = small(LIMIT)
    store.put("login", login(0), dashboard="two")
    store.put("item", {"item_id": "axe"})
    for number in range(30):
        store.put("login", login(number))
    assert (store.users("two"), store.records("item"), store.known_keys("item", ["axe"])) == (set(), [], set())


def test_a_replaced_record_is_kept_longer_than_its_first_version(small: Small) -> None:
    store = small(LIMIT)
    store.put("item", {"item_id": "axe"}, {"item_id": "bow"})
    for number in range(12):
        store.put("login", login(number))
    store.put("item", {"item_id": "axe", "price": 2})
    for number in range(8):
        store.put("login", login(number))
    assert store.records("item") == [{"item_id": "axe", "price": 2}]
    assert store.known_keys("item", ["axe", "bow"]) == {"axe"}


def test_deletion_frees_its_bytes(small: Small) -> None:
    store = small(10**6)
    store.put("login", login(2))
    before = store.status().bytes
    store.put("login", login(1))
    store.delete("u1")
    assert store.status().bytes < before + 1000


def test_deleted_records_are_not_counted_as_evicted(small: Small) -> None:
    store = small(LIMIT)
    store.put("login", login(1), login(2))
    store.delete("u1")
    for number in range(10, 40):
        store.put("login", login(number))
    status = store.status()
    assert status.evicted + status.records == 31


def test_a_batch_without_a_deleted_mention_can_be_evicted(small: Small) -> None:
    store = small(LIMIT)
    store.put("friends", {"user_id": "u1", "target_user_id": "u2"})
    store.delete("u2")
    for number in range(10, 40):
        store.put("login", login(number))
    assert (store.records("friends", user="u1"), "u1" in store.users()) == ([], False)


def test_a_batch_can_be_evicted_while_a_deletion_changes_others(small: Small) -> None:
    store = small(LIMIT)
    for _ in range(15):
        store.put("login", login(1))

    async def both() -> int:
        deletion = asyncio.ensure_future(store.wrapped.delete_user("one", "u1"))
        await asyncio.sleep(0)
        for number in range(20, 40):
            await store.wrapped.append("one", [batch("login", login(number))])
        return await deletion

    assert 0 < store.runner.run(both()) <= 15
    assert "u1" not in store.users()
    assert store.status().records == len(store.records("login"))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["login", "login", "friends", "delete", "clear"]),
        st.sampled_from(["one", "two"]),
        st.sampled_from([f"u{number}" for number in range(0, 50, 5)]),
        st.integers(1, 3),
    ),
    min_size=10,
    max_size=60,
)


@pytest.mark.parametrize("examples", [25, pytest.param(100, marks=part("hostile"))])
def test_users_are_always_those_of_the_remaining_records(examples: int) -> None:
    settings(max_examples=examples)(given(steps=STEPS)(check_users_after))()


def check_users_after(steps: list[tuple[str, str, str, int]]) -> None:
    with asyncio.Runner() as runner:
        store = BlockingStore(MemoryStore(max_bytes=LIMIT), runner)
        for number in range(50):
            store.put("login", {"user_id": f"u{number}"}, dashboard="two" if number % 3 else "one")
        for step, dashboard, user, many in steps:
            match step:
                case "login":
                    store.put("login", *[{"user_id": user, "n": number} for number in range(many)], dashboard=dashboard)
                case "friends":
                    store.put("friends", {"user_id": user, "target_user_id": f"u{many}"}, dashboard=dashboard)
                case "delete":
                    store.delete(user, dashboard)
                case "clear":
                    store.clear(dashboard)
            for each in ("one", "two"):
                assert_alike(store, each)


def assert_alike(store: BlockingStore, dashboard: str) -> None:
    kept = {kind: store.records(kind, dashboard=dashboard) for kind in ("login", "friends")}
    users = {row["user_id"] for rows in kept.values() for row in rows}
    assert store.users(dashboard) == users
    for kind, rows in kept.items():
        for user in users | {"u0"}:
            assert store.records(kind, user=user, dashboard=dashboard) == [r for r in rows if r["user_id"] == user]


def test_evictions_are_reported_after_each_tenfold_increase() -> None:
    reported: list[int] = []
    with asyncio.Runner() as runner:
        store = BlockingStore(MemoryStore(max_bytes=LIMIT, on_evict=reported.append), runner)
        for number in range(200):
            store.put("login", login(number))
    assert reported == sorted(reported)
    assert 1 < len(reported) < 5


def test_cleared_records_use_no_memory(small: Small) -> None:
    store = small(LIMIT)
    for number in range(50):
        store.put("login", login(number), dashboard="two" if number % 2 else "one")
        if number % 7 == 0:
            store.clear("two")
    assert store.status().bytes <= LIMIT
    store.clear()
    assert (store.status().records, store.status().bytes) == (0, 0)


def test_each_append_is_announced() -> None:
    reported: list[int] = []
    with asyncio.Runner() as runner:
        store = BlockingStore(MemoryStore(max_bytes=LIMIT, on_append=lambda: reported.append(1)), runner)
        store.put("login", login(1), login(2))
        store.append(batch("login", login(3)), batch("login", login(4)))
    assert len(reported) == 2
