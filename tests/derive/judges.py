"""Pairs of judges: ours, and the reference implementation of JSON Schema on the published schema."""

from dataclasses import dataclass
from typing import Any

import orjson
from jsonschema import Draft202012Validator

from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.derive.json_schema import record_document, request_document
from traits_sandbox.derive.validation import BodySchema, RecordSchema
from traits_sandbox.errors import BadRequest


def refusal_of(schema: BodySchema, raw: bytes) -> BadRequest | None:
    """Return why a body is refused, or None if it is not."""
    try:
        schema.read(raw)
    except BadRequest as error:
        return error
    return None


@dataclass(frozen=True, slots=True)
class BodyJudge:
    """Two judges of the bodies of one operation."""

    contract: Contract
    operation: Operation
    ours: BodySchema
    reference: Draft202012Validator

    @classmethod
    def of(cls, contract: Contract, operation: Operation) -> "BodyJudge":
        schema = request_document(contract, operation)
        return cls(contract, operation, BodySchema(contract, operation), Draft202012Validator(schema))

    def accepts(self, raw: bytes) -> bool:
        """Return our verdict; whatever refuses must say why."""
        refusal = refusal_of(self.ours, raw)
        assert refusal is None or 1 <= len(refusal.violations) <= refusal.violation_count
        return refusal is None

    def should_accept(self, raw: bytes) -> bool:
        """Return the reference's verdict on the body as it is parsed."""
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return False
        return self.reference.is_valid(body)


@dataclass(frozen=True, slots=True)
class RecordJudge:
    """Two judges of the records of one heading."""

    contract: Contract
    record: Record
    ours: RecordSchema
    reference: Draft202012Validator

    @classmethod
    def of(cls, contract: Contract, record: Record) -> "RecordJudge":
        schema = record_document(contract, record)
        return cls(contract, record, RecordSchema(contract, record), Draft202012Validator(schema))

    def accepts(self, record: Any) -> bool:
        """Return our verdict; a record has violations exactly if it is not valid."""
        valid = self.ours.is_valid(record)
        assert valid == (not list(self.ours.violations(record)))
        return valid

    def should_accept(self, record: Any) -> bool:
        """Return the reference's verdict."""
        return self.reference.is_valid(record)
