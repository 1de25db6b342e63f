"""The records of one delivery of PlayFab events, and what became of each event."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from traits_sandbox.derive.places import RecordPlace
from traits_sandbox.derive.sentences import excerpt, short
from traits_sandbox.derive.violations import KeptViolations
from traits_sandbox.errors import Rule, Violation
from traits_sandbox.event_results import EventReport, EventResult
from traits_sandbox.handlers.call import HandlerResult
from traits_sandbox.handlers.intake import BATCH_SIZE, Arrival, Intake, RecordIntake
from traits_sandbox.handlers.playfab.event import PlayFabEvent
from traits_sandbox.handlers.playfab.rules import Ignored, Mapped
from traits_sandbox.json_types import JsonObject
from traits_sandbox.store.protocol import Batch, RecordLayout

# Kinds that the contract does not have: raw events, and the days on which players registered.
WEBHOOK_EVENT = "webhook_event"
REGISTRATION = "registration"

EVENTS = "events"

KEY, USER, DAY = "id", "user", "day"

# A raw event only mentions its player: it is deleted with the player, but does not create a user.
_EVENT_LAYOUT = RecordLayout(mention=USER, key=KEY)
_REGISTRATION_LAYOUT = RecordLayout(user=USER)

_NO_EVENTS = "the list has no events, so nothing is stored"


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event that was not seen before, its index in the delivery, and its mapped records or why it has none."""

    index: int
    event: PlayFabEvent
    outcome: Mapped | Ignored

    @property
    def mapped(self) -> Mapped | None:
        """Return the mapped records, or None."""
        return self.outcome if isinstance(self.outcome, Mapped) else None

    @property
    def player(self) -> str:
        """Return the player's id; empty if there is none, or if it is not a text."""
        player = self.event.player
        return player if isinstance(player, str) else ""

    @property
    def wants_registration(self) -> bool:
        """Return whether the event becomes a record with the player's day of registration."""
        return bool(self.player and self.mapped and self.mapped.record.field_of("registered"))


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of one event: the valid ones, and violations of the others and of optional values that are left out."""

    rows: Sequence[JsonObject]
    refused: Sequence[Violation]
    left_out: Sequence[Violation]


class Delivery:
    """Collects the events of a delivery, and a report of each."""

    def __init__(self, intake: Intake, request_id: str, days: Mapping[str, str]) -> None:
        self._intake = intake
        self._request_id = request_id
        self._days = days
        self._refused = KeptViolations()
        self._reports: list[EventReport] = []
        self._accepted: dict[str, list[JsonObject]] = {}
        self._registrations: list[JsonObject] = []
        self._raw: list[JsonObject] = []

    def refuse(self, index: int, value: Any) -> None:
        """Add a value that is not an event."""
        self._refused.add([Violation(place_of(index), Rule.TYPE, "must be an object", excerpt(value))])
        self._reports.append(EventReport(index, "", "", EventResult.REFUSED, refused_count=1))

    def repeat(self, index: int, event: PlayFabEvent, request_id: str) -> None:
        """Add an event that a request has brought before."""
        self._report(index, event, EventResult.DUPLICATE, duplicate_of=request_id)

    def add(self, arrived: Arrived) -> None:
        """Add an event: its valid records, and the raw event with the violations of the others."""
        outcome = arrived.outcome
        if isinstance(outcome, Ignored):
            self._keep(arrived, ())
            reason, field = outcome.reason, outcome.field
            self._report(arrived.index, arrived.event, EventResult.IGNORED, reason=reason, field=field)
        else:
            judged = self._judged(arrived, outcome)
            self._keep(arrived, judged.refused)
            self._accept(arrived, outcome, judged)

    def batches(self, arrival: Arrival) -> list[Batch]:
        """Return all batches to store."""
        batches = [*_batches(WEBHOOK_EVENT, _EVENT_LAYOUT, self._raw, arrival)]
        batches += _batches(REGISTRATION, _REGISTRATION_LAYOUT, self._registrations, arrival)
        for heading, rows in self._accepted.items():
            batches += self._intake.of(heading).batches(rows, arrival)
        return batches

    def result(self) -> HandlerResult:
        """Return the facts about the delivery, with the reports in the order of the events."""
        reports = tuple(sorted(self._reports, key=lambda report: report.index))
        return HandlerResult(
            records=sum(map(len, self._accepted.values())),
            refused=self._refused.kept,
            refused_count=self._refused.count,
            events=reports,
            hint=_hint(reports),
        )

    def _judged(self, arrived: Arrived, mapped: Mapped) -> Judged:
        intake = self._intake.of(mapped.record.heading)
        place = RecordPlace(collection=EVENTS, record=arrived.index)
        rows = [self._with_day(arrived, row, intake) for row in mapped.rows]
        good, bad = intake.accept(rows, lambda _: place)
        # The first violation of each, because all rows of an event have the same optional values.
        left_out = {violation.key: violation for violation in reversed(bad) if violation.key in intake.optional}
        if left_out:
            rows = [{name: value for name, value in row.items() if name not in left_out} for row in rows]
            good, bad = intake.accept(rows, lambda _: place)
        return Judged(good, bad, [*left_out.values()])

    def _accept(self, arrived: Arrived, mapped: Mapped, judged: Judged) -> None:
        self._accepted.setdefault(mapped.record.heading, []).extend(judged.rows)
        self._refused.add(judged.refused)
        if judged.rows and mapped.registered:
            self._registrations.append({USER: arrived.player, DAY: mapped.registered})
        self._report(
            arrived.index,
            arrived.event,
            EventResult.STORED if judged.rows else EventResult.REFUSED,
            records={mapped.record.kind: len(judged.rows)} if judged.rows else {},
            left_out=tuple(judged.left_out),
            refused_count=len(judged.refused),
        )

    def _keep(self, arrived: Arrived, refused: Sequence[Violation]) -> None:
        key = arrived.event.id or f"{self._request_id} {place_of(arrived.index)}"
        player = {USER: arrived.player} if arrived.player else {}
        verdict = [str(violation) for violation in refused]
        self._raw.append({KEY: key, **player, "event": arrived.event.raw, "verdict": verdict})

    def _report(self, index: int, event: PlayFabEvent, result: EventResult, **facts: Any) -> None:
        name = event.name if isinstance(event.name, str) else ""
        self._reports.append(EventReport(index, short(event.id), short(name), result, **facts))

    def _with_day(self, arrived: Arrived, row: JsonObject, intake: RecordIntake) -> JsonObject:
        field = intake.record.field_of("registered")
        day = self._days.get(arrived.player)
        return {field.name: day, **row} if field and day else row


def place_of(index: int) -> str:
    """Return the place of an event as people write it."""
    return f"{EVENTS}[{index}]"


def _hint(reports: Sequence[EventReport]) -> str:
    """Return why a delivery was not stored as a whole, empty if it was."""
    if not reports:
        return _NO_EVENTS
    missing = [report for report in reports if report.result is not EventResult.STORED]
    if not missing:
        return ""
    return f"{len(missing)} of {len(reports)} events not stored: {missing[0]}"


def _batches(kind: str, layout: RecordLayout, records: Sequence[JsonObject], arrival: Arrival) -> Iterator[Batch]:
    for start in range(0, len(records), BATCH_SIZE):
        part = records[start : start + BATCH_SIZE]
        columns = layout.columns(part)
        yield Batch(kind, layout, len(part), columns, orjson.dumps(part), "", arrival.at, arrival.request_id)
