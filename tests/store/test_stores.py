"""The behaviour of every store."""

import pytest

from tests.store.blocking import BlockingStore, Row, batch
from traits_sandbox.store.protocol import Window


def login(user: str, **more: object) -> Row:
    return {"user_id": user, **more}


def friends(user: str, target: str) -> Row:
    return {"user_id": user, "target_user_id": target}


def item(item_id: str, price: int) -> Row:
    return {"item_id": item_id, "price": price}


def test_an_empty_store_has_nothing(store: BlockingStore) -> None:
    assert (store.users(), store.records("login"), store.latest("login", "u1"), store.delete("u1")) == (
        set(),
        [],
        None,
        0,
    )
    assert store.known_keys("item", ["axe"]) == set()
    assert (store.status().records, list(store.status().dashboards)) == (0, [])


def test_records_are_returned_unchanged_oldest_first(store: BlockingStore) -> None:
    rows = [login("u1", level=2**63, price=0.1, text="é\u0000\u2028😀", nested=[{"a": [None, True]}]), login("u2"), {}]
    store.append(batch("login", *rows, collection="users", received_at=1600171200.25, request_id="request-1"))
    store.put("login", login("u1", level=2))
    found = store.runner.run(store.wrapped.records("one", "login"))
    assert [record.value for record in found] == [*rows, login("u1", level=2)]
    assert (found[0].kind, found[0].received_at, found[0].request_id) == ("login", 1600171200.25, "request-1")


def test_an_append_keeps_batches_of_several_kinds(store: BlockingStore) -> None:
    store.append(batch("login", login("u1")), batch("item", item("axe", 1)), batch("login", login("u2")))
    assert (store.records("login"), store.records("item")) == ([login("u1"), login("u2")], [item("axe", 1)])
    store.append()
    assert store.status().records == 3


def test_the_records_of_a_user_are_found_in_order(store: BlockingStore) -> None:
    store.put("login", login("u1", level=1), login("u2", level=2), login("u1", level=3))
    store.put("login", login("u1", level=4))
    assert [row["level"] for row in store.records("login", user="u1")] == [1, 3, 4]
    assert store.records("login", user="u3") == store.records("friends", user="u1") == []
    assert (store.latest("login", "u1"), store.latest("friends", "u1")) == (login("u1", level=4), None)


def test_users_are_those_to_whom_a_record_belongs(store: BlockingStore) -> None:
    store.put("login", login("u1"), login("u1"), {})
    store.put("friends", friends("u2", "u3"))
    store.put("event", {"id": "e1", "user": "u4"})
    assert store.users() == {"u1", "u2"}


@pytest.mark.parametrize("user", ["U1", " u1", "é", "e\u0301", "\u0000", "%", "a:b", "*", "'"])
def test_user_ids_are_compared_exactly(store: BlockingStore, user: str) -> None:
    store.put("login", login("u1"), login(user))
    assert (store.users(), store.records("login", user=user)) == ({"u1", user}, [login(user)])
    assert (store.delete(user), store.users()) == (1, {"u1"})


def test_a_later_record_replaces_one_with_the_same_key(store: BlockingStore) -> None:
    store.put("item", item("axe", 1), item("bow", 2), item("axe", 3))
    store.put("item", item("bow", 4), item("elk", 5))
    assert store.records("item") == [item("axe", 3), item("bow", 4), item("elk", 5)]


def test_known_keys_are_distinguished_from_unknown_ones(store: BlockingStore) -> None:
    store.put("item", item("axe", 1))
    store.put("event", {"id": "e1"})
    assert store.known_keys("item", ["axe", "AXE", "e1"]) == {"axe"}
    assert store.known_keys("event", []) == set()


def test_the_key_of_a_deleted_record_stays_known(store: BlockingStore) -> None:
    store.put("event", {"id": "e1", "user": "u1"}, {"id": "e2", "user": "u2"})
    store.delete("u1")
    assert store.records("event") == [{"id": "e2", "user": "u2"}]
    assert store.known_keys("event", ["e1", "e2", "e3"]) == {"e1", "e2"}


def test_a_deleted_user_is_removed_as_user_and_as_mention(store: BlockingStore) -> None:
    store.put("login", login("u1"), login("u2"), login("u1"))
    store.put("friends", friends("u1", "u2"), friends("u2", "u1"), friends("u2", "u3"), friends("u1", "u1"))
    assert store.delete("u1") == 5
    assert (store.users(), store.records("login"), store.latest("login", "u1")) == ({"u2"}, [login("u2")], None)
    assert store.records("friends") == store.records("friends", user="u2") == [friends("u2", "u3")]
    assert (store.delete("u1"), store.status().records) == (0, 2)


def test_a_user_is_removed_with_the_last_record(store: BlockingStore) -> None:
    store.put("friends", friends("u1", "u2"))
    assert (store.delete("u2"), store.users(), store.records("friends", user="u1")) == (1, set(), [])
    store.put("friends", friends("u1", "u3"), friends("u1", "u4"))
    store.delete("u3")
    assert (store.users(), store.latest("friends", "u1")) == ({"u1"}, friends("u1", "u4"))


def test_a_deleted_user_can_be_pushed_again(store: BlockingStore) -> None:
    store.put("login", login("u1", level=1))
    store.delete("u1")
    store.put("login", login("u1", level=2))
    assert (store.users(), store.records("login", user="u1")) == ({"u1"}, [login("u1", level=2)])


def test_deletion_finds_records_in_many_batches(store: BlockingStore) -> None:
    for number in range(30):
        store.append(batch("login", login("u1", level=number), login("u2", level=number), collection="users"))
    assert (store.delete("u1"), store.status().records) == (30, 30)
    assert [row["level"] for row in store.records("login")] == list(range(30))


def test_dashboards_are_separate(store: BlockingStore) -> None:
    for dashboard in ("one", "two"):
        store.put("login", login("u1", dashboard=dashboard), dashboard=dashboard)
        store.put("item", item("axe", 1), dashboard=dashboard)
    store.delete("u1")
    assert (store.users(), store.users("two"), store.users("three")) == (set(), {"u1"}, set())
    assert (store.records("login"), store.records("login", dashboard="two")) == ([], [login("u1", dashboard="two")])
    assert store.known_keys("item", ["axe"], dashboard="three") == set()
    assert set(store.status().dashboards) == {"one", "two"}


def test_clearing_a_dashboard_keeps_the_others(store: BlockingStore) -> None:
    for dashboard in ("one", "two"):
        store.put("login", login("u1"), login("u2"), dashboard=dashboard)
        store.put("item", item("axe", 1), dashboard=dashboard)
    store.delete("u1")
    before = store.status()
    store.clear("one")
    after = store.status()
    assert (store.records("login"), store.users(), store.known_keys("item", ["axe"])) == ([], set(), set())
    assert (after.records, after.evicted, list(after.dashboards)) == (before.records - 2, 0, ["two"])
    assert store.records("item", dashboard="two") == [item("axe", 1)]
    store.put("login", login("u3"))
    assert store.records("login") == [login("u3")]
    store.clear("never written")


def test_clearing_everything_removes_all_records(store: BlockingStore) -> None:
    empty = store.status()
    for dashboard in ("one", "two"):
        store.put("friends", friends("u1", "u2"), dashboard=dashboard)
    store.clear()
    assert store.status() == empty
    assert store.records("friends", dashboard="two") == []


def test_a_window_has_the_records_after_a_position(store: BlockingStore) -> None:
    store.put("login", login("u1", level=1))
    position = store.position()
    assert store.within("login", Window(after=position)) == []
    store.put("login", login("u2", level=2), login("u1", level=3))
    assert [row["level"] for row in store.within("login", Window(after=position))] == [2, 3]
    assert [row["level"] for row in store.within("login", Window(after=position), user="u1")] == [3]
    store.clear()
    store.put("login", login("u1", level=4))
    assert [row["level"] for row in store.within("login", Window(after=position))] == [4]


def test_a_window_has_the_newest_records_since_a_time(store: BlockingStore) -> None:
    for number in range(4):
        rows = login("u1", level=2 * number), login("u2", level=2 * number + 1)
        store.append(batch("login", *rows, received_at=100.0 + number))
    levels = [row["level"] for row in store.within("login", Window(since=102.0))]
    assert levels == [4, 5, 6, 7]
    assert [row["level"] for row in store.within("login", Window(limit=3))] == [5, 6, 7]
    assert [row["level"] for row in store.within("login", Window(since=101.0, limit=2), user="u1")] == [4, 6]
    store.delete("u2")
    assert [row["level"] for row in store.within("login", Window(limit=3))] == [2, 4, 6]


def test_reading_changes_nothing(store: BlockingStore) -> None:
    store.put("login", login("u1", level=1))
    store.records("login")[0]["level"] = 2
    latest = store.latest("login", "u1")
    assert latest is not None
    latest.clear()
    assert store.records("login") == [login("u1", level=1)]
    assert list(store.users("never written")) == [] == store.records("login", dashboard="never read")
    assert list(store.status().dashboards) == ["one"]
