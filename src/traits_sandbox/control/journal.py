"""The request journal: the last exchanges, for tests to assert on. Bounded in count and in bytes.

Entries are masked when they are taken out, not when they are put in: searching every body for every secret would
cost a third of what answering the request does, and nothing leaves the journal but through `entries`.
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator

import msgspec

from traits_sandbox.control.arrivals import Arrivals
from traits_sandbox.control.entry import Entry
from traits_sandbox.control.redaction import MASK, Redactor

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 2**20

# Headers that authenticate a client: even a credential that opens nothing here may open something elsewhere.
_CREDENTIALS = frozenset({b"authorization", b"cookie", b"proxy-authorization", b"sandbox-control-token"})

Conceal = Callable[[str, bytes], bytes | None]
"""Takes the body of an operation's request and returns what may be shown of it, None for nothing."""


def show_all(_operation: str, body: bytes) -> bytes | None:
    """Return the whole body."""
    return body


class Journal:
    """A ring of entries, oldest first. What leaves it to make room is counted."""

    def __init__(
        self,
        redact: Redactor,
        *,
        conceal: Conceal = show_all,
        key_parameters: frozenset[str] = frozenset(),
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Make an empty journal; `key_parameters` are the query parameters whose values are never shown."""
        self.arrivals = Arrivals()
        self._redact = redact
        self._conceal = conceal
        names = "|".join(map(re.escape, sorted(key_parameters))) or r"(?!)"
        self._key_parameter = re.compile(rf"((?:^|&)(?:{names})=)[^&]*")
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._entries: deque[tuple[Entry, int]] = deque()
        self._bytes = 0
        self._added = 0
        self._evicted: Counter[str] = Counter()

    @property
    def size(self) -> int:
        """Return about how many bytes of memory the entries take."""
        return self._bytes

    @property
    def added(self) -> int:
        """Return how many entries have ever been added."""
        return self._added

    def add(self, entry: Entry) -> None:
        """Keep an exchange that is over, and wake whoever waits for one."""
        cost = entry.cost
        self._entries.append((entry, cost))
        self._added += 1
        self._bytes += cost
        while len(self._entries) > self._max_entries or (self._bytes > self._max_bytes and len(self._entries) > 1):
            evicted, cost = self._entries.popleft()
            self._bytes -= cost
            self._evicted[evicted.dashboard] += 1
        self.arrivals.announce()

    def evicted(self, dashboard: str | None = None) -> int:
        """Return how many entries of one dashboard, or of all, have left to make room."""
        return self._evicted.total() if dashboard is None else self._evicted[dashboard]

    def entries(
        self,
        dashboard: str | None = None,
        *,
        keep: Callable[[Entry], bool] = lambda _: True,
        newest: int | None = None,
    ) -> Iterator[Entry]:
        """Yield the entries of one dashboard, or all, that `keep` holds true for, oldest first.

        With `newest`, only so many of those that were added last are looked at, whosever they are. Secrets are
        masked in what is yielded, not in what `keep` is shown.
        """
        held = list(self._entries)
        looked_at = held if newest is None else held[max(0, len(held) - newest) :]
        for entry, _ in looked_at:
            if (dashboard is None or entry.dashboard == dashboard) and keep(entry):
                yield self._masked(entry)

    def holds(self, entry_id: str) -> bool:
        """Tell whether the entry of a request is still kept."""
        return any(entry.id == entry_id for entry, _ in self._entries)

    def find(self, entry_id: str, dashboard: str | None = None) -> Entry | None:
        """Return the entry of a request, if it is still kept."""
        return next(self.entries(dashboard, keep=lambda entry: entry.id == entry_id), None)

    def clear(self, dashboard: str | None = None) -> None:
        """Forget the entries of one dashboard, or all, and how many of them had left."""
        kept = [] if dashboard is None else [each for each in self._entries if each[0].dashboard != dashboard]
        self._entries = deque(kept)
        self._bytes = sum(cost for _, cost in kept)
        if dashboard is None:
            self._evicted.clear()
        else:
            self._evicted.pop(dashboard, None)

    def _masked(self, entry: Entry) -> Entry:
        body = self._conceal(entry.operation, entry.body) if entry.body is not None else None
        return msgspec.structs.replace(
            entry,
            path=self._redact(entry.path),
            query=self._redact(self._key_parameter.sub(rf"\1{MASK}", entry.query)),
            headers=[(name, self._masked_header(name, value)) for name, value in entry.headers],
            body=self._redact.data(body) if body else body,
            hint=self._redact(entry.hint),
        )

    def _masked_header(self, name: bytes, value: bytes) -> bytes:
        if name in _CREDENTIALS:
            scheme, space, _ = value.partition(b" ")
            return scheme + space + MASK.encode() if space else MASK.encode()
        return self._redact.data(value)
