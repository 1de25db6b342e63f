"""What every store can do. Times are epoch seconds; a dashboard is the name of one customer's separate world."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """Which fields of a kind's records the store indexes; empty where the kind has no such field.

    `user` names whom a record is about, `mention` another user in it, `key` by what a later record replaces an
    earlier one.
    """

    user: str = ""
    mention: str = ""
    key: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the fields that are named."""
        return tuple(name for name in (self.user, self.mention, self.key) if name)

    def columns(self, records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Return the values of the named fields in parsed records."""
        return {name: [record.get(name) for record in records] for name in self.names}


class Batch(msgspec.Struct, frozen=True):
    """Records of one kind that arrived together.

    `raw` is the JSON of `count` records: a list, or an object that holds the list under `collection`. `columns`
    holds, for each field that the layout names, its value in every record (None where absent), so that a store
    need not parse what it appends.
    """

    kind: str
    layout: RecordLayout
    count: int
    columns: Mapping[str, Sequence[Any]]
    raw: bytes
    collection: str = ""
    received_at: float = 0.0
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record with when it came and with which request (`request_id`)."""

    kind: str
    value: dict[str, Any]
    received_at: float
    request_id: str


@dataclass(frozen=True, slots=True)
class Window:
    """Which records are meant: appended after a position, received at or after a time, at most so many of the newest.

    `after` is what `position` returned, `since` is in epoch seconds.
    """

    after: int = 0
    since: float = 0.0
    limit: int | None = None


ALL: Final = Window()


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """How much a store holds; `evicted` counts records that left to keep within the memory limit."""

    store: str
    records: int
    bytes: int
    evicted: int = 0
    dashboards: Collection[str] = field(default_factory=tuple)


class Store(Protocol):
    """A place for acknowledged records."""

    async def append(self, dashboard: str, batches: Sequence[Batch]) -> None:
        """Keep all batches, or none if it raises."""

    async def users(self, dashboard: str) -> Collection[str]:
        """Return the ids of all users whom some record is about."""

    async def records(
        self, dashboard: str, kind: str, *, user: str | None = None, window: Window = ALL
    ) -> list[StoredRecord]:
        """Return the records of a kind within a window, oldest first; those about one user if it is given."""

    async def latest(self, dashboard: str, kind: str, user: str) -> StoredRecord | None:
        """Return the record about a user that came last, if there is one."""

    async def known_keys(self, dashboard: str, kind: str, keys: Collection[str]) -> set[str]:
        """Return those of the keys that some record of the kind has, or had before its user was deleted."""

    async def delete_user(self, dashboard: str, user: str) -> int:
        """Erase every record about a user or that mentions them; return how many there were."""

    async def clear(self, dashboard: str | None = None) -> None:
        """Forget one dashboard with all that it holds, or all of them."""

    async def position(self) -> int:
        """Return where the store's end is now: records that are appended later lie after it."""

    async def status(self) -> StoreStatus:
        """Return how much is held over all dashboards."""
