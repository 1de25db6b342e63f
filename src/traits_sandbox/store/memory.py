"""The default store: raw bytes once a batch, an index per user, records parsed when somebody asks.

Parsed records would cost five times the memory and slow every garbage collection down, so a batch stays the
bytes it arrived as. A reference to a record is `batch number << 20 | position`.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import orjson

from traits_sandbox.store.protocol import ALL, Batch, Layout, StoredRecord, StoreStatus, Window

_POSITION_BITS = 20
_POSITION = (1 << _POSITION_BITS) - 1

# What a batch and an indexed record cost beside the raw bytes, measured.
_BATCH_COST = 400
_RECORD_COST = 24


class UserIndex:
    """References by user, in order of arrival: a bare number for one, a packed array for more."""

    def __init__(self) -> None:
        self._by_user: dict[str, int | array[int]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_user)

    def add(self, users: Iterable[str | None], first: int) -> None:
        """Add one reference a user, numbered on from the first; None stands for a record without a user."""
        by_user = self._by_user
        for reference, user in enumerate(users, first):
            if user is None:
                continue
            held = by_user.get(user)
            if held is None:
                by_user[user] = reference
            elif isinstance(held, int):
                by_user[user] = array("Q", (held, reference))
            else:
                held.append(reference)

    def of(self, user: str) -> Sequence[int]:
        """Return a user's references."""
        held = self._by_user.get(user, ())
        return (held,) if isinstance(held, int) else held

    def pop(self, user: str) -> Sequence[int]:
        """Forget a user; return their references."""
        references = self.of(user)
        self._by_user.pop(user, None)
        return references

    def discard(self, references: Mapping[int, str | None]) -> None:
        """Forget single references, each given with its user; users without any other are forgotten too."""
        for user in {user for user in references.values() if user in self._by_user}:
            kept = [reference for reference in self.of(user) if reference not in references]
            if kept:
                self._by_user[user] = array("Q", kept)
            else:
                del self._by_user[user]

    def drop_before(self, users: Iterable[str | None], limit: int) -> None:
        """Forget the references of these users that are below the limit."""
        for user in users:
            if user is None or user not in self._by_user:
                continue
            kept = self.of(user)[bisect_left(self.of(user), limit) :]
            if kept:
                self._by_user[user] = kept if isinstance(kept, array) else kept[0]
            else:
                del self._by_user[user]


class HeldBatch(msgspec.Struct):
    """A batch as it is kept. `raw` and `collection` change once, when a deletion rewrites the batch as a list."""

    dashboard: str
    kind: str
    layout: Layout
    raw: bytes
    collection: str
    count: int
    received_at: float
    origin: str
    erased: int = 0

    @property
    def live(self) -> int:
        """Return how many records have not been deleted."""
        return self.count - self.erased

    @property
    def cost(self) -> int:
        """Return the bytes that the batch is counted with."""
        return len(self.raw) + _BATCH_COST + _RECORD_COST * self.count

    def records(self) -> list[dict[str, Any] | None]:
        """Return the records, None in the place of each deleted one."""
        value = orjson.loads(self.raw)
        records: list[dict[str, Any] | None] = value[self.collection] if self.collection else value
        return records

    def erase(self, positions: Iterable[int]) -> dict[int, dict[str, Any]]:
        """Take records out of the raw bytes, keeping the places of the others; return them by position."""
        records = self.records()
        erased = {position: record for position in positions if (record := records[position]) is not None}
        for position in erased:
            records[position] = None
        self.erased += len(erased)
        # orjson over-allocates; a copy is as large as its content.
        self.raw, self.collection = bytes(memoryview(orjson.dumps(records))), ""
        return erased


class Dashboard:
    """The indexes of one dashboard."""

    def __init__(self) -> None:
        self.by_kind: defaultdict[str, UserIndex] = defaultdict(UserIndex)
        self.mentions = UserIndex()
        # By kind: the reference of each key's present record, the key that changed least recently first.
        self.keys: dict[str, OrderedDict[str, int]] = {}
        self.batches: defaultdict[str, deque[int]] = defaultdict(deque)

    def add(self, batch: Batch, number: int) -> None:
        """Index a batch under its number."""
        first, layout = number << _POSITION_BITS, batch.layout
        self.batches[batch.kind].append(number)
        if layout.user:
            self.by_kind[batch.kind].add(batch.columns[layout.user], first)
        if layout.mention:
            self.mentions.add(batch.columns[layout.mention], first)
        if layout.key:
            keys = self.keys.setdefault(batch.kind, OrderedDict())
            for reference, key in enumerate(batch.columns[layout.key], first):
                keys[key] = reference
                keys.move_to_end(key)

    def remove_oldest(self, held: HeldBatch, number: int) -> None:
        """Forget a batch that is the oldest of its kind."""
        limit = (number + 1) << _POSITION_BITS
        columns = held.layout.columns([record for record in held.records() if record is not None])
        self.batches[held.kind].popleft()
        if held.layout.user:
            self.by_kind[held.kind].drop_before(set(columns[held.layout.user]), limit)
        if held.layout.mention:
            self.mentions.drop_before(set(columns[held.layout.mention]), limit)
        keys = self.keys.get(held.kind)
        while keys and next(iter(keys.values())) < limit:
            keys.popitem(last=False)

    def pop_user(self, user: str) -> list[int]:
        """Forget a user; return the references of every record that is about or mentions them."""
        references = [*self.mentions.pop(user)]
        for index in self.by_kind.values():
            references += index.pop(user)
        return references

    def forget(self, held: HeldBatch, number: int, erased: Mapping[int, Mapping[str, Any]]) -> None:
        """Forget the references that others have to erased records, because they are in the same ones."""
        records = {number << _POSITION_BITS | position: record for position, record in erased.items()}
        layout = held.layout
        if layout.user:
            self.by_kind[held.kind].discard({each: record.get(layout.user) for each, record in records.items()})
        if layout.mention:
            self.mentions.discard({each: record.get(layout.mention) for each, record in records.items()})


class MemoryStore:
    """Keeps batches in this process, at most `max_bytes` of them: the oldest leave first and are counted."""

    def __init__(
        self,
        *,
        max_bytes: int,
        on_evict: Callable[[int], None] | None = None,
        on_append: Callable[[], None] = lambda: None,
    ) -> None:
        """Make an empty store; `on_evict` is told how many records have left, each time that has grown tenfold."""
        self._max_bytes = max_bytes
        self._on_evict = on_evict
        self._on_append = on_append
        self._told = 0
        self._dashboards: defaultdict[str, Dashboard] = defaultdict(Dashboard)
        # Oldest first.
        self._held: OrderedDict[int, HeldBatch] = OrderedDict()
        self._next = 0
        self._bytes = 0
        self._records = 0
        self._evicted = 0

    async def append(self, dashboard: str, batches: Sequence[Batch]) -> None:
        """Keep all batches; make room by letting the oldest go."""
        for batch in batches:
            number, self._next = self._next, self._next + 1
            self._dashboards[dashboard].add(batch, number)
            held = HeldBatch(
                dashboard=dashboard,
                kind=batch.kind,
                layout=batch.layout,
                raw=batch.raw,
                collection=batch.collection,
                count=batch.count,
                received_at=batch.received_at,
                origin=batch.origin,
            )
            self._held[number] = held
            self._bytes += held.cost
            self._records += held.count
        while self._bytes > self._max_bytes and len(self._held) > 1:
            self._evict_oldest()
        if self._on_evict and self._evicted > 10 * self._told:
            self._told = self._evicted
            self._on_evict(self._evicted)
        self._on_append()

    async def users(self, dashboard: str) -> Collection[str]:
        """Return the ids of all users whom some record is about."""
        indexes = self._indexes(dashboard).by_kind.values()
        return set().union(*indexes)

    async def records(
        self, dashboard: str, kind: str, *, user: str | None = None, window: Window = ALL
    ) -> list[StoredRecord]:
        """Return the records of a kind within a window, oldest first; those about one user if it is given."""
        indexes = self._indexes(dashboard)
        if user is None:
            references = self._of_kind(indexes, kind, window)
        else:
            index = indexes.by_kind.get(kind)
            references = (each for each in reversed(index.of(user) if index else ()) if self._within(each, window))
        newest = self._read(references, window.limit)
        newest.reverse()
        return newest

    async def latest(self, dashboard: str, kind: str, user: str) -> StoredRecord | None:
        """Return the record about a user that came last, if there is one."""
        index = self._indexes(dashboard).by_kind.get(kind)
        references = index.of(user) if index else ()
        for reference in reversed(references):
            if found := self._read((reference,)):
                return found[0]
        return None

    async def known_keys(self, dashboard: str, kind: str, keys: Collection[str]) -> set[str]:
        """Return those of the keys that some record of the kind has, or had before its user was deleted."""
        known: Collection[str] = self._indexes(dashboard).keys.get(kind, ())
        return {key for key in keys if key in known}

    async def delete_user(self, dashboard: str, user: str) -> int:
        """Erase every record about a user or that mentions them; return how many there were.

        The user is out of every index at once; the bytes of a large history are rewritten batch by batch, so
        that other requests are answered in between.
        """
        positions: dict[int, set[int]] = {}
        for reference in self._indexes(dashboard).pop_user(user):
            positions.setdefault(reference >> _POSITION_BITS, set()).add(reference & _POSITION)
        erased = 0
        for number, places in positions.items():
            if held := self._held.get(number):
                erased += self._erase(held, number, places)
                await asyncio.sleep(0)
        return erased

    async def clear(self, dashboard: str | None = None) -> None:
        """Forget one dashboard with all that it holds, or all of them."""
        for name in list(self._dashboards) if dashboard is None else [dashboard]:
            forgotten = self._dashboards.pop(name, None) or Dashboard()
            for number in chain.from_iterable(forgotten.batches.values()):
                held = self._held.pop(number)
                self._bytes -= held.cost
                self._records -= held.live

    async def position(self) -> int:
        """Return where the store's end is now: records that are appended later lie after it."""
        return self._next

    async def status(self) -> StoreStatus:
        """Return how much is held over all dashboards."""
        return StoreStatus("memory", self._records, self._bytes, self._evicted, tuple(self._dashboards))

    def _indexes(self, dashboard: str) -> Dashboard:
        return self._dashboards.get(dashboard) or Dashboard()

    def _of_kind(self, indexes: Dashboard, kind: str, window: Window) -> Iterator[int]:
        """Yield the references of a kind within a window, newest first."""
        keys = set(indexes.keys[kind].values()) if kind in indexes.keys else None
        for number in reversed(indexes.batches.get(kind, ())):
            first = number << _POSITION_BITS
            if number < window.after:
                return
            if not self._within(first, window):
                continue
            for reference in range(first + self._held[number].count - 1, first - 1, -1):
                if keys is None or reference in keys:
                    yield reference

    def _within(self, reference: int, window: Window) -> bool:
        number = reference >> _POSITION_BITS
        return number >= window.after and self._held[number].received_at >= window.since

    def _read(self, references: Iterable[int], limit: int | None = None) -> list[StoredRecord]:
        """Return the records behind references that are still there; each batch is parsed once."""
        found: list[StoredRecord] = []
        parsed: tuple[int, list[dict[str, Any] | None]] = (-1, [])
        for reference in references:
            if limit is not None and len(found) >= limit:
                break
            number = reference >> _POSITION_BITS
            held = self._held[number]
            if parsed[0] != number:
                parsed = (number, held.records())
            value = parsed[1][reference & _POSITION]
            if value is not None:
                found.append(StoredRecord(held.kind, value, held.received_at, held.origin))
        return found

    def _erase(self, held: HeldBatch, number: int, places: set[int]) -> int:
        before = held.cost
        erased = held.erase(places)
        self._dashboards[held.dashboard].forget(held, number, erased)
        self._bytes += held.cost - before
        self._records -= len(erased)
        return len(erased)

    def _evict_oldest(self) -> None:
        number, held = self._held.popitem(last=False)
        self._dashboards[held.dashboard].remove_oldest(held, number)
        self._bytes -= held.cost
        self._records -= held.live
        self._evicted += held.live
