"""Verdicts on request bodies and records, by the JSON Schemas of the contract.

The only module that knows jsonschema-rs. A push is tried by the typed decoder first; what that does not take is
judged by one `is_valid` of the whole body against the closed schema, and only a body that fails it is looked at
record by record.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain, islice
from typing import Any

import jsonschema_rs
import msgspec
import orjson

from traits_sandbox.contract.model import Contract, Operation, Record
from traits_sandbox.derive.decoding import typed_decoder
from traits_sandbox.derive.json_schema import (
    Schema,
    closed_request_schema,
    list_document,
    record_document,
    surface_schema,
)
from traits_sandbox.derive.leniency import LenientReader, Reading
from traits_sandbox.derive.sentences import JsonPath, demand, dotted, excerpt, nearest, pointer, short
from traits_sandbox.errors import BadRequest, Violation

MAX_VIOLATIONS = 1000
MAX_UNKNOWN = 20
MAX_COUNTED = 100_000
MAX_VALUES = 500_000
_SLICE = 50
BODY = "body"
_OBJECT = "must be an object"


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that the contract does not name: accepted, but worth a word. `nearest` is what it may have meant."""

    where: str
    name: str
    nearest: str = ""

    def __str__(self) -> str:
        meant = f": did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.where}: unknown field {self.name}{meant}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A body that keeps the contract, parsed, with the unknown fields it carries (at most MAX_UNKNOWN).

    With `readings`, it does so only as lenient mode rewrote it.
    """

    body: dict[str, Any]
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()


class Records(msgspec.Struct, frozen=True):
    """The valid records of a push. `rows` are dictionaries or typed rows; `column` reads a field of either.

    With `readings`, the rows are dictionaries that lenient mode rewrote.
    """

    rows: Sequence[Any]
    column: Callable[[str], list[Any]]
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()


class _Rule:
    """A schema that is compiled when it is first asked: a sandbox is ready sooner, and few use every endpoint."""

    def __init__(self, schema: Callable[[], Schema]) -> None:
        self._schema = schema

    @cached_property
    def validator(self) -> jsonschema_rs.Draft202012Validator:
        # The linear-time engine: no pattern, however hostile the text, costs more than its length.
        # The mask keeps values out of messages that nobody reads: copying them is the cost of a large refusal.
        options = jsonschema_rs.RegexOptions()
        return jsonschema_rs.Draft202012Validator(self._schema(), pattern_options=options, mask="value")

    def holds(self, value: Any) -> bool:
        try:
            return self.validator.is_valid(value)
        except ValueError:  # a lone surrogate: nothing that orjson parsed holds one, a converted cell may
            return False


class TextPattern:
    """A regular expression of somebody else's: in linear time, so without look-around and back-references.

    Raises ValueError for one that is not well-formed or grows too large.
    """

    def __init__(self, pattern: str) -> None:
        try:
            self._validator = _Rule(lambda: {"pattern": pattern}).validator
        except jsonschema_rs.ValidationError:
            raise ValueError(pattern) from None

    def found_in(self, text: str) -> bool:
        """Tell whether the expression fits somewhere in a text."""
        return self._validator.is_valid(text)


class RecordSchema:
    """Judges single records of one heading."""

    def __init__(self, contract: Contract, record: Record) -> None:
        self.record = record
        self._fields = {field.name: field for field in record.fields}
        self._lists = {
            field.name: RecordSchema(contract, contract.record(field.item)) for field in record.fields if field.item
        }
        self._one = _Rule(lambda: record_document(contract, record))
        self._several = _Rule(lambda: list_document(contract, record))
        self._surface = _Rule(lambda: surface_schema(record))

    def is_valid(self, record: Any) -> bool:
        """Tell whether a record keeps the schema."""
        return self._one.holds(record)

    def invalid(self, records: Sequence[Any]) -> Iterator[int]:
        """Yield the index of each record that breaks the schema: by the slice first, as most of them will hold."""
        for start in range(0, len(records), _SLICE):
            part = records[start : start + _SLICE]
            if not self._several.holds(part):
                yield from (index for index, record in enumerate(part, start) if not self._one.holds(record))

    def violations(self, record: Any, at: JsonPath = (), *, index: int | None = None) -> Iterator[Violation]:
        """Yield one violation for each place of the record that breaks the contract; `at` is where it stands."""
        return self._violations(record, at, (), index)

    def unknown(self, record: dict[str, Any], at: JsonPath = ()) -> Iterator[UnknownField]:
        """Yield each unknown field of a valid record, nested ones too."""
        if not self.record.attributes:
            yield from _unknown_names(record, self._fields.keys(), at)
        for name, items in self._lists.items():
            for index, item in enumerate(record.get(name, ())):
                yield from items.unknown(item, [*at, name, index])

    def _violations(self, record: Any, at: JsonPath, within: JsonPath, index: int | None) -> Iterator[Violation]:
        if not isinstance(record, dict):
            where, name = [*at, *within], dotted(within or at[:1]) or BODY
            yield Violation(pointer(where), dotted(where) or BODY, name, "type", _OBJECT, excerpt(record), index)
            return
        for field, rule, bound in chain(_faults(self._surface.validator, record), self._unfit_attributes(record)):
            message = demand(rule, bound, self._fields.get(field))
            sent = "" if rule == "required" else excerpt(record[field])
            where, name = [*at, *within, field], dotted([*within, field]) if within else field
            yield Violation(pointer(where), dotted(where), name, rule, message, sent, index)
        for field, items in self._lists.items():
            for number, item in enumerate(_listed(record.get(field))):
                if not items.is_valid(item):
                    yield from items._violations(item, at, [*within, field, number], index)

    def _unfit_attributes(self, record: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
        # In Python, because a path of jsonschema-rs does not tell an attribute "" from none, nor "00" from "0".
        for name, value in record.items() if self.record.attributes else ():
            if name not in self._fields and not isinstance(value, str):
                yield name, "type", "string"


class BodySchema:
    """Judges JSON bodies of one operation; a lenient one tries again with what it refused, rewritten."""

    def __init__(self, contract: Contract, operation: Operation, *, lenient: bool = False) -> None:
        assert operation.body is not None
        self._collection = operation.body.collection
        self._minimum, self._maximum = contract.min_records, contract.max_records
        self._reader = LenientReader(contract, operation) if lenient else None
        self._closed = _Rule(lambda: closed_request_schema(contract, operation))
        self._record = RecordSchema(
            contract,
            contract.record(operation.body.record)
            if self._collection
            else Record(heading=BODY, kind=BODY, fields=operation.body.fields),
        )

    def read(self, raw: bytes, *, plain: bool = True) -> Accepted:
        """Parse and judge a body; `plain` says that it may well be valid and without unknown fields.

        Raises BadRequest with every violation; it keeps MAX_VIOLATIONS of them and counts MAX_COUNTED of the others.
        """
        body = parse(raw)
        try:
            return self._judge(body, plain=plain)
        except BadRequest:
            rewritten, readings = self._reader.rewrite(body) if self._reader else (body, ())
            if not readings:
                raise
        return replace(self._judge(rewritten), readings=readings)

    def _judge(self, body: Any, *, plain: bool = True) -> Accepted:
        if plain and self._closed.holds(body):
            return Accepted(body)
        violations = self._violations(body)
        if kept := tuple(islice(violations, MAX_VIOLATIONS)):
            raise BadRequest(kept, count=len(kept) + sum(1 for _ in islice(violations, MAX_COUNTED)))
        unknown = tuple(islice(self._unknown(body), MAX_UNKNOWN))
        if unknown and not _can_be_written(body):
            # What is unknown is kept too, and has to be written anew when a neighbour is deleted.
            raise BadRequest((Violation("", BODY, BODY, "depth", "is nested too deeply"),))
        return Accepted(body, unknown)

    def _violations(self, body: Any) -> Iterator[Violation]:
        if not isinstance(body, dict):
            yield Violation("", BODY, BODY, "type", "must be a JSON object", excerpt(body))
        elif not self._collection:
            yield from self._record.violations(body)
        elif fault := self._list_fault(body):
            yield fault
        else:
            records = body[self._collection]
            for index in self._record.invalid(records):
                yield from self._record.violations(records[index], (self._collection, index), index=index)

    def _list_fault(self, body: dict[str, Any]) -> Violation | None:
        """Judge the list before its records: jsonschema-rs would copy a list that is too long into its message."""
        name = self._collection
        records = body.get(name)
        if name not in body:
            return self._fault("required", f"is required{_meant(name, body)}")
        if not isinstance(records, list):
            return self._fault("type", "must be a list of objects", excerpt(records))
        if len(records) < self._minimum:
            return self._fault("minItems", f"must hold at least {self._minimum} of them, got {len(records)}")
        if self._maximum is not None and len(records) > self._maximum:
            return self._fault("maxItems", f"must hold at most {self._maximum} of them, got {len(records)}")
        return None

    def _fault(self, rule: str, message: str, sent: str = "") -> Violation:
        return Violation(pointer([self._collection]), self._collection, self._collection, rule, message, sent)

    def _unknown(self, body: dict[str, Any]) -> Iterator[UnknownField]:
        if not self._collection:
            yield from self._record.unknown(body)
            return
        yield from _unknown_names(body, {self._collection}, ())
        for index, record in enumerate(body[self._collection]):
            yield from self._record.unknown(record, (self._collection, index))


class PushSchema:
    """Judges the bodies of one push: BodySchema's verdicts, sooner in the common case."""

    def __init__(self, contract: Contract, operation: Operation, *, lenient: bool = False) -> None:
        assert operation.body is not None
        self._collection = operation.body.collection
        self._body = BodySchema(contract, operation, lenient=lenient)
        self._decoder = typed_decoder(contract, operation)
        self._formats = _Rule(self._decoder.format_schema) if self._decoder else _Rule(dict)

    def records(self, raw: bytes) -> Records:
        """Parse and judge a body; raises BadRequest as BodySchema.read does."""
        if self._decoder and (rows := self._decoder.decode(raw, self._formats.holds)) is not None:
            return Records(rows, partial(self._decoder.column, rows))
        accepted = self._body.read(raw, plain=self._decoder is None)
        found = accepted.body[self._collection]
        columns = partial(_column, found)
        return Records(found, columns, accepted.unknown, accepted.readings)


def _column(records: Sequence[dict[str, Any]], name: str) -> list[Any]:
    return [record.get(name) for record in records]


def parse(raw: bytes) -> Any:
    """Parse JSON; raises BadRequest that says where it stops being JSON."""
    # Each value follows a comma or opens a list or object. Sixteen MiB of `"a",` would be a third of a GiB.
    if len(raw) > MAX_VALUES and raw.count(b",") + raw.count(b"{") + raw.count(b"[") > MAX_VALUES:
        raise BadRequest((Violation("", BODY, BODY, "size", f"must hold at most {MAX_VALUES} values"),))
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        message = f"is not valid JSON: {error}" if raw.strip() else "is empty, send a JSON object"
        raise BadRequest((Violation("", BODY, BODY, "json", message),)) from None


def _can_be_written(body: Any) -> bool:
    try:
        orjson.dumps(body)
    except orjson.JSONEncodeError:
        return False
    return True


def _unknown_names(record: dict[str, Any], known: Any, at: JsonPath) -> Iterator[UnknownField]:
    for name in record:
        if name not in known:
            yield UnknownField(dotted([*at, short(name)]), short(name), nearest(name, known))


def _meant(name: str, body: dict[str, Any]) -> str:
    """Return words for the key of a body that may stand for the missing one."""
    found = nearest(name, islice(body, MAX_UNKNOWN)) or next(iter(body), "")
    return f" (found {excerpt(found)} instead)" if found else ""


def _faults(surface: jsonschema_rs.Draft202012Validator, record: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield each field of a record at fault, the first rule that it breaks, and that rule's value."""
    try:
        errors = surface.iter_errors(record)
    except ValueError:  # an error holds a copy of its value, and one that is nested deeply cannot be copied
        errors = surface.iter_errors(_outline(record))
    seen = set()
    for error in errors:
        rule, bound = error.kind.name, getattr(error.kind, "value", None)
        field = str(bound if rule == "required" else error.instance_path[0])
        if field not in seen:
            seen.add(field)
            yield field, rule, bound


def _outline(record: dict[str, Any]) -> dict[str, Any]:
    return {name: type(value)() if isinstance(value, list | dict) else value for name, value in record.items()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
