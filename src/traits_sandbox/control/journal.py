"""The request journal: the last exchanges, for tests to assert on. Bounded in count and in bytes.

Entries are masked when they are taken out, not when they are put in: searching every body for every secret would
cost a third of what answering the request does, and nothing leaves the journal but through `entries`.
"""

from collections import deque
from collections.abc import Iterator

from traits_sandbox.control.arrivals import Arrivals
from traits_sandbox.control.entry import Entry
from traits_sandbox.control.redaction import Redactor

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 2**20


class Journal:
    """A ring of entries, oldest first. What leaves it to make room is counted."""

    def __init__(self, redact: Redactor, *, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        self.arrivals = Arrivals()
        self.evicted = 0
        self._redact = redact
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._entries: deque[Entry] = deque()
        self._bytes = 0

    def add(self, entry: Entry) -> None:
        """Keep an exchange that is over, and wake whoever waits for one."""
        self._entries.append(entry)
        self._bytes += entry.cost
        while len(self._entries) > self._max_entries or (self._bytes > self._max_bytes and len(self._entries) > 1):
            self._bytes -= self._entries.popleft().cost
            self.evicted += 1
        self.arrivals.announce()

    def entries(self, dashboard: str | None = None) -> Iterator[Entry]:
        """Yield the entries, oldest first, their secrets masked: those of one dashboard, or all."""
        for entry in self._entries:
            if dashboard is None or entry.dashboard == dashboard:
                if not entry.masked:
                    self._mask(entry)
                yield entry

    def find(self, entry_id: str, dashboard: str | None = None) -> Entry | None:
        """Return the entry of a request, if it is still kept."""
        return next((entry for entry in self.entries(dashboard) if entry.id == entry_id), None)

    def clear(self, dashboard: str | None = None) -> None:
        """Forget the entries of one dashboard, or all."""
        kept = [] if dashboard is None else [entry for entry in self._entries if entry.dashboard != dashboard]
        self._entries = deque(kept)
        self._bytes = sum(entry.cost for entry in kept)

    def _mask(self, entry: Entry) -> None:
        entry.path, entry.query = self._redact(entry.path), self._redact(entry.query)
        entry.headers = [(name, self._redact.data(value)) for name, value in entry.headers]
        if entry.body:
            entry.body = self._redact.data(entry.body)
        entry.masked = True
