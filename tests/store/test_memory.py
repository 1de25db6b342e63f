"""The store in memory when it is full."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.shelf import Row, Shelf, batch
from tests.tiers import part
from traits_sandbox.store.memory import MemoryStore

LIMIT = 20_000
Small = Callable[[int], Shelf]


@pytest.fixture
def small() -> Iterator[Small]:
    with asyncio.Runner() as runner:
        yield lambda limit: Shelf(MemoryStore(max_bytes=limit), runner)


def login(number: int) -> Row:
    return {"user_id": f"u{number}", "level": number, "device": "x" * 1000}


def test_the_oldest_records_are_evicted_and_counted(small: Small) -> None:
    held = small(LIMIT)
    for number in range(100):
        held.put("login", login(number))
    status, kept = held.status(), [row["level"] for row in held.records("login")]
    assert kept == list(range(100 - len(kept), 100))
    assert (status.records, status.evicted) == (len(kept), 100 - len(kept))
    assert held.users() == {f"u{number}" for number in kept}


def test_bytes_stay_within_the_limit(small: Small) -> None:
    held = small(LIMIT)
    for number in range(100):
        held.put("login", login(number), login(number + 1))
        assert 0 < held.status().bytes <= LIMIT


def test_the_newest_batch_is_kept_even_if_it_is_larger_than_the_limit(small: Small) -> None:
    held = small(10)
    held.put("login", login(1))
    held.put("login", login(2), login(3))
    assert [row["level"] for row in held.records("login")] == [2, 3]


def test_newer_records_of_a_user_are_kept_longer(small: Small) -> None:
    held = small(5_000)
    for number in range(10):
        held.put("login", {**login(number), "user_id": "u"})
    kept = held.records("login", user="u")
    assert (0 < len(kept) < 10, kept) == (True, held.records("login"))
    assert held.latest("login", "u") == kept[-1]


def test_records_of_all_dashboards_and_kinds_are_evicted(small: Small) -> None:
    held = small(LIMIT)
    held.put("login", login(0), dashboard="two")
    held.put("item", {"item_id": "axe"})
    for number in range(30):
        held.put("login", login(number))
    assert (held.users("two"), held.records("item"), held.known_keys("item", ["axe"])) == (set(), [], set())


def test_a_replaced_record_is_kept_longer_than_its_first_version(small: Small) -> None:
    held = small(LIMIT)
    held.put("item", {"item_id": "axe"}, {"item_id": "bow"})
    for number in range(12):
        held.put("login", login(number))
    held.put("item", {"item_id": "axe", "price": 2})
    for number in range(8):
        held.put("login", login(number))
    assert held.records("item") == [{"item_id": "axe", "price": 2}]
    assert held.known_keys("item", ["axe", "bow"]) == {"axe"}


def test_deletion_frees_its_bytes(small: Small) -> None:
    held = small(10**6)
    held.put("login", login(2))
    before = held.status().bytes
    held.put("login", login(1))
    held.delete("u1")
    assert held.status().bytes < before + 1000


def test_deleted_records_are_not_counted_as_evicted(small: Small) -> None:
    held = small(LIMIT)
    held.put("login", login(1), login(2))
    held.delete("u1")
    for number in range(10, 40):
        held.put("login", login(number))
    status = held.status()
    assert status.evicted + status.records == 31


def test_a_batch_without_a_deleted_mention_can_be_evicted(small: Small) -> None:
    held = small(LIMIT)
    held.put("friends", {"user_id": "u1", "target_user_id": "u2"})
    held.delete("u2")
    for number in range(10, 40):
        held.put("login", login(number))
    assert (held.records("friends", user="u1"), "u1" in held.users()) == ([], False)


def test_a_batch_can_be_evicted_while_a_deletion_changes_others(small: Small) -> None:
    held = small(LIMIT)
    for _ in range(15):
        held.put("login", login(1))

    async def both() -> int:
        deletion = asyncio.ensure_future(held.store.delete_user("one", "u1"))
        await asyncio.sleep(0)
        for number in range(20, 40):
            await held.store.append("one", [batch("login", login(number))])
        return await deletion

    assert 0 < held.runner.run(both()) <= 15
    assert "u1" not in held.users()
    assert held.status().records == len(held.records("login"))


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
        held = Shelf(MemoryStore(max_bytes=LIMIT), runner)
        for number in range(50):
            held.put("login", {"user_id": f"u{number}"}, dashboard="two" if number % 3 else "one")
        for step, dashboard, user, many in steps:
            match step:
                case "login":
                    held.put("login", *[{"user_id": user, "n": number} for number in range(many)], dashboard=dashboard)
                case "friends":
                    held.put("friends", {"user_id": user, "target_user_id": f"u{many}"}, dashboard=dashboard)
                case "delete":
                    held.delete(user, dashboard)
                case "clear":
                    held.clear(dashboard)
            for each in ("one", "two"):
                assert_alike(held, each)


def assert_alike(held: Shelf, dashboard: str) -> None:
    kept = {kind: held.records(kind, dashboard=dashboard) for kind in ("login", "friends")}
    users = {row["user_id"] for rows in kept.values() for row in rows}
    assert held.users(dashboard) == users
    for kind, rows in kept.items():
        for user in users | {"u0"}:
            assert held.records(kind, user=user, dashboard=dashboard) == [r for r in rows if r["user_id"] == user]


def test_evictions_are_reported_after_each_tenfold_increase() -> None:
    told: list[int] = []
    with asyncio.Runner() as runner:
        held = Shelf(MemoryStore(max_bytes=LIMIT, on_evict=told.append), runner)
        for number in range(200):
            held.put("login", login(number))
    assert told == sorted(told)
    assert 1 < len(told) < 5


def test_cleared_records_use_no_memory(small: Small) -> None:
    held = small(LIMIT)
    for number in range(50):
        held.put("login", login(number), dashboard="two" if number % 2 else "one")
        if number % 7 == 0:
            held.clear("two")
    assert held.status().bytes <= LIMIT
    held.clear()
    assert (held.status().records, held.status().bytes) == (0, 0)


def test_each_append_is_announced() -> None:
    told: list[int] = []
    with asyncio.Runner() as runner:
        held = Shelf(MemoryStore(max_bytes=LIMIT, on_append=lambda: told.append(1)), runner)
        held.put("login", login(1), login(2))
        held.append(batch("login", login(3)), batch("login", login(4)))
    assert len(told) == 2
