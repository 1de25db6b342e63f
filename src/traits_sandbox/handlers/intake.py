"""The one way into the store: every route judges its records here and stores them as batches."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import orjson

from traits_sandbox.contract.model import Contract, Record
from traits_sandbox.derive.bodies import Records
from traits_sandbox.derive.places import RecordPlace
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.errors import Violation
from traits_sandbox.json_types import JsonObject
from traits_sandbox.store.protocol import Batch, RecordLayout

# Rows of files are stored in batches of this many, about the size of a push.
BATCH_SIZE = 1000


class Arrival(msgspec.Struct, frozen=True):
    """When records arrived, in epoch seconds, and in which request."""

    at: float
    request_id: str


class RecordIntake:
    """Judges the records of one heading, stores one spelling of each value, and makes batches."""

    def __init__(self, contract: Contract, record: Record) -> None:
        self.record = record
        self.schema = RecordSchema(contract, record)
        self.optional = frozenset(field.name for field in record.fields if not field.required)
        self._aliases = {field.name: field.aliases for field in record.fields if field.aliases}
        self._layout = RecordLayout(user=_role(record, "user"), mention=_role(record, "mention"), key=record.key)
        self._indexed = self._layout.names

    def accept(
        self, rows: Sequence[JsonObject], place: Callable[[int], RecordPlace]
    ) -> tuple[list[JsonObject], list[Violation]]:
        """Return the valid rows, and the violations of the others; `place` returns where the row with an index is."""
        violations: list[Violation] = []
        bad = set()
        for index, found in self.schema.refused(rows, place):
            bad.add(index)
            violations += found
        return [row for index, row in enumerate(rows) if index not in bad], violations

    def batches(self, records: Sequence[JsonObject], arrival: Arrival) -> list[Batch]:
        """Return valid records as batches of BATCH_SIZE."""
        starts = range(0, len(records), BATCH_SIZE)
        return [self._batch(records[start : start + BATCH_SIZE], arrival) for start in starts]

    def pushed(self, records: Records, arrival: Arrival, *, raw: bytes, collection: str) -> Batch:
        """Return the valid records of a push as one batch, which keeps the bytes of the body."""
        if records.readings or (self._aliases and self._spelled_otherwise(records)):
            return self._batch(records.rows, arrival)
        columns = {name: records.column(name) for name in self._indexed}
        count = len(records.rows)
        return Batch(self.record.kind, self._layout, count, columns, raw, collection, arrival.at, arrival.request_id)

    def _batch(self, records: Sequence[JsonObject], arrival: Arrival) -> Batch:
        stored = [self._normalised(record) for record in records] if self._aliases else records
        columns = self._layout.columns(stored)
        # orjson allocates too much memory; a copy is as large as its content.
        raw = bytes(memoryview(orjson.dumps(stored)))
        return Batch(self.record.kind, self._layout, len(stored), columns, raw, "", arrival.at, arrival.request_id)

    def _spelled_otherwise(self, records: Records) -> bool:
        return any(
            not aliases.keys().isdisjoint(filter(None, records.column(name))) for name, aliases in self._aliases.items()
        )

    def _normalised(self, record: JsonObject) -> JsonObject:
        spelled = {
            name: aliases[record[name]] for name, aliases in self._aliases.items() if record.get(name) in aliases
        }
        return record | spelled


class Intake:
    """The intakes of all records of a contract. Each is made at its first use."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._made: dict[str, RecordIntake] = {}

    def of(self, heading: str) -> RecordIntake:
        """Return the intake of a record; raises KeyError if the contract has no such heading."""
        if heading not in self._made:
            self._made[heading] = RecordIntake(self._contract, self._contract.record(heading))
        return self._made[heading]


def _role(record: Record, role: Any) -> str:
    field = record.field_of(role)
    return field.name if field else ""
