"""The index of a dashboard's records: references by user and by key, and the batches of each kind.

A reference to a record is `batch number << 20 | position`. The oldest batches are dropped first. Removing their users
from the index one by one would cost more than the rest of a push. So the index has generations of batches: a reference
to a dropped batch is skipped, until a whole generation is dropped at once.
"""

from array import array
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from traits_sandbox.store.protocol import Batch, RecordLayout

_POSITION_BITS = 20
_POSITION = (1 << _POSITION_BITS) - 1


def reference(number: int, position: int = 0) -> int:
    """Return the reference to a record of a batch."""
    return number << _POSITION_BITS | position


def place(of: int) -> tuple[int, int]:
    """Return the batch number and the position of a reference."""
    return of >> _POSITION_BITS, of & _POSITION


class UserIndex:
    """References by user, in order of arrival: a number for one, a packed array for more."""

    def __init__(self) -> None:
        self._by_user: dict[str, int | array[int]] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_user)

    def add(self, users: Iterable[str | None], first: int) -> None:
        """Add one reference for each user, numbered from the first; None is a record without a user."""
        by_user = self._by_user
        for each, user in enumerate(users, first):
            if user is None:
                continue
            held = by_user.get(user)
            if held is None:
                by_user[user] = each
            elif isinstance(held, int):
                by_user[user] = array("Q", (held, each))
            else:
                held.append(each)

    def of(self, user: str) -> Sequence[int]:
        """Return a user's references."""
        held = self._by_user.get(user, ())
        return (held,) if isinstance(held, int) else held

    def since(self, oldest: int) -> Iterator[str]:
        """Yield the users who have a reference to a kept batch."""
        return (user for user in self._by_user if self.of(user)[-1] >= oldest)

    def pop(self, user: str) -> Sequence[int]:
        """Remove a user; return their references."""
        references = self.of(user)
        self._by_user.pop(user, None)
        return references

    def discard(self, references: Mapping[int, str | None]) -> None:
        """Remove single references, each with its user; users without any other are removed too."""
        for user in {user for user in references.values() if user in self._by_user}:
            kept = [each for each in self.of(user) if each not in references]
            if kept:
                self._by_user[user] = array("Q", kept)
            else:
                del self._by_user[user]


class Generation:
    """The users of consecutive batches, from number `first` to `last`."""

    def __init__(self, era: int, first: int) -> None:
        self.era, self.first, self.last = era, first, first
        self.by_kind: defaultdict[str, UserIndex] = defaultdict(UserIndex)
        self.mentions = UserIndex()

    def add(self, batch: Batch, number: int) -> None:
        """Index a batch under its number, the highest so far."""
        self.last, layout = number, batch.layout
        if layout.user:
            self.by_kind[batch.kind].add(batch.columns[layout.user], reference(number))
        if layout.mention:
            self.mentions.add(batch.columns[layout.mention], reference(number))

    def pop(self, user: str) -> Iterator[int]:
        """Remove a user; yield the references of every record that is about or mentions them."""
        for index in (self.mentions, *self.by_kind.values()):
            yield from index.pop(user)


class Index:
    """The index of one dashboard."""

    def __init__(self) -> None:
        self._generations: deque[Generation] = deque()
        # By kind: the reference of each key's current record, sorted by the last change, oldest first.
        self.keys: dict[str, OrderedDict[str, int]] = {}
        self.batches: defaultdict[str, deque[int]] = defaultdict(deque)

    def add(self, batch: Batch, number: int, era: int) -> None:
        """Index a batch under its number; a new era begins a new generation."""
        if not self._generations or self._generations[-1].era != era:
            self._generations.append(Generation(era, number))
        self._generations[-1].add(batch, number)
        self.batches[batch.kind].append(number)
        if batch.layout.key:
            keys = self.keys.setdefault(batch.kind, OrderedDict())
            for each, key in enumerate(batch.columns[batch.layout.key], reference(number)):
                keys[key] = each
                keys.move_to_end(key)

    def users(self, oldest: int) -> set[str]:
        """Return the users of all batches from the oldest on."""
        found: set[str] = set()
        for generation in self._generations:
            for index in generation.by_kind.values():
                found.update(index if generation.first >= oldest else index.since(reference(oldest)))
        return found

    def of_user(self, kind: str, user: str, oldest: int) -> Iterator[int]:
        """Yield the references of a user's records of a kind in batches from the oldest on, newest first."""
        limit = reference(oldest)
        for generation in reversed(self._generations):
            index = generation.by_kind.get(kind)
            for each in reversed(index.of(user) if index else ()):
                if each < limit:
                    return
                yield each

    def remove_oldest(self, kind: str, number: int) -> None:
        """Forget the oldest batch; its users are forgotten together with its generation."""
        self.batches[kind].popleft()
        keys, limit = self.keys.get(kind), reference(number + 1)
        while keys and next(iter(keys.values())) < limit:
            keys.popitem(last=False)
        if self._generations[0].last == number:
            self._generations.popleft()

    def pop_user(self, user: str) -> list[int]:
        """Forget a user; return the references of all records about them or with them, dropped records included."""
        return [each for generation in self._generations for each in generation.pop(user)]

    def forget(self, kind: str, layout: RecordLayout, number: int, erased: Mapping[int, Mapping[str, Any]]) -> None:
        """Forget the references of other users to erased records of a batch, in which they are mentioned too."""
        records = {reference(number, position): record for position, record in erased.items()}
        generation = next(each for each in self._generations if number <= each.last)
        if layout.user:
            generation.by_kind[kind].discard({each: record.get(layout.user) for each, record in records.items()})
        if layout.mention:
            generation.mentions.discard({each: record.get(layout.mention) for each, record in records.items()})
