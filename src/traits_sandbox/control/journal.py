"""The request journal: the last exchanges, for tests to assert on. Bounded in count and in bytes.

Entries are masked when they are read, not when they are added: searching every body for every secret would add a third
to the cost of a request. `entries` is the only way to read them.

Each entry is kept as one string of bytes, except for a large body, which the store usually has too. So the dozen
objects of an entry are freed at once, while they are still in the processor's cache. Freeing them later, when they are
no longer in the cache, would add a tenth to the cost of a small push.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from heapq import merge
from itertools import chain
from urllib.parse import unquote

import msgspec

from traits_sandbox.control.arrivals import Arrivals
from traits_sandbox.control.credentials import CREDENTIAL_HEADERS, KEY_HEADERS, KEY_NAMES, SCHEMES
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.reporting.masking import MASK, Masker

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 2**20

# Requests that never reached the app are kept apart, so that strangers cannot displace the exchanges of clients.
MAX_REFUSED = 500

# This many more entries can gather before the oldest are dropped, because dropping many at once is cheaper. Readers see
# `max_entries` at most.
_SLACK = 256

# The memory of an entry besides its bytes: the object's header, the allocator's rounding, and two places in a ring.
_COST = 64

# Larger bodies are kept without a copy, which would double their memory.
_LARGE = 2**12

# Headers whose values are never shown.
_CREDENTIALS = frozenset(name.encode() for name in (*CREDENTIAL_HEADERS, *KEY_HEADERS))
_SCHEMES = frozenset(name.encode() for name in SCHEMES)

Conceal = Callable[[str, bytes], bytes | None]
"""Receives the body of an operation's request and returns what may be shown of it, None for nothing."""


def show_all(_operation: str, body: bytes) -> bytes | None:
    """Return the whole body."""
    return body


class Journal:
    """A ring of entries, oldest first. Dropped entries are counted."""

    def __init__(
        self,
        masker: Masker,
        *,
        conceal: Conceal = show_all,
        key_parameters: frozenset[str] = frozenset(),
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Make an empty journal; `key_parameters` are the query parameters whose values are never shown."""
        self.arrivals = Arrivals()
        self._masker = masker
        self._conceal = conceal
        self._key_parameters = frozenset(name.lower() for name in (*key_parameters, *KEY_NAMES))
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._crowded = max_entries + _SLACK
        # Two rings with the same order: tuples would be one more object for each entry.
        self._packed: deque[bytes] = deque()
        self._dashboards: deque[str] = deque()
        # Large bodies by the entry that they belong to.
        self._large: dict[bytes, bytes] = {}
        self._bytes = 0
        self._refused: deque[JournalEntry] = deque(maxlen=MAX_REFUSED)
        self._evicted: Counter[str] = Counter()
        self._pack = msgspec.msgpack.Encoder().encode
        self._unpack = msgspec.msgpack.Decoder(JournalEntry).decode

    @property
    def size(self) -> int:
        """Return the approximate memory of the entries in bytes."""
        return self._bytes

    @property
    def max_entries(self) -> int:
        """Return the most entries that are kept."""
        return self._max_entries

    @property
    def added(self) -> int:
        """Return the number of entries that were ever added."""
        return self.arrivals.count

    def add(self, entry: JournalEntry) -> None:
        """Add the entry of a finished exchange, and wake all waiting coroutines."""
        body = entry.body
        if body is None or len(body) <= _LARGE:
            packed = self._pack(entry)
        else:
            packed = self._pack(msgspec.structs.replace(entry, body=None))
            self._large[packed] = body
            self._bytes += len(body)
        self._packed.append(packed)
        self._dashboards.append(entry.dashboard)
        self._bytes += len(packed) + _COST
        if self._bytes > self._max_bytes or len(self._packed) > self._crowded:
            self._make_room()
        self.arrivals.announce()

    def add_refused(self, entry: JournalEntry) -> None:
        """Add the entry of a request that never reached the app; it belongs to no dashboard."""
        if len(self._refused) == MAX_REFUSED:
            self._evicted[""] += 1
        self._refused.append(entry)
        self.arrivals.announce()

    def _make_room(self) -> None:
        packed, dashboards, size = self._packed, self._dashboards, self._bytes
        while len(packed) > self._max_entries or (size > self._max_bytes and len(packed) > 1):
            oldest = packed.popleft()
            size -= len(oldest) + _COST
            if self._large:
                size -= len(self._large.pop(oldest, b""))
            self._evicted[dashboards.popleft()] += 1
        self._bytes = size

    def evicted(self, dashboard: str | None = None) -> int:
        """Return the number of dropped entries of one dashboard, or of all."""
        self._make_room()
        return self._evicted.total() if dashboard is None else self._evicted[dashboard]

    def entries(
        self,
        dashboard: str | None = None,
        *,
        keep: Callable[[JournalEntry], bool] = lambda _: True,
        newest: int | None = None,
    ) -> Iterator[JournalEntry]:
        """Yield the entries of one dashboard, or all, that `keep` selects, oldest first.

        With `newest`, at least that many of the last entries of all dashboards are searched. Secrets are masked in the
        yielded entries, but not in those passed to `keep`.
        """
        self._make_room()
        for entry in self._held(dashboard, newest):
            if keep(entry):
                yield self._masked(entry)

    def _held(self, dashboard: str | None, newest: int | None) -> Iterator[JournalEntry]:
        """Return the entries of one dashboard, or all with those that never reached the app, oldest first."""
        held = list(zip(self._packed, self._dashboards, strict=True))
        looked_at = held if newest is None else held[max(0, len(held) - newest) :]
        entries = (self._unpacked(packed) for packed, owner in looked_at if dashboard is None or owner == dashboard)
        if dashboard is not None or not self._refused:
            return entries
        refused = list(self._refused)
        return merge(entries, refused if newest is None else refused[max(0, len(refused) - newest) :], key=_ended_at)

    def holds(self, request_id: str) -> bool:
        """Return whether the entry of a request is still in the journal."""
        self._make_room()
        held = (self._unpack(packed) for packed in self._packed)
        return any(entry.request_id == request_id for entry in chain(held, self._refused))

    def find(self, request_id: str, dashboard: str | None = None) -> JournalEntry | None:
        """Return the entry of a request, or None if it is not in the journal."""
        return next(self.entries(dashboard, keep=lambda entry: entry.request_id == request_id), None)

    def clear(self, dashboard: str | None = None) -> None:
        """Remove the entries of one dashboard, or all, and their counts."""
        held = zip(self._packed, self._dashboards, strict=True)
        kept = [] if dashboard is None else [(packed, owner) for packed, owner in held if owner != dashboard]
        self._packed = deque(packed for packed, _ in kept)
        self._dashboards = deque(owner for _, owner in kept)
        self._large = {packed: self._large[packed] for packed in self._packed if packed in self._large}
        self._bytes = sum(len(packed) + _COST for packed in self._packed) + sum(map(len, self._large.values()))
        if dashboard is None:
            self._refused.clear()
            self._evicted.clear()
        else:
            self._evicted.pop(dashboard, None)

    def _unpacked(self, packed: bytes) -> JournalEntry:
        entry = self._unpack(packed)
        entry.body = self._large.get(packed, entry.body)
        return entry

    def _masked(self, entry: JournalEntry) -> JournalEntry:
        body = self._conceal(entry.operation, entry.body) if entry.body is not None else None
        return msgspec.structs.replace(
            entry,
            path=self._masker(entry.path),
            query=self._masker("&".join(map(self._masked_parameter, entry.query.split("&")))),
            headers=[(name, self._masked_header(name, value)) for name, value in entry.headers],
            body=self._masker.data(body) if body else body,
            hint=self._masker(entry.hint),
        )

    def _masked_parameter(self, parameter: str) -> str:
        name, equals, _ = parameter.partition("=")
        return f"{name}={MASK}" if equals and unquote(name).lower() in self._key_parameters else parameter

    def _masked_header(self, name: bytes, value: bytes) -> bytes:
        if name in _CREDENTIALS:
            scheme, space, _ = value.partition(b" ")
            # What stands before the first space may be a key, unless it is a scheme.
            return scheme + space + MASK.encode() if scheme.lower() in _SCHEMES and space else MASK.encode()
        return self._masker.data(value)


def _ended_at(entry: JournalEntry) -> float:
    return entry.received_at + entry.duration
