"""Points in time as people write them: epoch seconds, ISO 8601, or the id of a request."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Final

from traits_sandbox.control.impossible import is_request_id
from traits_sandbox.control.journal import Journal
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.errors import UsageError
from traits_sandbox.store.protocol import StoredRecord

# The year 5138: a later time is one in milliseconds, or smaller parts of a second.
_LATEST: Final = 1e11


@dataclass(frozen=True, slots=True)
class Since:
    """Selects what arrived at a time (epoch seconds) or later, or after a request."""

    time: float = 0.0
    request: str = ""

    def entries(self, journal: Journal) -> Callable[[JournalEntry], bool]:
        """Return a function that selects entries; call it for each entry, oldest first."""
        if not self.request:
            return lambda entry: entry.received_at >= self.time
        if not journal.holds(self.request):  # the request was dropped, so all remaining entries are newer
            return lambda _: True
        passed = False

        def keep(entry: JournalEntry) -> bool:
            nonlocal passed
            before, passed = passed, passed or entry.request_id == self.request
            return before

        return keep

    def records(self, records: list[StoredRecord]) -> list[StoredRecord]:
        """Return the selected records; `records` are sorted, oldest first."""
        places = [index for index, record in enumerate(records) if record.request_id == self.request]
        if self.request and places:
            return records[places[-1] + 1 :]
        return [record for record in records if record.received_at >= self.time]


def parse_since(text: str, journal: Journal, dashboard: str | None) -> Since:
    """Return the point in time of a text; raises UsageError if it is neither a time nor a known request."""
    if not text:
        return Since()
    if entry := journal.find(text, dashboard):
        return Since(entry.received_at, entry.request_id)
    if is_request_id(text):  # before times, because the id 851e-21 is also a number
        raise UsageError(f"since: the request {text!a} is not in the journal, or it is of another dashboard")
    time = _seconds(text)
    if time is not None and time >= _LATEST:
        raise UsageError(f"since: {text[:60]!a} is too late for epoch seconds: is it in milliseconds?")
    if time is None:
        message = f"since: {text[:60]!a} is neither a time (epoch seconds or ISO 8601) nor a request in the journal"
        raise UsageError(message)
    return Since(time)


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
        return seconds if isfinite(seconds) else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
