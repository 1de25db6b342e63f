"""The records of one delivery of PlayFab events, and the violations of what is refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from traits_sandbox.derive.places import RecordPlace
from traits_sandbox.derive.violations import KeptViolations
from traits_sandbox.handlers.intake import BATCH_SIZE, Arrival, Intake, RecordIntake
from traits_sandbox.handlers.playfab.event import PlayFabEvent
from traits_sandbox.handlers.playfab.rules import Mapped
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


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event that was not seen before, its index in the delivery, and its mapped records."""

    index: int
    event: PlayFabEvent
    mapped: Mapped | None

    @property
    def player(self) -> str:
        """Return the player's id; empty if there is none, or if it is not a text."""
        player = self.event.player
        return player if isinstance(player, str) else ""

    @property
    def wants_registration(self) -> bool:
        """Return whether the event becomes a record with the player's day of registration."""
        return bool(self.player and self.mapped and self.mapped.record.field_of("registered"))


class Delivery:
    """Collects the events of a delivery; `records` counts the valid records made from them."""

    def __init__(self, intake: Intake, request_id: str, days: Mapping[str, str]) -> None:
        self.refused = KeptViolations()
        self.records = 0
        self._intake = intake
        self._request_id = request_id
        self._days = days
        self._accepted: dict[str, list[JsonObject]] = {}
        self._registrations: list[JsonObject] = []
        self._raw: list[JsonObject] = []

    def add(self, arrived: Arrived) -> None:
        """Add an event: its valid records, and the raw event with the violations of the others."""
        violations = self._add_rows(arrived, arrived.mapped) if arrived.mapped else []
        key = arrived.event.id or f"{self._request_id} {place_of(arrived.index)}"
        player = {USER: arrived.player} if arrived.player else {}
        self._raw.append({KEY: key, **player, "event": arrived.event.raw, "verdict": violations})

    def batches(self, arrival: Arrival) -> list[Batch]:
        """Return all batches to store."""
        batches = [*_batches(WEBHOOK_EVENT, _EVENT_LAYOUT, self._raw, arrival)]
        batches += _batches(REGISTRATION, _REGISTRATION_LAYOUT, self._registrations, arrival)
        for heading, rows in self._accepted.items():
            batches += self._intake.of(heading).batches(rows, arrival)
        return batches

    def _add_rows(self, arrived: Arrived, mapped: Mapped) -> list[str]:
        intake = self._intake.of(mapped.record.heading)
        rows = [self._with_day(arrived, row, intake) for row in mapped.rows]
        good, bad = intake.accept(rows, lambda _: RecordPlace(collection=EVENTS, record=arrived.index))
        self._accepted.setdefault(mapped.record.heading, []).extend(good)
        self.records += len(good)
        self.refused.add(bad)
        if good and mapped.registered:
            self._registrations.append({USER: arrived.player, DAY: mapped.registered})
        return [str(violation) for violation in bad]

    def _with_day(self, arrived: Arrived, row: JsonObject, intake: RecordIntake) -> JsonObject:
        field = intake.record.field_of("registered")
        day = self._days.get(arrived.player)
        return {field.name: day, **row} if field and day else row


def place_of(index: int) -> str:
    """Return the place of an event as people write it."""
    return f"{EVENTS}[{index}]"


def _batches(kind: str, layout: RecordLayout, records: Sequence[JsonObject], arrival: Arrival) -> Iterator[Batch]:
    for start in range(0, len(records), BATCH_SIZE):
        part = records[start : start + BATCH_SIZE]
        columns = layout.columns(part)
        yield Batch(kind, layout, len(part), columns, orjson.dumps(part), "", arrival.at, arrival.request_id)
