"""Compares every store with the simplest one: a list of records that is searched completely."""

from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.store.blocking import LAYOUTS, STORES, BlockingStore, Row, batch, opened_store

DASHBOARDS = ("one", "two")
USERS = st.sampled_from(["u1", "u2", "u3"])
KEYS = st.sampled_from(["k1", "k2", "k3"])
NUMBERS = st.integers(0, 99)
ROWS: dict[str, st.SearchStrategy[Row]] = {
    "login": st.fixed_dictionaries({"n": NUMBERS}, optional={"user_id": USERS}),
    "friends": st.fixed_dictionaries({"user_id": USERS, "target_user_id": USERS, "n": NUMBERS}),
    "item": st.fixed_dictionaries({"item_id": KEYS, "n": NUMBERS}),
    "event": st.fixed_dictionaries({"id": KEYS, "n": NUMBERS}, optional={"user": USERS}),
}


def batches() -> st.SearchStrategy[list[tuple[str, list[Row]]]]:
    one = st.sampled_from(sorted(ROWS)).flatmap(
        lambda kind: st.tuples(st.just(kind), st.lists(ROWS[kind], min_size=1, max_size=4))
    )
    return st.lists(one, min_size=1, max_size=3)


class NaiveDashboard:
    """Records in the order of arrival; deleted ones are marked."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Row]] = []
        self.erased: set[int] = set()

    def records(self, kind: str) -> list[Row]:
        layout = LAYOUTS[kind]
        of_kind = [(index, row) for index, (each, row) in enumerate(self.entries) if each == kind]
        newest = {row.get(layout.key): index for index, row in of_kind}
        seen = [(index, row) for index, row in of_kind if not layout.key or newest[row[layout.key]] == index]
        return [row for index, row in seen if index not in self.erased]

    def users(self) -> set[str]:
        return {row["user_id"] for kind in ("login", "friends") for row in self.records(kind) if "user_id" in row}

    def delete(self, user: str) -> None:
        for index, (kind, row) in enumerate(self.entries):
            if user in (row.get(LAYOUTS[kind].user), row.get(LAYOUTS[kind].mention)):
                self.erased.add(index)


class Comparison(RuleBasedStateMachine):
    """Does the same steps with a store and with lists, and compares both after each step."""

    store_name = "memory"

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.store: BlockingStore = self.stack.enter_context(opened_store(STORES[self.store_name]()))
        self.naive = {name: NaiveDashboard() for name in DASHBOARDS}

    def teardown(self) -> None:
        self.stack.close()

    @rule(dashboard=st.sampled_from(DASHBOARDS), given=batches())
    def append(self, dashboard: str, given: list[tuple[str, list[Row]]]) -> None:
        self.store.append(*(batch(kind, *rows) for kind, rows in given), dashboard=dashboard)
        self.naive[dashboard].entries += [(kind, row) for kind, rows in given for row in rows]

    @rule(dashboard=st.sampled_from(DASHBOARDS), user=USERS)
    def delete(self, dashboard: str, user: str) -> None:
        self.store.delete(user, dashboard)
        self.naive[dashboard].delete(user)

    @rule(dashboard=st.sampled_from(DASHBOARDS))
    def clear(self, dashboard: str) -> None:
        self.store.clear(dashboard)
        self.naive[dashboard] = NaiveDashboard()

    @invariant()
    def same_answers(self) -> None:
        for name, naive in self.naive.items():
            assert self.store.users(name) == naive.users()
            for kind in LAYOUTS:
                assert self.store.records(kind, dashboard=name) == naive.records(kind)

    @rule(dashboard=st.sampled_from(DASHBOARDS), kind=st.sampled_from(["login", "friends"]), user=USERS)
    def same_answers_about_a_user(self, dashboard: str, kind: str, user: str) -> None:
        expected = [row for row in self.naive[dashboard].records(kind) if row.get("user_id") == user]
        assert self.store.records(kind, user, dashboard) == expected
        assert self.store.latest(kind, user, dashboard) == (expected[-1] if expected else None)

    @rule(dashboard=st.sampled_from(DASHBOARDS), kind=st.sampled_from(["item", "event"]))
    def same_keys(self, dashboard: str, kind: str) -> None:
        known = {row[LAYOUTS[kind].key] for each, row in self.naive[dashboard].entries if each == kind}
        assert self.store.known_keys(kind, ["k1", "k2", "k3", "k4"], dashboard) == known


@pytest.mark.parametrize("store_name", STORES)
def test_a_store_returns_the_same_as_a_list_after_any_steps(store_name: str) -> None:
    machine: Any = type("Comparison", (Comparison,), {"store_name": store_name})
    run_state_machine_as_test(machine, settings=settings(deadline=None, max_examples=60, stateful_step_count=25))
