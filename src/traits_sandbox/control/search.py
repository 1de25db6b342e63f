"""Searches exchanges and records: all matches, the number of new ones, and the nearest misses."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from traits_sandbox.control.journal import Journal
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.control.matching import Matcher, MatchError
from traits_sandbox.control.since import Since
from traits_sandbox.control.views import brief_request, parsed_body, shown_headers
from traits_sandbox.json_types import JsonObject
from traits_sandbox.store.protocol import Store, StoredRecord, Window

# Facts about a request that need no parsing of its headers and body, and facts that do.
OUTSIDE: Final = ("id", "operation", "dashboard", "method", "status", "records", "fault", "reason")
INSIDE: Final = ("path", "query", "headers", "body")

# Nearest misses are searched among this many of the newest entries.
COMPARED: Final = 1000
NEAREST: Final = 3

# After this many comparisons, the event loop may handle other requests.
_AT_ONCE: Final = 50

Located = tuple[str, StoredRecord]
"""The name of a dashboard and a record of it."""


@dataclass(frozen=True, slots=True)
class Miss:
    """An exchange or record that does not match, with the mismatches."""

    value: JournalEntry | Located
    misses: list[str]


class RequestSearch:
    """Searches the exchanges of the journal."""

    def __init__(
        self, journal: Journal, dashboard: str | None, *, match: Mapping[str, Any], since: Since | None = None
    ) -> None:
        """Prepare a search; raises MatchError if the pattern is invalid."""
        self._journal, self._dashboard, self._since = journal, dashboard, since or Since()
        spec = {name: _lower_case(value) if name == "headers" else value for name, value in match.items()}
        if unknown := sorted(spec.keys() - {*OUTSIDE, *INSIDE}):
            raise MatchError(f"a request has no {unknown[0][:60]!a} to match, only {', '.join((*OUTSIDE, *INSIDE))}")
        self._whole = Matcher.of(spec)
        self._outside = Matcher.of({name: value for name, value in spec.items() if name in OUTSIDE})
        self._looks_inside = not spec.keys().isdisjoint(INSIDE)
        self._seen = 0

    async def all(self) -> list[JournalEntry]:
        """Return the exchanges that match, oldest first."""
        self._seen = self._journal.added
        return await self._matching(self._since.entries(self._journal))

    async def fresh(self) -> int:
        """Return the number of matches that arrived since the last call."""
        newest, self._seen = self._journal.added - self._seen, self._journal.added
        return len(await self._matching(lambda _: True, newest))

    async def nearest(self) -> list[Miss]:
        """Return the nearest misses, the nearest first."""
        selects = self._since.entries(self._journal)
        candidates = deque(self._journal.entries(self._dashboard, keep=selects), maxlen=COMPARED)
        found = []
        for number, entry in enumerate(reversed(candidates), 1):
            if misses := self._whole.misses(_facts(entry)):
                found.append(Miss(entry, misses))
            await _breathe(number)
        return _ranked(found)

    async def _matching(self, selects: Callable[[JournalEntry], bool], newest: int | None = None) -> list[JournalEntry]:
        def keep(entry: JournalEntry) -> bool:
            return selects(entry) and self._outside.matches(brief_request(entry))

        found = []
        for number, entry in enumerate(self._journal.entries(self._dashboard, keep=keep, newest=newest), 1):
            if not self._looks_inside or self._whole.matches(_facts(entry)):
                found.append(entry)
            await _breathe(number)
        return found


class RecordSearch:
    """Searches the records of a kind in the store; with `user`, only the records of that user."""

    def __init__(
        self,
        store: Store,
        dashboard: str | None,
        kind: str,
        *,
        match: Mapping[str, Any],
        since: Since | None = None,
        user: str | None = None,
    ) -> None:
        """Prepare a search; raises MatchError if the pattern is invalid."""
        self._store, self._dashboard, self._kind, self._user = store, dashboard, kind, user
        self._since = since or Since()
        self._match = Matcher.of(dict(match))
        self._seen = 0

    async def all(self) -> list[Located]:
        """Return the records that match, oldest first."""
        self._seen = await self._store.position()
        return await self._matching(Window(since=self._since.time))

    async def fresh(self) -> int:
        """Return the number of matches that arrived since the last call."""
        after, self._seen = self._seen, await self._store.position()
        return len(await self._matching(Window(after=after)))

    async def nearest(self) -> list[Miss]:
        """Return the nearest misses, the nearest first."""
        self._user = None
        candidates = await self._candidates(Window(since=self._since.time, limit=COMPARED))
        found = []
        for number, (dashboard, record) in enumerate(reversed(candidates), 1):
            if misses := self._match.misses(record.value):
                found.append(Miss((dashboard, record), misses))
            await _breathe(number)
        return _ranked(found)

    async def newest(self, limit: int) -> list[Located]:
        """Return the newest records, whether they match or not, oldest first."""
        return (await self._candidates(Window(since=self._since.time, limit=limit)))[-limit:]

    async def _matching(self, window: Window) -> list[Located]:
        found = []
        for number, each in enumerate(await self._candidates(window), 1):
            if self._match.matches(each[1].value):
                found.append(each)
            await _breathe(number)
        return found

    async def _candidates(self, window: Window) -> list[Located]:
        names = (await self._store.status()).dashboards if self._dashboard is None else [self._dashboard]
        found = []
        for name in names:
            records = await self._store.records(name, self._kind, user=self._user, window=window)
            found += [(name, record) for record in self._since.records(records)]
        return sorted(found, key=lambda each: each[1].received_at) if len(names) > 1 else found


def _facts(entry: JournalEntry) -> JsonObject:
    return {
        **brief_request(entry),
        "query": entry.query,
        "headers": shown_headers(entry.headers),
        "body": parsed_body(entry.body),
    }


def _lower_case(headers: Any) -> Any:
    return {name.lower(): value for name, value in headers.items()} if isinstance(headers, dict) else headers


def _ranked(found: list[Miss]) -> list[Miss]:
    """Return the nearest misses; among equally near ones, the newest first."""
    return sorted(found, key=lambda miss: len(miss.misses))[:NEAREST]


async def _breathe(number: int) -> None:
    if number % _AT_ONCE == 0:
        await asyncio.sleep(0)
