"""The typed decoder: it takes the common case, and leaves everything else to the schema."""

from typing import Any

import msgspec
import orjson
import pytest

from tests.derive.other import BOARD, OTHER, PUSH, SPIN, TRICK
from traits_sandbox.contract.model import Contract, Field
from traits_sandbox.derive.bodies import PushSchema, Records
from traits_sandbox.derive.decoding import TypedDecoder, typed_decoder
from traits_sandbox.derive.json_schema import closed_request_schema

ROW = {"who": "ann", "score": 7}


def records(*rows: dict[str, Any], **more: Any) -> Records:
    return PushSchema(OTHER, PUSH).records(orjson.dumps({"spins": rows, **more}))


def is_typed(found: Records) -> bool:
    return not any(isinstance(row, dict) for row in found.rows)


def has_nested_pattern(contract: Contract, heading: str) -> bool:
    """Return whether a record has a list whose elements have a pattern: only the schema judges those."""
    records = {record.heading: record.fields for record in contract.records}
    inner = [field for outer in records[heading] if outer.item for field in records[outer.item]]
    return any(field.type == "Timestamp" or field.format for field in inner)


def test_every_documented_push_is_the_common_case(contract: Contract) -> None:
    for operation in contract.operations:
        if operation.body and operation.body.collection:
            found = PushSchema(contract, operation).records(orjson.dumps(operation.body.example))
            assert is_typed(found) != has_nested_pattern(contract, operation.body.record)


@pytest.mark.parametrize("more", [{"tricks": [{"label": "flip"}]}, {"score": 7.0}, {"score": 2**70}, {"who": "\x00😀"}])
def test_it_accepts_what_the_schema_accepts(more: dict[str, Any]) -> None:
    text = b'{"spins": [' + msgspec.json.encode(ROW | more) + b"]}"
    assert is_typed(PushSchema(OTHER, PUSH).records(text))


def test_it_leaves_unknown_fields_to_the_schema() -> None:
    assert [str(each) for each in records(ROW | {"whom": "x"}).unknown] == [
        "spins[0].whom: unknown field whom: did you mean who?"
    ]
    assert [each.name for each in records(ROW, sent_by="x").unknown] == ["sent_by"]


def test_it_leaves_a_spelling_with_an_alias_to_the_schema(contract: Contract) -> None:
    push = next(each for each in contract.operations if each.id == "push_social_dynamics")
    row = {"user_id": "1", "target_user_id": "2", "connection": "unllinked", "interaction": "party"}
    found = PushSchema(contract, push).records(orjson.dumps({"social_dynamics": [row]}))
    assert list(found.rows) == [row]


@pytest.mark.parametrize("more", [{}, {"unknown": 1}])
def test_a_column_is_the_same_either_way(more: dict[str, Any]) -> None:
    found = records(ROW, {"who": "bob", "score": 1.5, "tricks": [], **more})
    assert found.column("who") == ["ann", "bob"]
    assert found.column("score") == [7, 1.5]
    assert found.column("tricks") == [None, []]


def decoder(contract: Contract) -> TypedDecoder | None:
    return typed_decoder(closed_request_schema(contract, PUSH), "spins", {})


def test_only_the_schema_judges_records_with_attributes() -> None:
    free = msgspec.structs.replace(SPIN, attributes=True)
    assert decoder(msgspec.structs.replace(OTHER, records=(free, TRICK, BOARD))) is None


def test_only_the_schema_judges_a_format_within_a_list() -> None:
    dated = msgspec.structs.replace(TRICK, fields=(Field(name="on", type="string", required=True, format="date"),))
    assert decoder(msgspec.structs.replace(OTHER, records=(SPIN, dated, BOARD))) is None
