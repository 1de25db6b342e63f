"""The index of the store in memory when batches are evicted."""

from tests.store.blocking import batch
from traits_sandbox.store.index import Index


def test_a_generation_is_removed_with_its_last_batch() -> None:
    index = Index()
    for number in range(6):
        index.add(batch("login", {"user_id": f"u{number}"}), number, era=number // 3)
    index.remove_oldest("login", 0)
    index.remove_oldest("login", 1)
    assert index.users(0) == {f"u{number}" for number in range(6)}
    assert index.users(2) == {"u2", "u3", "u4", "u5"}
    index.remove_oldest("login", 2)
    assert index.users(0) == {"u3", "u4", "u5"}


def test_references_to_evicted_batches_are_skipped() -> None:
    index = Index()
    for number in range(6):
        index.add(batch("login", {"user_id": "u"}), number, era=number // 3)
    assert len(list(index.of_user("login", "u", oldest=1))) == 5
    assert len(list(index.of_user("login", "u", oldest=4))) == 2
    assert list(index.of_user("login", "u", oldest=6)) == []
