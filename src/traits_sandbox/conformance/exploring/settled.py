"""Distinguishes rules of the document from decisions of the emulator, for generated data."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from traits_sandbox.conformance.http.exchange import Request
from traits_sandbox.contract.model import Contract, Field
from traits_sandbox.derive.bodies import AcceptedBody, BodySchema
from traits_sandbox.errors import BadRequest

# Attributes that errata have added to the document's tables of fields.
_OF_ERRATA: dict[str, Any] = {
    "format": "",
    "min_length": None,
    "max_length": None,
    "minimum": None,
    "exclusive_minimum": None,
    "maximum": None,
    "exclusive_maximum": None,
    "allowed": (),
}
# Larger numbers are not the same for every JSON parser.
_EXACT = 2**53


class Readings:
    """Judges request bodies by the narrowest and by the widest reading of the document."""

    def __init__(self, contract: Contract) -> None:
        wide = _wide(contract)
        bodies = [each for each in contract.operations if each.body and not each.body.part]
        self._bodies = {each.id: each.body for each in bodies if each.body}
        self._contract = contract
        self._narrow = {each.id: BodySchema(contract, each) for each in bodies}
        self._wide = {each.id: BodySchema(wide, each) for each in bodies}

    def valid(self, request: Request) -> bool:
        """Return whether every server must accept a body: it keeps all rules, and the document decides all of it."""
        taken = self._taken(request)
        return taken is not None and not taken.unknown and not any(map(_is_open, _values(_parsed(request.body))))

    def taken(self, request: Request) -> bool:
        """Return whether a body keeps all rules, those of the emulator too."""
        return self._taken(request) is not None

    def _taken(self, request: Request) -> AcceptedBody | None:
        schema = self._narrow.get(request.operation)
        try:
            return schema.read(request.body or b"") if schema else None
        except BadRequest:
            return None

    def invalid(self, request: Request) -> bool:
        """Return whether no server may accept a body: it breaks a plain rule of the document."""
        schema = self._wide.get(request.operation)
        if schema is None:
            return False
        try:
            schema.read(self._without_nulls(request.operation, request.body or b""))
        except BadRequest:
            return True
        return False

    def _without_nulls(self, operation: str, body: bytes) -> bytes:
        """Return a body without optional fields that are null."""
        value, about = _parsed(body), self._bodies[operation]
        rows = value.get(about.collection) if isinstance(value, dict) else None
        if not isinstance(rows, list):
            return body
        optional = {each.name for each in self._contract.record(about.record).fields if not each.required}
        stripped = [_without_nulls(row, optional) if isinstance(row, dict) else row for row in rows]
        return json.dumps(value | {about.collection: stripped}).encode()


def _wide(contract: Contract) -> Contract:
    records = tuple(replace(each, fields=tuple(map(_loose, each.fields))) for each in contract.records)
    return replace(contract, records=records, min_records=0)


def _loose(field: Field) -> Field:
    return replace(field, **_OF_ERRATA)


def _without_nulls(row: dict[str, Any], optional: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None or name not in optional}


def _parsed(body: bytes | None) -> Any:
    try:
        return json.loads(body or b"")
    except (ValueError, RecursionError):
        return None


def _values(value: Any) -> Iterator[Any]:
    """Yield every value within a value, except lists and objects."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if inner is None:
        yield value
    else:
        yield from (each for one in inner for each in _values(one))


def _is_open(value: Any) -> bool:
    """Return whether a value only has its type in one of two possible readings, or need not be accepted."""
    if isinstance(value, float):
        return value.is_integer()
    if isinstance(value, int):
        return abs(value) > _EXACT
    return isinstance(value, str) and not value.isprintable()
