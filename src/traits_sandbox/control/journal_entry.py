"""One exchange, a request with its answer, as the log tells it and the journal keeps it."""

import msgspec

from traits_sandbox.derive.leniency import Reading
from traits_sandbox.derive.records import UnknownField
from traits_sandbox.errors import ApiError, Violation

Headers = list[tuple[bytes, bytes]]


class JournalEntry(msgspec.Struct, array_like=True):
    """What is known of an exchange so far; filled as it moves through the app.

    `path` is as it was sent, without the query, which may hold a key. `dashboard` is a name, never the key.
    `received_at` is in epoch seconds, `started` on the clock of `perf_counter`, `duration` in seconds. `body` is
    None where it was not read, or went to a file. `fault` is the id of the fault that was applied.
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

    def note_error(self, error: ApiError) -> None:
        """Take over what an error says beside its status."""
        self.violations, self.violation_count, self.hint = error.violations, error.violation_count, error.hint
