"""One request and its answer, as the log tells it."""

from dataclasses import dataclass

from traits_sandbox.derive.leniency import Reading
from traits_sandbox.derive.validation import UnknownField
from traits_sandbox.errors import ApiError, Violation
from traits_sandbox.handlers.call import Reply


@dataclass(slots=True)
class Exchange:
    """What is known of a request so far; filled as it moves through the app.

    `path` is as it was sent, without the query, which may hold a key. `dashboard` is a name, never the key.
    `duration` is in seconds.
    """

    id: str
    method: str
    path: str
    received_at: float
    started: float
    operation: str = ""
    dashboard: str = ""
    status: int = 0
    duration: float = 0.0
    records: int = 0
    violations: tuple[Violation, ...] = ()
    violation_count: int = 0
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()
    hint: str = ""

    def note_reply(self, reply: Reply) -> None:
        """Take over what a success says beside its data."""
        self.records, self.unknown = reply.records, reply.unknown
        self.readings += reply.readings
        self.violations, self.violation_count = reply.refused, reply.refused_count

    def note_error(self, error: ApiError) -> None:
        """Take over what an error says beside its status."""
        self.violations, self.violation_count, self.hint = error.violations, error.violation_count, error.hint
