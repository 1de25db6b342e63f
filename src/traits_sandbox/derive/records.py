"""The one way to judge records and rows, whether they come from a push, an upload, a webhook or a file."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import orjson

from traits_sandbox.contract.model import Contract, Record
from traits_sandbox.derive.compiled import BrokenKeyword, CompiledSchema
from traits_sandbox.derive.json_schema import list_document, record_document, surface_schema
from traits_sandbox.derive.places import ON_ITS_OWN, JsonPath, RecordPlace, dotted, pointer
from traits_sandbox.derive.sentences import demand, excerpt, found_instead, nearest, short
from traits_sandbox.errors import Rule, Violation

_SLICE: Final = 50
_OBJECT: Final = "must be an object"
_TOO_DEEP: Final = "is nested too deeply"
# orjson writes 254 levels, two of which are those of a body.
_DEEPEST: Final = 250


@dataclass(frozen=True, slots=True)
class UnknownField:
    """A field that the contract does not name: accepted and reported. `nearest` is the field that it may mean."""

    where: str
    name: str
    nearest: str = ""

    def __str__(self) -> str:
        meant = f": did you mean {self.nearest}?" if self.nearest else ""
        return f"{self.where}: unknown field {self.name}{meant}"


class RecordSchema:
    """Judges the records of one heading."""

    def __init__(self, contract: Contract, record: Record) -> None:
        self.record = record
        self._fields = {field.name: field for field in record.fields}
        self._lists = {
            field.name: RecordSchema(contract, contract.record(field.item)) for field in record.fields if field.item
        }
        self._one = CompiledSchema(lambda: record_document(contract, record))
        self._several = CompiledSchema(lambda: list_document(contract, record))
        self._surface = CompiledSchema(lambda: surface_schema(record))

    def is_valid(self, record: Any) -> bool:
        """Return whether a record keeps the schema."""
        return self._one.is_valid(record)

    def refused(
        self, records: Sequence[Any], place: Callable[[int], RecordPlace]
    ) -> Iterator[tuple[int, Iterator[Violation]]]:
        """Yield the index of each bad record with its violations. There can be very many: stop when you have enough.

        `place` returns where the record with an index is.
        """
        for index in self._invalid(records):
            yield index, self.violations(records[index], place(index))

    def violations(self, record: Any, place: RecordPlace = ON_ITS_OWN) -> Iterator[Violation]:
        """Yield one violation for each place within a record that breaks the schema."""
        return self._violations(record, place, ())

    def unknown(self, record: dict[str, Any], within: JsonPath = ()) -> Iterator[UnknownField]:
        """Yield each unknown field of a valid record, nested ones too; `within` is the record's place."""
        if not self.record.attributes:
            yield from unknown_names(record, self._fields.keys(), within)
        for name, items in self._lists.items():
            for index, item in enumerate(record.get(name, ())):
                yield from items.unknown(item, [*within, name, index])

    def _invalid(self, records: Sequence[Any]) -> Iterator[int]:
        # Slice by slice first, because most slices are valid as a whole.
        for start in range(0, len(records), _SLICE):
            part = records[start : start + _SLICE]
            if not self._several.is_valid(part):
                yield from (index for index, record in enumerate(part, start) if not self._one.is_valid(record))

    def _violations(self, record: Any, place: RecordPlace, within: JsonPath) -> Iterator[Violation]:
        if not isinstance(record, dict):
            yield violation(place, within, Rule.TYPE, _OBJECT, excerpt(record))
            return
        for broken in chain(self._surface.broken(record), self._invalid_attributes(record)):
            message = demand(broken.keyword, broken.bound, self._fields.get(broken.member))
            if broken.keyword == Rule.REQUIRED:
                message += self._found_instead(broken.member, record)
            value = "" if broken.keyword == Rule.REQUIRED else excerpt(record[broken.member])
            yield violation(place, (*within, broken.member), broken.keyword, message, value)
        for field, items in self._lists.items():
            for number, item in enumerate(_as_list(record.get(field))):
                if not items.is_valid(item):
                    yield from items._violations(item, place, (*within, field, number))

    def _found_instead(self, missing: str, record: dict[str, Any]) -> str:
        """Return words for an unknown field that may mean a missing one; a lone field may be called anything."""
        unknown = (name for name in record if name not in self._fields)
        return found_instead(missing, unknown, only_alike=self.record.attributes or len(self._fields) > 1)

    def _invalid_attributes(self, record: dict[str, Any]) -> Iterator[BrokenKeyword]:
        # Done in Python: error paths of jsonschema-rs do not distinguish an attribute "" from none, nor "00" from "0".
        for name, value in record.items() if self.record.attributes else ():
            if name not in self._fields and not isinstance(value, str):
                yield BrokenKeyword(name, Rule.TYPE, "string")


def violation(place: RecordPlace, within: JsonPath, rule: str, message: str, value: str = "") -> Violation:
    """Return a violation at a place within a record; `within` is empty for the record as a whole."""
    return Violation(
        dotted(within),
        rule,
        message,
        value,
        "" if place.pointer is None else place.pointer + pointer(*within),
        place.collection,
        place.record,
        place.line,
        place.offset,
    )


def too_deep(record: Any, place: RecordPlace) -> Violation | None:
    """Return the violation of a record that is nested so deeply that it can be read but not written again."""
    # The record is an element of a list in a body; numbers beyond 64 bits cannot be written either.
    if can_be_written([[record]]) or not _is_deeper(record, _DEEPEST):
        return None
    return violation(place, (), Rule.DEPTH, _TOO_DEEP)


def may_be_deep(texts: Sequence[bytes]) -> list[int]:
    """Return the indexes of the JSON texts that may be nested too deeply, in much less time than parsing takes."""
    if max(map(len, texts), default=0) <= 2 * _DEEPEST:
        return []
    return [index for index, text in enumerate(texts) if text.count(b"[") + text.count(b"{") > _DEEPEST]


def can_be_written(value: Any) -> bool:
    """Return whether a parsed JSON value can be written as JSON again."""
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True


def _is_deeper(value: Any, levels: int) -> bool:
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(levels == 0 or _is_deeper(each, levels - 1) for each in within if isinstance(each, dict | list))


def unknown_names(record: dict[str, Any], known: Any, within: JsonPath) -> Iterator[UnknownField]:
    """Yield the names of an object that are not known; `within` is the object's place."""
    for name in record:
        if name not in known:
            yield UnknownField(dotted([*within, short(name)]), short(name), nearest(name, known))


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
