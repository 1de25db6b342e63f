"""Pairs of judges: ours, and the reference implementation of JSON Schema on the published schema."""

from typing import Any

import orjson
from jsonschema import Draft202012Validator

from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.derive.bodies import BodySchema, PushSchema
from traits_sandbox.derive.json_schema import record_document, request_document
from traits_sandbox.derive.places import IN_BODY
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.errors import BadRequest, Violation


def refusal_of(schema: BodySchema | PushSchema, raw: bytes) -> BadRequest | None:
    """Return why a body is refused, or None if it is not."""
    try:
        schema.records(raw) if isinstance(schema, PushSchema) else schema.read(raw)
    except BadRequest as error:
        return error
    return None


def value_at(value: Any, pointer: str) -> Any:
    """Return what stands at a JSON pointer (RFC 6901); raises LookupError if nothing does."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


class BodyJudge:
    """Two judges of the bodies of one operation; ours has two ways to the same verdict where records are pushed."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract = contract
        self.operation = operation
        self.ours = BodySchema(contract, operation)
        self.push = PushSchema(contract, operation) if operation.body and operation.body.collection else None
        self.reference = Draft202012Validator(request_document(contract, operation))

    # Hypothesis shows the arguments of a failing test, and a warning that one is too large would hide the failure.
    def __repr__(self) -> str:
        return f"<judges of {self.operation.id}>"

    def violations(self, raw: bytes) -> tuple[Violation, ...]:
        """Return our verdict: what is wrong with a body, or nothing."""
        refusal = refusal_of(self.ours, raw)
        assert self.push is None or (refusal_of(self.push, raw) is None) == (refusal is None), raw
        assert refusal is None or 1 <= len(refusal.violations) <= refusal.violation_count
        return refusal.violations if refusal else ()

    def should_accept(self, raw: bytes) -> bool:
        """Return the reference's verdict on the body as it is parsed."""
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return False
        return self.reference.is_valid(body)


class RecordJudge:
    """Two judges of the records of one heading."""

    def __init__(self, contract: Contract, record: Record) -> None:
        self.contract = contract
        self.record = record
        self.ours = RecordSchema(contract, record)
        self.reference = Draft202012Validator(record_document(contract, record))

    def __repr__(self) -> str:
        return f"<judges of {self.record.heading}>"

    def violations(self, record: Any) -> tuple[Violation, ...]:
        """Return our verdict: what is wrong with a record, or nothing, which is to say that it is valid."""
        found = tuple(self.ours.violations(record, IN_BODY))
        assert self.ours.is_valid(record) == (not found)
        return found

    def should_accept(self, record: Any) -> bool:
        """Return the reference's verdict."""
        return self.reference.is_valid(record)
