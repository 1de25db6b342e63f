"""A store with a separate event loop, so that tests can call it without `await`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from traits_sandbox.store.memory import MemoryStore
from traits_sandbox.store.protocol import Batch, RecordLayout, Store, StoreStatus, Window

Row = dict[str, Any]
Opened = AbstractAsyncContextManager[Store]

LAYOUTS = {
    "login": RecordLayout(user="user_id"),
    "friends": RecordLayout(user="user_id", mention="target_user_id"),
    "item": RecordLayout(key="item_id"),
    "event": RecordLayout(mention="user", key="id"),
}


@asynccontextmanager
async def memory() -> AsyncIterator[Store]:
    """Open an empty store in memory."""
    yield MemoryStore(max_bytes=2**30)


# A function for each kind of store that opens an empty one.
STORES: dict[str, Callable[[], Opened]] = {"memory": memory}


def batch(kind: str, *rows: Row, collection: str = "", received_at: float = 0.0, request_id: str = "") -> Batch:
    """Return rows as a batch."""
    raw = orjson.dumps({collection: rows} if collection else rows)
    columns = LAYOUTS[kind].columns(rows)
    return Batch(kind, LAYOUTS[kind], len(rows), columns, raw, collection, received_at, request_id)


@dataclass(frozen=True)
class BlockingStore:
    """A store whose methods block until they have a result."""

    wrapped: Store
    runner: asyncio.Runner

    def append(self, *batches: Batch, dashboard: str = "one") -> None:
        self.runner.run(self.wrapped.append(dashboard, batches))

    def put(self, kind: str, *rows: Row, dashboard: str = "one") -> None:
        self.append(batch(kind, *rows), dashboard=dashboard)

    def users(self, dashboard: str = "one") -> set[str]:
        return set(self.runner.run(self.wrapped.users(dashboard)))

    def records(self, kind: str, user: str | None = None, dashboard: str = "one") -> list[Row]:
        found = self.runner.run(self.wrapped.records(dashboard, kind, user=user))
        return [record.value for record in found]

    def latest(self, kind: str, user: str, dashboard: str = "one") -> Row | None:
        found = self.runner.run(self.wrapped.latest(dashboard, kind, user))
        return found.value if found else None

    def known_keys(self, kind: str, keys: Sequence[str], dashboard: str = "one") -> set[str]:
        return set(self.requests_of_keys(kind, keys, dashboard))

    def requests_of_keys(self, kind: str, keys: Sequence[str], dashboard: str = "one") -> dict[str, str]:
        return self.runner.run(self.wrapped.known_keys(dashboard, kind, keys))

    def delete(self, user: str, dashboard: str = "one") -> int:
        return self.runner.run(self.wrapped.delete_user(dashboard, user))

    def clear(self, dashboard: str | None = None) -> None:
        self.runner.run(self.wrapped.clear(dashboard))

    def position(self) -> int:
        return self.runner.run(self.wrapped.position())

    def within(self, kind: str, window: Window, user: str | None = None) -> list[Row]:
        found = self.runner.run(self.wrapped.records("one", kind, user=user, window=window))
        return [record.value for record in found]

    def status(self) -> StoreStatus:
        return self.runner.run(self.wrapped.status())


@contextmanager
def opened_store(opened: Opened) -> Iterator[BlockingStore]:
    """Yield a store that is opened, used and closed in the same event loop."""
    with asyncio.Runner() as runner:
        store = runner.run(opened.__aenter__())
        try:
            yield BlockingStore(store, runner)
        finally:
            runner.run(opened.__aexit__(None, None, None))
