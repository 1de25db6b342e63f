"""What became of each event of a webhook delivery: values for the journal, and sentences for the log."""

from enum import StrEnum
from typing import Final

import msgspec

from traits_sandbox.errors import Violation


class EventResult(StrEnum):
    """What became of an event."""

    STORED = "stored"
    REFUSED = "refused"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"


class IgnoredReason(StrEnum):
    """Why an event is acknowledged and becomes no record."""

    NO_NAME = "no_name"
    NO_PLAYER = "no_player"
    NOT_ABOUT_A_PLAYER = "not_about_a_player"
    TOO_MANY_VALUES = "too_many_values"
    NO_RULE = "no_rule"


_BECAUSE: Final = {
    IgnoredReason.NO_NAME: "it has no {}",
    IgnoredReason.NO_PLAYER: "it has no {}",
    IgnoredReason.NOT_ABOUT_A_PLAYER: "its {} is not that of a player, and it has no other player id",
    IgnoredReason.TOO_MANY_VALUES: "it has too many values for one record",
    IgnoredReason.NO_RULE: "no rule turns it into a record",
}


class EventReport(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of the event with an index in its delivery.

    `records` counts the stored records by kind. `reason` is why an event was ignored, `field` the property of the event
    that the reason is about. `duplicate_of` is the request that brought the same event before, which can be this one.
    `left_out` are optional values that did not fit and were left out of the stored records. `refused_count` counts the
    violations of records that were not stored.
    """

    index: int
    event_id: str
    name: str
    result: EventResult
    records: dict[str, int] = {}
    reason: IgnoredReason | None = None
    field: str = ""
    duplicate_of: str = ""
    left_out: tuple[Violation, ...] = ()
    refused_count: int = 0

    @property
    def is_plain(self) -> bool:
        """Return whether the event was stored with everything that it has."""
        return self.result is EventResult.STORED and not self.left_out and not self.refused_count

    def __str__(self) -> str:
        name = f" {self.name}" if self.name else ""
        return f"events[{self.index}]{name}: {'; '.join([self._ending(), *map(_left_out, self.left_out)])}"

    def _ending(self) -> str:
        match self.result:
            case EventResult.IGNORED if self.reason:
                return f"ignored: {_BECAUSE[self.reason].format(self.field)}"
            case EventResult.DUPLICATE:
                return f"ignored: a duplicate of event {self.event_id} in request {self.duplicate_of}"
            case EventResult.STORED:
                stored = ", ".join(_counted(count, kind) for kind, count in self.records.items())
                return f"stored as {stored}{self._violations(', with ')}"
            case _:
                return f"not stored{self._violations(': ')}"

    def _violations(self, before: str) -> str:
        return f"{before}{_counted(self.refused_count, 'violation')}" if self.refused_count else ""


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _left_out(violation: Violation) -> str:
    return f"left out: {violation.sentence}"
