"""The ledger of bulk loads: which objects were ingested, so that no object is ingested twice.

It is emptied only together with the records: an object that is missing here is ingested again.
"""

import secrets
from collections.abc import Iterator

import msgspec

from traits_sandbox.errors import UsageError

MAX_BYTES = 64 * 2**20

# The approximate memory of an entry besides its texts.
_COST = 512


class LedgerEntry(msgspec.Struct):
    """One object, and how much of it was ingested.

    `key` is relative to the URI `source`. `offset` counts the lines that were read (rows, in Parquet), `rows` those
    that were not blank, `records` the stored ones, `refused_rows` the others. `overwritten` is the last other etag of
    the key after it was ingested; `error` says why the object was not read to its end.
    """

    id: str
    dashboard: str
    source: str
    folder: str
    key: str
    etag: str
    begun_at: float
    offset: int = 0
    rows: int = 0
    records: int = 0
    refused_rows: int = 0
    complete: bool = False
    error: str = ""
    overwritten: str = ""


class Ledger:
    """The loads of all dashboards, in the order in which they began."""

    def __init__(self, *, max_bytes: int = MAX_BYTES) -> None:
        self._loads: dict[tuple[str, str, str], LedgerEntry] = {}
        self._bytes, self._max_bytes = 0, max_bytes
        self._run, self._changes = secrets.token_hex(4), 0

    @property
    def version(self) -> str:
        """Return a text that changes with every change of the ledger, and differs in every process."""
        return f"{self._run}-{self._changes}"

    def of(self, dashboard: str | None = None) -> Iterator[LedgerEntry]:
        """Yield the loads of one dashboard, or all."""
        return (load for load in self._loads.values() if dashboard in (None, load.dashboard))

    def find(self, dashboard: str, source: str, key: str) -> LedgerEntry | None:
        """Return the load of an object, if there is one."""
        return self._loads.get((dashboard, source, key))

    def begin(self, load: LedgerEntry) -> None:
        """Add a load, in place of an earlier one of the same object.

        Raises:
            UsageError: the ledger is full.

        """
        at = (load.dashboard, load.source, load.key)
        if at not in self._loads:
            size = _size(load)
            if self._bytes + size > self._max_bytes:
                raise UsageError(f"the ledger holds {len(self._loads)} objects and has no room for more: reset it")
            self._bytes += size
        self._loads[at] = load
        self.touch()

    def touch(self) -> None:
        """Note that a load has changed."""
        self._changes += 1

    def clear(self, dashboard: str | None = None) -> None:
        """Remove the loads of one dashboard, or all."""
        self._loads = {at: load for at, load in self._loads.items() if dashboard not in (None, load.dashboard)}
        self._bytes = sum(map(_size, self._loads.values()))
        self.touch()


def _size(load: LedgerEntry) -> int:
    return _COST + len(load.source) + len(load.key) + len(load.etag)
