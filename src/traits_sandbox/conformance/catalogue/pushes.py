"""Pushes of one record that is valid except in one place. Most cases send such a push."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from traits_sandbox.conformance.catalogue.case import Case, Expectation, one
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import Request
from traits_sandbox.contract.model import Field, Operation, Record
from traits_sandbox.json_types import JsonObject


def pushed(case_id: str, title: str, request: Request, expect: Expectation) -> Case:
    """Return a case that sends one push and checks its reply."""
    return Case(id=case_id, title=title, operation=request.operation, reach="append", judge=one(request, expect))


def collection(operation: Operation) -> str:
    """Return the name of the list in a push."""
    assert operation.body is not None
    return operation.body.collection


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A field of the record in a push, or of the entries of its list `within`."""

    made: RequestFactory
    operation: Operation
    field: Field
    within: Field | None = None

    @property
    def name(self) -> str:
        """Return the dotted name of the field."""
        return f"{self.within.name}.{self.field.name}" if self.within else self.field.name

    @property
    def free(self) -> bool:
        """Return whether the document allows any text here."""
        field = self.field
        limited = field.format or field.allowed or field.role or field.min_length or field.max_length
        return field.type == "string" and not limited

    def valid(self) -> Any:
        """Return a valid value for this place."""
        record = self.made.record_of(self.operation)
        return self.made.row(record)[self.field.name] if self.within is None else self._entry()[self.field.name]

    def filled(self, value: Any) -> JsonObject:
        """Return a valid record with every field and with `value` in this place; `...` leaves the field out."""
        return self.made.row(self.made.record_of(self.operation), **self._change(value))

    def alone(self, value: Any) -> JsonObject:
        """Return a record with `value` in this place, without other optional fields that it might contradict."""
        record = self.made.record_of(self.operation)
        return self.made.row(record, **(optional(record) | self._change(value)))

    def push(self, value: Any) -> Request:
        """Return a push of a valid record with `value` in this place."""
        return self.made.push(self.operation, [self.filled(value)])

    def case(self, requirement: str, name: str, title: str, row: JsonObject, expect: Expectation) -> Case:
        """Return a case that pushes this record and checks the reply; its id names this place."""
        case_id = f"{requirement}.{collection(self.operation)}.{self.name}.{name}"
        return pushed(case_id, title, self.made.push(self.operation, [row]), expect)

    def _entry(self) -> JsonObject:
        assert self.within is not None
        entry: JsonObject = self.made.valid(self.made.record_of(self.operation), self.within)[0]
        return entry

    def _change(self, value: Any) -> JsonObject:
        if self.within is None:
            return {self.field.name: value}
        entry = self._entry() | {self.field.name: value}
        return {self.within.name: [{name: each for name, each in entry.items() if each is not ...}]}


def optional(record: Record) -> JsonObject:
    """Return the change of a record that leaves out all optional fields."""
    return {field.name: ... for field in record.fields if not field.required}


def places(made: RequestFactory, operation: Operation) -> Iterator[FieldPlace]:
    """Yield every field of a push; the fields of nested lists follow the list."""
    for field in made.record_of(operation).fields:
        yield FieldPlace(made, operation, field)
        if field.item:
            for nested in made.contract.record(field.item).fields:
                yield FieldPlace(made, operation, nested, within=field)
