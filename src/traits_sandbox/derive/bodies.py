"""Judges the JSON bodies of requests by the schemas of the contract.

A push goes through up to three steps. First the typed decoder tries it. If the decoder does not accept it, one call of
`is_valid` compares the whole body with the closed schema. Only if that fails, each record is judged on its own.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, Final

import msgspec
import orjson

from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.derive.compiled import CompiledSchema
from traits_sandbox.derive.decoding import typed_decoder
from traits_sandbox.derive.json_schema import closed_request_schema
from traits_sandbox.derive.leniency import LenientReader, Reading
from traits_sandbox.derive.places import IN_BODY, in_list, pointer
from traits_sandbox.derive.records import RecordSchema, UnknownField, can_be_written, unknown_names
from traits_sandbox.derive.sentences import excerpt, found_instead
from traits_sandbox.derive.surrogates import half_character
from traits_sandbox.derive.violations import MAX_VIOLATIONS
from traits_sandbox.errors import BadRequest, Rule, Violation

MAX_UNKNOWN: Final = 20
MAX_COUNTED: Final = 100_000
MAX_VALUES: Final = 500_000
BODY: Final = "body"


@dataclass(frozen=True, slots=True)
class AcceptedBody:
    """A valid body, parsed, with the unknown fields in it (at most MAX_UNKNOWN).

    `readings` is what lenient mode changed to make it valid.
    """

    body: dict[str, Any]
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()


class Records(msgspec.Struct, frozen=True):
    """The valid records of a push. `rows` are dictionaries or typed rows; `column` returns one field of all of them.

    With `readings`, the rows are dictionaries that lenient mode rewrote.
    """

    rows: Sequence[Any]
    column: Callable[[str], list[Any]]
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()


class BodySchema:
    """Judges JSON bodies of one operation. In lenient mode it rewrites a refused body and judges it again."""

    def __init__(self, contract: Contract, operation: Operation, *, lenient: bool = False) -> None:
        assert operation.body is not None
        self._collection = operation.body.collection
        self._minimum, self._maximum = contract.min_records, contract.max_records
        self._reader = LenientReader(contract, operation) if lenient else None
        self._closed = CompiledSchema(lambda: closed_request_schema(contract, operation))
        self._record = RecordSchema(
            contract,
            contract.record(operation.body.record)
            if self._collection
            else Record(heading=BODY, kind=BODY, fields=operation.body.fields),
        )
        self._names = tuple(field.name for field in self._record.record.fields)

    def read(self, raw: bytes, *, plain: bool = True) -> AcceptedBody:
        """Parse and judge a body; `plain` says that it may be valid and without unknown fields.

        Raises:
            BadRequest: with up to MAX_VIOLATIONS violations, and the number of up to MAX_COUNTED more.

        """
        body = parse(raw, self._names)
        try:
            return self._judge(body, plain=plain)
        except BadRequest:
            rewritten, readings = self._reader.rewrite(body) if self._reader else (body, ())
            if not readings:
                raise
        return replace(self._judge(rewritten), readings=readings)

    def _judge(self, body: Any, *, plain: bool = True) -> AcceptedBody:
        if plain and self._closed.is_valid(body):
            return AcceptedBody(body)
        violations = self._violations(body)
        if kept := tuple(islice(violations, MAX_VIOLATIONS)):
            raise BadRequest(kept, count=len(kept) + sum(1 for _ in islice(violations, MAX_COUNTED)))
        unknown = tuple(islice(self._unknown(body), MAX_UNKNOWN))
        # Unknown fields are stored too, and written again when another record of the batch is deleted.
        if unknown and not can_be_written(body):
            raise BadRequest((_of_body(Rule.DEPTH, "is nested too deeply"),))
        return AcceptedBody(body, unknown)

    def _violations(self, body: Any) -> Iterator[Violation]:
        if not isinstance(body, dict):
            yield _of_body(Rule.TYPE, "must be a JSON object", excerpt(body))
        elif not self._collection:
            yield from self._record.violations(body, IN_BODY)
        elif found := self._list_violation(body):
            yield found
        else:
            records = body[self._collection]
            for _, violations in self._record.refused(records, partial(in_list, self._collection)):
                yield from violations

    def _list_violation(self, body: dict[str, Any]) -> Violation | None:
        """Judge the list before its records: jsonschema-rs would copy a list that is too long into its message."""
        name = self._collection
        records = body.get(name)
        if name not in body:
            return self._of_list(Rule.REQUIRED, f"is required{found_instead(name, body)}")
        if not isinstance(records, list):
            return self._of_list(Rule.TYPE, "must be a list of objects", excerpt(records))
        if len(records) < self._minimum:
            return self._of_list(Rule.MIN_ITEMS, f"must hold at least {self._minimum} of them, got {len(records)}")
        if self._maximum is not None and len(records) > self._maximum:
            return self._of_list(Rule.MAX_ITEMS, f"must hold at most {self._maximum} of them, got {len(records)}")
        return None

    def _of_list(self, rule: Rule, message: str, value: str = "") -> Violation:
        return Violation(self._collection, rule, message, value, pointer(self._collection))

    def _unknown(self, body: dict[str, Any]) -> Iterator[UnknownField]:
        if not self._collection:
            yield from self._record.unknown(body)
            return
        yield from unknown_names(body, {self._collection}, ())
        for index, record in enumerate(body[self._collection]):
            yield from self._record.unknown(record, (self._collection, index))


class PushSchema:
    """Judges the bodies of one push like BodySchema, but faster if they are valid."""

    def __init__(self, contract: Contract, operation: Operation, *, lenient: bool = False) -> None:
        assert operation.body is not None
        self._collection = operation.body.collection
        self._body = BodySchema(contract, operation, lenient=lenient)
        aliased = {field.name: field.aliases for field in contract.record(operation.body.record).fields}
        self._decoder = typed_decoder(closed_request_schema(contract, operation), self._collection, aliased)
        self._patterns = CompiledSchema(self._decoder.column_schema if self._decoder else dict)

    def records(self, raw: bytes) -> Records:
        """Parse and judge a body; raises BadRequest as BodySchema.read does."""
        if self._decoder and (rows := self._decoder.decode(raw, self._patterns.is_valid)) is not None:
            return Records(rows, partial(self._decoder.column, rows))
        accepted = self._body.read(raw, plain=self._decoder is None)
        found = accepted.body[self._collection]
        return Records(found, partial(_column, found), accepted.unknown, accepted.readings)


def parse(raw: bytes, names: Collection[str] = ()) -> Any:
    """Parse JSON; `names` are the fields of the expected records.

    Raises:
        BadRequest: it is not JSON, with what it is instead, or the place where it stops being JSON; or it has more than
            MAX_VALUES values.

    """
    # Each value follows a comma or opens a list or object. Parsed, 16 MiB of `"a",` would take a third of a GiB.
    if len(raw) > MAX_VALUES and raw.count(b",") + raw.count(b"{") + raw.count(b"[") > MAX_VALUES:
        raise BadRequest((_of_body(Rule.SIZE, f"must hold at most {MAX_VALUES} values"),))
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest((_not_json(raw, names, error),)) from None


def _not_json(raw: bytes, names: Collection[str], error: orjson.JSONDecodeError) -> Violation:
    """Return what a body is that is not JSON, or the place where it stops being JSON."""
    # Imported late: only refused bodies need them.
    from traits_sandbox.derive.content.detector import unexpected
    from traits_sandbox.derive.content.json_problems import json_problem
    from traits_sandbox.derive.content.kinds import ContentForm
    from traits_sandbox.derive.content.words import sentence

    if not raw.strip():
        return _of_body(Rule.JSON, "is empty, send a JSON object")
    if found := unexpected(raw, ContentForm.JSON_BODY, names, whole=True):
        return _of_body(Rule.CONTENT, sentence(found, ContentForm.JSON_BODY))
    if half := half_character(raw):
        return half
    place = f"at line {error.lineno}, column {error.colno}"
    return _of_body(Rule.JSON, f"is not valid JSON: {json_problem(raw.decode(), error.pos)} {place}")


def _of_body(rule: Rule, message: str, value: str = "") -> Violation:
    return Violation(BODY, rule, message, value)


def _column(records: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [record.get(name) for record in records]
