"""The behaviour of every store."""

import pytest

from tests.store.shelf import Row, Shelf, batch
from traits_sandbox.store.protocol import Window


def login(user: str, **more: object) -> Row:
    return {"user_id": user, **more}


def friends(user: str, target: str) -> Row:
    return {"user_id": user, "target_user_id": target}


def item(item_id: str, price: int) -> Row:
    return {"item_id": item_id, "price": price}


def test_an_empty_store_has_nothing(held: Shelf) -> None:
    assert (held.users(), held.records("login"), held.latest("login", "u1"), held.delete("u1")) == (set(), [], None, 0)
    assert held.known_keys("item", ["axe"]) == set()
    assert (held.status().records, list(held.status().dashboards)) == (0, [])


def test_records_are_returned_unchanged_oldest_first(held: Shelf) -> None:
    rows = [login("u1", level=2**63, price=0.1, text="é\u0000\u2028😀", nested=[{"a": [None, True]}]), login("u2"), {}]
    held.append(batch("login", *rows, collection="users", received_at=1600171200.25, request_id="request-1"))
    held.put("login", login("u1", level=2))
    found = held.runner.run(held.store.records("one", "login"))
    assert [record.value for record in found] == [*rows, login("u1", level=2)]
    assert (found[0].kind, found[0].received_at, found[0].request_id) == ("login", 1600171200.25, "request-1")


def test_an_append_keeps_batches_of_several_kinds(held: Shelf) -> None:
    held.append(batch("login", login("u1")), batch("item", item("axe", 1)), batch("login", login("u2")))
    assert (held.records("login"), held.records("item")) == ([login("u1"), login("u2")], [item("axe", 1)])
    held.append()
    assert held.status().records == 3


def test_the_records_of_a_user_are_found_in_order(held: Shelf) -> None:
    held.put("login", login("u1", level=1), login("u2", level=2), login("u1", level=3))
    held.put("login", login("u1", level=4))
    assert [row["level"] for row in held.records("login", user="u1")] == [1, 3, 4]
    assert held.records("login", user="u3") == held.records("friends", user="u1") == []
    assert (held.latest("login", "u1"), held.latest("friends", "u1")) == (login("u1", level=4), None)


def test_users_are_those_to_whom_a_record_belongs(held: Shelf) -> None:
    held.put("login", login("u1"), login("u1"), {})
    held.put("friends", friends("u2", "u3"))
    held.put("event", {"id": "e1", "user": "u4"})
    assert held.users() == {"u1", "u2"}


@pytest.mark.parametrize("user", ["U1", " u1", "é", "e\u0301", "\u0000", "%", "a:b", "*", "'"])
def test_user_ids_are_compared_exactly(held: Shelf, user: str) -> None:
    held.put("login", login("u1"), login(user))
    assert (held.users(), held.records("login", user=user)) == ({"u1", user}, [login(user)])
    assert (held.delete(user), held.users()) == (1, {"u1"})


def test_a_later_record_replaces_one_with_the_same_key(held: Shelf) -> None:
    held.put("item", item("axe", 1), item("bow", 2), item("axe", 3))
    held.put("item", item("bow", 4), item("elk", 5))
    assert held.records("item") == [item("axe", 3), item("bow", 4), item("elk", 5)]


def test_known_keys_are_distinguished_from_unknown_ones(held: Shelf) -> None:
    held.put("item", item("axe", 1))
    held.put("event", {"id": "e1"})
    assert held.known_keys("item", ["axe", "AXE", "e1"]) == {"axe"}
    assert held.known_keys("event", []) == set()


def test_the_key_of_a_deleted_record_stays_known(held: Shelf) -> None:
    held.put("event", {"id": "e1", "user": "u1"}, {"id": "e2", "user": "u2"})
    held.delete("u1")
    assert held.records("event") == [{"id": "e2", "user": "u2"}]
    assert held.known_keys("event", ["e1", "e2", "e3"]) == {"e1", "e2"}


def test_a_deleted_user_is_removed_as_user_and_as_mention(held: Shelf) -> None:
    held.put("login", login("u1"), login("u2"), login("u1"))
    held.put("friends", friends("u1", "u2"), friends("u2", "u1"), friends("u2", "u3"), friends("u1", "u1"))
    assert held.delete("u1") == 5
    assert (held.users(), held.records("login"), held.latest("login", "u1")) == ({"u2"}, [login("u2")], None)
    assert held.records("friends") == held.records("friends", user="u2") == [friends("u2", "u3")]
    assert (held.delete("u1"), held.status().records) == (0, 2)


def test_a_user_is_removed_with_the_last_record(held: Shelf) -> None:
    held.put("friends", friends("u1", "u2"))
    assert (held.delete("u2"), held.users(), held.records("friends", user="u1")) == (1, set(), [])
    held.put("friends", friends("u1", "u3"), friends("u1", "u4"))
    held.delete("u3")
    assert (held.users(), held.latest("friends", "u1")) == ({"u1"}, friends("u1", "u4"))


def test_a_deleted_user_can_be_pushed_again(held: Shelf) -> None:
    held.put("login", login("u1", level=1))
    held.delete("u1")
    held.put("login", login("u1", level=2))
    assert (held.users(), held.records("login", user="u1")) == ({"u1"}, [login("u1", level=2)])


def test_deletion_finds_records_in_many_batches(held: Shelf) -> None:
    for number in range(30):
        held.append(batch("login", login("u1", level=number), login("u2", level=number), collection="users"))
    assert (held.delete("u1"), held.status().records) == (30, 30)
    assert [row["level"] for row in held.records("login")] == list(range(30))


def test_dashboards_are_separate(held: Shelf) -> None:
    for dashboard in ("one", "two"):
        held.put("login", login("u1", dashboard=dashboard), dashboard=dashboard)
        held.put("item", item("axe", 1), dashboard=dashboard)
    held.delete("u1")
    assert (held.users(), held.users("two"), held.users("three")) == (set(), {"u1"}, set())
    assert (held.records("login"), held.records("login", dashboard="two")) == ([], [login("u1", dashboard="two")])
    assert held.known_keys("item", ["axe"], dashboard="three") == set()
    assert set(held.status().dashboards) == {"one", "two"}


def test_clearing_a_dashboard_keeps_the_others(held: Shelf) -> None:
    for dashboard in ("one", "two"):
        held.put("login", login("u1"), login("u2"), dashboard=dashboard)
        held.put("item", item("axe", 1), dashboard=dashboard)
    held.delete("u1")
    before = held.status()
    held.clear("one")
    after = held.status()
    assert (held.records("login"), held.users(), held.known_keys("item", ["axe"])) == ([], set(), set())
    assert (after.records, after.evicted, list(after.dashboards)) == (before.records - 2, 0, ["two"])
    assert held.records("item", dashboard="two") == [item("axe", 1)]
    held.put("login", login("u3"))
    assert held.records("login") == [login("u3")]
    held.clear("never written")


def test_clearing_everything_removes_all_records(held: Shelf) -> None:
    empty = held.status()
    for dashboard in ("one", "two"):
        held.put("friends", friends("u1", "u2"), dashboard=dashboard)
    held.clear()
    assert held.status() == empty
    assert held.records("friends", dashboard="two") == []


def test_a_window_has_the_records_after_a_position(held: Shelf) -> None:
    held.put("login", login("u1", level=1))
    position = held.position()
    assert held.within("login", Window(after=position)) == []
    held.put("login", login("u2", level=2), login("u1", level=3))
    assert [row["level"] for row in held.within("login", Window(after=position))] == [2, 3]
    assert [row["level"] for row in held.within("login", Window(after=position), user="u1")] == [3]
    held.clear()
    held.put("login", login("u1", level=4))
    assert [row["level"] for row in held.within("login", Window(after=position))] == [4]


def test_a_window_has_the_newest_records_since_a_time(held: Shelf) -> None:
    for number in range(4):
        rows = login("u1", level=2 * number), login("u2", level=2 * number + 1)
        held.append(batch("login", *rows, received_at=100.0 + number))
    levels = [row["level"] for row in held.within("login", Window(since=102.0))]
    assert levels == [4, 5, 6, 7]
    assert [row["level"] for row in held.within("login", Window(limit=3))] == [5, 6, 7]
    assert [row["level"] for row in held.within("login", Window(since=101.0, limit=2), user="u1")] == [4, 6]
    held.delete("u2")
    assert [row["level"] for row in held.within("login", Window(limit=3))] == [2, 4, 6]


def test_reading_changes_nothing(held: Shelf) -> None:
    held.put("login", login("u1", level=1))
    held.records("login")[0]["level"] = 2
    latest = held.latest("login", "u1")
    assert latest is not None
    latest.clear()
    assert held.records("login") == [login("u1", level=1)]
    assert list(held.users("never written")) == [] == held.records("login", dashboard="never read")
    assert list(held.status().dashboards) == ["one"]
