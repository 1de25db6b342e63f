"""The request journal: the last exchanges, for tests to assert on. Bounded in count and in bytes.

Entries are masked when they are taken out, not when they are put in: searching every body for every secret would
cost a third of what answering the request does, and nothing leaves the journal but through `entries`.

Each entry is kept as one string of bytes, but for a large body, which the store mostly holds as well. The dozen objects
that it is made of go back to the allocator while they are warm, and what leaves the ring later is one cold object
instead of a dozen, which by themselves would add a tenth to the cost of a small push.
"""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator

import msgspec

from traits_sandbox.control.arrivals import Arrivals
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.reporting.masking import MASK, Masker

MAX_ENTRIES = 10_000
MAX_BYTES = 64 * 2**20

# So many entries more may gather before room is made, as it is cheaper to make for many at once; whoever reads the
# journal sees `max_entries` of them at most.
_SLACK = 256

# What an entry takes beside its bytes: their head, what the allocator rounds up to, and two places in a ring.
_COST = 64

# Bodies above this are kept as they came: a copy would take memory twice, and beside its cost an object is nothing.
_LARGE = 2**12

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
        names = "|".join(map(re.escape, sorted(key_parameters))) or r"(?!)"
        self._key_parameter = re.compile(rf"((?:^|&)(?:{names})=)[^&]*")
        self._max_entries, self._max_bytes = max_entries, max_bytes
        self._crowded = max_entries + _SLACK
        # The two run side by side: a tuple of both would be one more object to visit when an entry leaves.
        self._packed: deque[bytes] = deque()
        self._dashboards: deque[str] = deque()
        # Large bodies by the entry that they belong to.
        self._large: dict[bytes, bytes] = {}
        self._bytes = 0
        self._evicted: Counter[str] = Counter()
        self._pack = msgspec.msgpack.Encoder().encode
        self._unpack = msgspec.msgpack.Decoder(JournalEntry).decode

    @property
    def size(self) -> int:
        """Return about how many bytes of memory the entries take."""
        return self._bytes

    @property
    def added(self) -> int:
        """Return how many entries have ever been added."""
        return self.arrivals.count

    def add(self, entry: JournalEntry) -> None:
        """Keep an exchange that is over, and wake whoever waits for one."""
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

    def _make_room(self) -> None:
        packed, dashboards, taken = self._packed, self._dashboards, self._bytes
        while len(packed) > self._max_entries or (taken > self._max_bytes and len(packed) > 1):
            oldest = packed.popleft()
            taken -= len(oldest) + _COST
            if self._large:
                taken -= len(self._large.pop(oldest, b""))
            self._evicted[dashboards.popleft()] += 1
        self._bytes = taken

    def evicted(self, dashboard: str | None = None) -> int:
        """Return how many entries of one dashboard, or of all, have left to make room."""
        self._make_room()
        return self._evicted.total() if dashboard is None else self._evicted[dashboard]

    def entries(
        self,
        dashboard: str | None = None,
        *,
        keep: Callable[[JournalEntry], bool] = lambda _: True,
        newest: int | None = None,
    ) -> Iterator[JournalEntry]:
        """Yield the entries of one dashboard, or all, that `keep` holds true for, oldest first.

        With `newest`, only so many of those that were added last are looked at, whosever they are. Secrets are
        masked in what is yielded, not in what `keep` is shown.
        """
        self._make_room()
        held = list(zip(self._packed, self._dashboards, strict=True))
        looked_at = held if newest is None else held[max(0, len(held) - newest) :]
        for packed, owner in looked_at:
            if (dashboard is None or owner == dashboard) and keep(entry := self._unpacked(packed)):
                yield self._masked(entry)

    def holds(self, request_id: str) -> bool:
        """Tell whether the entry of a request is still kept."""
        self._make_room()
        return any(self._unpack(packed).request_id == request_id for packed in self._packed)

    def find(self, request_id: str, dashboard: str | None = None) -> JournalEntry | None:
        """Return the entry of a request, if it is still kept."""
        return next(self.entries(dashboard, keep=lambda entry: entry.request_id == request_id), None)

    def clear(self, dashboard: str | None = None) -> None:
        """Forget the entries of one dashboard, or all, and how many of them had left."""
        held = zip(self._packed, self._dashboards, strict=True)
        kept = [] if dashboard is None else [(packed, owner) for packed, owner in held if owner != dashboard]
        self._packed = deque(packed for packed, _ in kept)
        self._dashboards = deque(owner for _, owner in kept)
        self._large = {packed: self._large[packed] for packed in self._packed if packed in self._large}
        self._bytes = sum(len(packed) + _COST for packed in self._packed) + sum(map(len, self._large.values()))
        if dashboard is None:
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
            query=self._masker(self._key_parameter.sub(rf"\1{MASK}", entry.query)),
            headers=[(name, self._masked_header(name, value)) for name, value in entry.headers],
            body=self._masker.data(body) if body else body,
            hint=self._masker(entry.hint),
        )

    def _masked_header(self, name: bytes, value: bytes) -> bytes:
        if name in _CREDENTIALS:
            scheme, space, _ = value.partition(b" ")
            return scheme + space + MASK.encode() if space else MASK.encode()
        return self._masker.data(value)
