"""One exchange, a request with its response, for the log and the journal."""

import msgspec

from traits_sandbox.derive.leniency import Reading
from traits_sandbox.derive.records import UnknownField
from traits_sandbox.errors import ApiError, Violation
from traits_sandbox.event_results import EventReport

Headers = list[tuple[bytes, bytes]]


class JournalEntry(msgspec.Struct, array_like=True):
    """The facts about an exchange, filled in while the app handles it.

    `path` is as it was sent, without the query, which may contain a key. `dashboard` is a name, never the key.
    `received_at` is in epoch seconds, `started` is a `perf_counter` time, `duration` is in seconds. `body` is None if
    it was not read or is in a file. `fault` is the id of the applied fault. `reason` names why a key or a request was
    refused. `events` says what became of the events of a webhook delivery. A request that never reached the app has no
    dashboard, and only the parts that were received.
    """

    request_id: str
    method: str
    path: str
    query: str
    headers: Headers
    received_at: float
    started: float
    operation: str = ""
    dashboard: str = ""
    body: bytes | None = None
    status: int = 0
    duration: float = 0.0
    records: int = 0
    violations: tuple[Violation, ...] = ()
    violation_count: int = 0
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()
    hint: str = ""
    fault: str = ""
    reason: str = ""
    events: tuple[EventReport, ...] = ()

    def note_error(self, error: ApiError) -> None:
        """Copy the violations, the reason and the hint of an error."""
        self.reason = error.reason
        self.violations, self.violation_count, self.hint = error.violations, error.violation_count, error.hint
