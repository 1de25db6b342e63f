"""The default store: raw bytes once a batch, an index per user, records parsed on demand.

Parsed records would need five times the memory and make every garbage collection slower. So a batch is kept as the
bytes that arrived.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import orjson

from traits_sandbox.store.index import Index, place, reference
from traits_sandbox.store.protocol import ALL, Batch, RecordLayout, StoredRecord, StoreStatus, Window

# The measured memory of a batch and of an indexed record, in addition to the raw bytes.
_BATCH_COST = 400
_RECORD_COST = 24

# The number of generations of batches while the store is full. The users of one generation are searched when users are
# listed, and dropped together.
_GENERATIONS = 16


class HeldBatch(msgspec.Struct):
    """A stored batch. `raw` and `collection` change once, when a deletion rewrites the batch as a list."""

    dashboard: str
    kind: str
    layout: RecordLayout
    raw: bytes
    collection: str
    count: int
    received_at: float
    request_id: str
    erased: int = 0

    @property
    def live(self) -> int:
        """Return the number of records that are not deleted."""
        return self.count - self.erased

    @property
    def cost(self) -> int:
        """Return the bytes that count towards the memory limit."""
        return len(self.raw) + _BATCH_COST + _RECORD_COST * self.count

    def records(self) -> list[dict[str, Any] | None]:
        """Return the records, None in place of each deleted one."""
        value = orjson.loads(self.raw)
        records: list[dict[str, Any] | None] = value[self.collection] if self.collection else value
        return records

    def erase(self, positions: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Remove records from the raw bytes, without moving the others; return them by position."""
        records = self.records()
        erased = {position: record for position in positions if (record := records[position]) is not None}
        for position in erased:
            records[position] = None
        self.erased += len(erased)
        # orjson allocates too much memory; a copy is as large as its content.
        self.raw, self.collection = bytes(memoryview(orjson.dumps(records))), ""
        return erased


class MemoryStore:
    """Keeps batches in this process, up to `max_bytes`: the oldest are dropped first and counted."""

    def __init__(
        self,
        *,
        max_bytes: int,
        on_evict: Callable[[int], None] | None = None,
        on_append: Callable[[], None] = lambda: None,
    ) -> None:
        """Make an empty store; `on_evict` gets the number of dropped records, each time it has grown tenfold."""
        self._max_bytes = max_bytes
        self._era_bytes = max(1, max_bytes // _GENERATIONS)
        self._on_evict = on_evict
        self._on_append = on_append
        self._reported = 0
        self._dashboards: defaultdict[str, Index] = defaultdict(Index)
        # Oldest first.
        self._held: OrderedDict[int, HeldBatch] = OrderedDict()
        self._next = 0
        self._bytes = 0
        # The number of the last appended batch. A position is such a number: later batches have higher ones.
        self._appended = 0
        self._records = 0
        self._evicted = 0

    async def append(self, dashboard: str, batches: Sequence[Batch]) -> None:
        """Append all batches; drop the oldest to make room."""
        for batch in batches:
            number, self._next = self._next, self._next + 1
            held = HeldBatch(
                dashboard=dashboard,
                kind=batch.kind,
                layout=batch.layout,
                raw=batch.raw,
                collection=batch.collection,
                count=batch.count,
                received_at=batch.received_at,
                request_id=batch.request_id,
            )
            self._dashboards[dashboard].add(batch, number, self._appended // self._era_bytes)
            self._held[number] = held
            self._bytes += held.cost
            self._appended += held.cost
            self._records += held.count
        while self._bytes > self._max_bytes and len(self._held) > 1:
            self._evict_oldest()
        if self._on_evict and self._evicted > 10 * self._reported:
            self._reported = self._evicted
            self._on_evict(self._evicted)
        self._on_append()

    async def users(self, dashboard: str) -> Collection[str]:
        """Return the ids of all users who have a record."""
        return self._index(dashboard).users(self._oldest)

    async def records(
        self, dashboard: str, kind: str, *, user: str | None = None, window: Window = ALL
    ) -> list[StoredRecord]:
        """Return the records of a kind within a window, oldest first; those about one user if it is given."""
        index = self._index(dashboard)
        if user is None:
            references = self._of_kind(index, kind, window)
        else:
            references = (each for each in index.of_user(kind, user, self._oldest) if self._within(each, window))
        newest = self._read(references, window.limit)
        newest.reverse()
        return newest

    async def latest(self, dashboard: str, kind: str, user: str) -> StoredRecord | None:
        """Return the newest record about a user, or None."""
        references = self._index(dashboard).of_user(kind, user, self._oldest)
        return next(iter(self._read(references, limit=1)), None)

    async def known_keys(self, dashboard: str, kind: str, keys: Collection[str]) -> dict[str, str]:
        """Return each key that a record of the kind has, or had before its user was deleted, with its request id."""
        known: Mapping[str, int] = self._index(dashboard).keys.get(kind, {})
        return {key: self._held[place(known[key])[0]].request_id for key in keys if key in known}

    async def delete_user(self, dashboard: str, user: str) -> int:
        """Delete every record that is about a user or mentions them; return their number.

        The user is removed from every index at once. The bytes of a long history are rewritten batch by batch, so that
        other requests are answered in between.
        """
        positions: dict[int, set[int]] = {}
        for number, position in map(place, self._index(dashboard).pop_user(user)):
            positions.setdefault(number, set()).add(position)
        erased = 0
        for number, places in positions.items():
            if held := self._held.get(number):
                erased += self._erase(held, number, places)
                await asyncio.sleep(0)
        return erased

    async def clear(self, dashboard: str | None = None) -> None:
        """Delete everything of one dashboard, or of all."""
        for name in list(self._dashboards) if dashboard is None else [dashboard]:
            forgotten = self._dashboards.pop(name, None) or Index()
            for number in chain.from_iterable(forgotten.batches.values()):
                held = self._held.pop(number)
                self._bytes -= held.cost
                self._records -= held.live

    async def position(self) -> int:
        """Return the current end of the store: records that are appended later come after it."""
        return self._next

    async def status(self) -> StoreStatus:
        """Return the totals over all dashboards."""
        return StoreStatus("memory", self._records, self._bytes, self._evicted, tuple(self._dashboards))

    @property
    def _oldest(self) -> int:
        return next(iter(self._held), self._next)

    def _index(self, dashboard: str) -> Index:
        return self._dashboards.get(dashboard) or Index()

    def _of_kind(self, index: Index, kind: str, window: Window) -> Iterator[int]:
        """Yield the references of a kind within a window, newest first."""
        keys = set(index.keys[kind].values()) if kind in index.keys else None
        for number in reversed(index.batches.get(kind, ())):
            first = reference(number)
            if number < window.after:
                return
            if not self._within(first, window):
                continue
            for each in range(first + self._held[number].count - 1, first - 1, -1):
                if keys is None or each in keys:
                    yield each

    def _within(self, of: int, window: Window) -> bool:
        number, _ = place(of)
        return number >= window.after and self._held[number].received_at >= window.since

    def _read(self, references: Iterable[int], limit: int | None = None) -> list[StoredRecord]:
        """Return the records of references to kept batches; each batch is parsed once."""
        found: list[StoredRecord] = []
        parsed: tuple[int, list[dict[str, Any] | None]] = (-1, [])
        for number, position in map(place, references):
            if limit is not None and len(found) >= limit:
                break
            held = self._held[number]
            if parsed[0] != number:
                parsed = (number, held.records())
            value = parsed[1][position]
            if value is not None:
                found.append(StoredRecord(held.kind, value, held.received_at, held.request_id))
        return found

    def _erase(self, held: HeldBatch, number: int, places: set[int]) -> int:
        before = held.cost
        erased = held.erase(places)
        self._dashboards[held.dashboard].forget(held.kind, held.layout, number, erased)
        self._bytes += held.cost - before
        self._records -= len(erased)
        return len(erased)

    def _evict_oldest(self) -> None:
        number, held = self._held.popitem(last=False)
        self._dashboards[held.dashboard].remove_oldest(held.kind, number)
        self._bytes -= held.cost
        self._records -= held.live
        self._evicted += held.live
