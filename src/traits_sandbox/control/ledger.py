"""The ledger of bulk loads: which objects have been taken in, so that none is taken in twice.

It is emptied by whatever empties the records, and only then: an object that was taken in and is forgotten would come
in again.
"""

import secrets
from collections.abc import Iterator

import msgspec

from traits_sandbox.errors import UsageError

MAX_BYTES = 64 * 2**20

# About what an object takes beside its texts.
_COST = 512


class LedgerEntry(msgspec.Struct):
    """One object, as far as it has been taken in.

    `source` is the URI that `key` is below. `offset` counts the lines that are done (rows, in Parquet), `rows` those
    that were not blank, `records` what was stored of them, `refused_rows` what was not. `overwritten` is the etag
    that the key was last seen with after it had been taken in with another one; `error` says why the object was not
    read to its end.
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
        """Return a text that is another one after every change, and in every process."""
        return f"{self._run}-{self._changes}"

    def of(self, dashboard: str | None = None) -> Iterator[LedgerEntry]:
        """Yield the loads of one dashboard, or all."""
        return (load for load in self._loads.values() if dashboard in (None, load.dashboard))

    def find(self, dashboard: str, source: str, key: str) -> LedgerEntry | None:
        """Return the load of an object, if there is one."""
        return self._loads.get((dashboard, source, key))

    def begin(self, load: LedgerEntry) -> None:
        """Take down a load, instead of an earlier one of the same object.

        Raises:
            UsageError: there is no room for another one.

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
        """Take note that a load has changed."""
        self._changes += 1

    def clear(self, dashboard: str | None = None) -> None:
        """Forget the loads of one dashboard, or all."""
        self._loads = {at: load for at, load in self._loads.items() if dashboard not in (None, load.dashboard)}
        self._bytes = sum(map(_size, self._loads.values()))
        self.touch()


def _size(load: LedgerEntry) -> int:
    return _COST + len(load.source) + len(load.key) + len(load.etag)
