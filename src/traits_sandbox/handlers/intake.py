"""The one way into the store: every door judges records here and hands them over as batches."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import orjson

from traits_sandbox.contract.model import Contract, Record
from traits_sandbox.derive.validation import Records, RecordSchema
from traits_sandbox.errors import Violation
from traits_sandbox.json_types import JsonObject
from traits_sandbox.store.protocol import Batch, RecordLayout

# Rows of files are stored in batches of this many, about as many as a push carries.
BATCH_SIZE = 1000


class Arrival(msgspec.Struct, frozen=True):
    """When records arrived (epoch seconds) and with which request."""

    at: float
    origin: str


class RecordIntake:
    """Takes records of one heading in: judges them, normalises spellings, makes batches."""

    def __init__(self, contract: Contract, record: Record) -> None:
        self.record = record
        self.schema = RecordSchema(contract, record)
        self._aliases = {field.name: field.aliases for field in record.fields if field.aliases}
        self._layout = RecordLayout(user=_role(record, "user"), mention=_role(record, "mention"), key=record.key)
        self._indexed = self._layout.names

    def accept(self, rows: Iterable[tuple[str, JsonObject]]) -> tuple[list[JsonObject], list[Violation]]:
        """Part rows, each with the words for its place, into valid ones and what is wrong with the others.

        A violation stands at `<place>: <field>`; it has no pointer, as the rows are no part of a JSON body.
        """
        good: list[JsonObject] = []
        violations: list[Violation] = []
        for place, row in rows:
            if self.schema.is_valid(row):
                good.append(row)
            else:
                violations += (_at(place, violation) for violation in self.schema.violations(row))
        return good, violations

    def batches(self, records: Sequence[JsonObject], arrival: Arrival) -> list[Batch]:
        """Return valid records as batches of BATCH_SIZE."""
        starts = range(0, len(records), BATCH_SIZE)
        return [self._batch(records[start : start + BATCH_SIZE], arrival) for start in starts]

    def pushed(self, records: Records, arrival: Arrival, *, raw: bytes, collection: str) -> Batch:
        """Return the valid records of a push as one batch that keeps the bytes they came in."""
        if records.readings or (self._aliases and self._spelled_otherwise(records)):
            return self._batch(records.rows, arrival)
        columns = {name: records.column(name) for name in self._indexed}
        count = len(records.rows)
        return Batch(self.record.kind, self._layout, count, columns, raw, collection, arrival.at, arrival.origin)

    def _batch(self, records: Sequence[JsonObject], arrival: Arrival) -> Batch:
        stored = [self._normalised(record) for record in records] if self._aliases else records
        columns = self._layout.columns(stored)
        # orjson over-allocates; a copy is as large as its content.
        raw = bytes(memoryview(orjson.dumps(stored)))
        return Batch(self.record.kind, self._layout, len(stored), columns, raw, "", arrival.at, arrival.origin)

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
    """The intakes of all records of a contract, each made when first asked for."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._made: dict[str, RecordIntake] = {}

    def of(self, heading: str) -> RecordIntake:
        """Return the intake of a record; raises KeyError if the contract has no such heading."""
        if heading not in self._made:
            self._made[heading] = RecordIntake(self._contract, self._contract.record(heading))
        return self._made[heading]


def _at(place: str, violation: Violation) -> Violation:
    return replace(violation, pointer="", where=f"{place}: {violation.where}")


def _role(record: Record, role: Any) -> str:
    field = record.field_of(role)
    return field.name if field else ""
