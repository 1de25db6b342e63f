"""The interface of every store. Times are epoch seconds; a dashboard is the name of one customer's separate data."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """The fields of a kind that the store indexes; empty if the kind has no such field.

    `user` is the user of a record, `mention` another user in it, and a later record replaces an earlier one with the
    same `key`.
    """

    user: str = ""
    mention: str = ""
    key: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the indexed fields."""
        return tuple(name for name in (self.user, self.mention, self.key) if name)

    def columns(self, records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
        """Return the values of the indexed fields in parsed records."""
        return {name: [record.get(name) for record in records] for name in self.names}


class Batch(msgspec.Struct, frozen=True):
    """Records of one kind that arrived together.

    `raw` is the JSON of `count` records: a list, or an object with the list under `collection`. `columns` has the
    values of each indexed field in all records (None if absent), so a store need not parse what it appends.
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
    """A record with the time and the id of its request."""

    kind: str
    value: dict[str, Any]
    received_at: float
    request_id: str


@dataclass(frozen=True, slots=True)
class Window:
    """Selects records: appended after a position, received at or after a time, at most `limit` of the newest.

    `after` is what `position` returned, `since` is in epoch seconds.
    """

    after: int = 0
    since: float = 0.0
    limit: int | None = None


ALL: Final = Window()


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The totals of a store; `evicted` counts records that were dropped to keep within the memory limit."""

    store: str
    records: int
    bytes: int
    evicted: int = 0
    dashboards: Collection[str] = field(default_factory=tuple)


class Store(Protocol):
    """A place for acknowledged records."""

    async def append(self, dashboard: str, batches: Sequence[Batch]) -> None:
        """Append all batches, or none if it raises."""

    async def users(self, dashboard: str) -> Collection[str]:
        """Return the ids of all users who have a record."""

    async def records(
        self, dashboard: str, kind: str, *, user: str | None = None, window: Window = ALL
    ) -> list[StoredRecord]:
        """Return the records of a kind within a window, oldest first; those about one user if it is given."""

    async def latest(self, dashboard: str, kind: str, user: str) -> StoredRecord | None:
        """Return the newest record about a user, or None."""

    async def known_keys(self, dashboard: str, kind: str, keys: Collection[str]) -> dict[str, str]:
        """Return each key that a record of the kind has, or had before its user was deleted, with its request id."""

    async def delete_user(self, dashboard: str, user: str) -> int:
        """Delete every record that is about a user or mentions them; return their number."""

    async def clear(self, dashboard: str | None = None) -> None:
        """Delete everything of one dashboard, or of all."""

    async def position(self) -> int:
        """Return the current end of the store: records that are appended later come after it."""

    async def status(self) -> StoreStatus:
        """Return the totals over all dashboards."""
