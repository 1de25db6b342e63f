"""The published schemas: well formed, self-contained, and true of every documented example."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from traits_sandbox.contract.model import Contract, Field, Record
from traits_sandbox.derive.json_schema import (
    closed_request_schema,
    documents,
    error_schema,
    field_schema,
    record_document,
    record_schema,
    request_document,
    response_document,
    stem,
    surface_schema,
)


@pytest.fixture(scope="module")
def published(contract: Contract) -> dict[str, dict[str, Any]]:
    return documents(contract)


def test_every_document_is_a_valid_schema(published: dict[str, dict[str, Any]]) -> None:
    for schema in published.values():
        assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
        Draft202012Validator.check_schema(schema)


def test_every_document_has_a_separate_id(contract: Contract, published: dict[str, dict[str, Any]]) -> None:
    ids = [schema["$id"] for schema in published.values()]
    assert len(set(ids)) == len(ids)
    assert all(each.startswith(f"urn:traits-sandbox:{contract.edition}:") for each in ids)


def test_every_reference_leads_to_a_definition_beside_it(published: dict[str, dict[str, Any]]) -> None:
    for schema in published.values():
        for reference in _references(schema):
            assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_every_record_request_and_reply_has_a_document(
    contract: Contract, published: dict[str, dict[str, Any]]
) -> None:
    names = {f"{stem(record.heading)}.schema.json" for record in contract.records} | {"error.schema.json"}
    for operation in contract.operations:
        names |= {f"{operation.id}.response.schema.json"} if operation.response else set()
        if operation.body and not operation.body.part:
            names.add(f"{operation.id}.request.schema.json")
    assert set(published) == names


def test_every_documented_push_keeps_its_schema(contract: Contract) -> None:
    for operation in contract.operations:
        if operation.body and operation.body.example:
            Draft202012Validator(request_document(contract, operation)).validate(operation.body.example)
            Draft202012Validator(closed_request_schema(contract, operation)).validate(operation.body.example)


def test_every_example_of_a_category_is_a_record_of_it(contract: Contract) -> None:
    for category in contract.categories:
        judge = Draft202012Validator(record_document(contract, contract.record(category.record)))
        assert category.examples
        for shown in category.examples:
            judge.validate(shown.value)


def test_every_documented_reply_keeps_its_schema(contract: Contract) -> None:
    for operation in contract.operations:
        if operation.response and operation.response.example:
            Draft202012Validator(response_document(contract, operation)).validate(operation.response.example)
    for shown in contract.error_examples:
        Draft202012Validator(error_schema(contract)).validate(shown.value)


def test_every_example_within_a_document_is_true_of_it(published: dict[str, dict[str, Any]]) -> None:
    for schema in published.values():
        judge = Draft202012Validator(schema)
        for shown in schema.get("examples", ()):
            judge.validate(shown)


def test_documents_are_the_same_each_time(contract: Contract) -> None:
    assert json.dumps(documents(contract)) == json.dumps(documents(contract))


def test_the_message_of_a_reply_with_a_count_has_the_count(contract: Contract) -> None:
    operation = next(each for each in contract.operations if each.response and "{count}" in each.response.message)
    assert operation.response
    judge = Draft202012Validator(response_document(contract, operation))
    for message, fits in ((operation.response.message.replace("{count}", "7"), True), ("7 of them", False)):
        reply = {"code": operation.response.status, "message": message, "data": None}
        assert judge.is_valid(reply) == fits


def test_numbers_side_by_side_are_one_kind_of_number(contract: Contract) -> None:
    operation = next(each for each in contract.operations if each.behaviour == "persona_traits")
    schema = response_document(contract, operation)["properties"]["data"]
    kinds = {trait["type"] for category in schema["properties"].values() for trait in category["properties"].values()}
    assert kinds == {"number"}


@pytest.mark.parametrize(
    ("field", "rules"),
    [
        (Field(name="f", type="string", required=True), {"type": "string"}),
        (Field(name="f", type="string", required=True, min_length=1), {"type": "string", "minLength": 1}),
        (Field(name="f", type="int", required=True, minimum=1), {"type": "integer", "minimum": 1}),
        (Field(name="f", type="float", required=True, minimum=0), {"type": "number", "minimum": 0}),
        (Field(name="f", type="float", required=True, exclusive_minimum=0), {"type": "number", "exclusiveMinimum": 0}),
        (Field(name="f", type="string", required=True, allowed=("a", "b")), {"type": "string", "enum": ["a", "b"]}),
        (
            Field(name="f", type="list", required=True, item="Part", description="Parts."),
            {"type": "array", "description": "Parts.", "items": {"$ref": "#/$defs/Part"}},
        ),
        (
            Field(name="f", type="string", required=True, format="country"),
            {"type": "string", "pattern": "^(?:[A-Za-z]{2})$", "maxLength": 2},
        ),
    ],
)
def test_a_field_becomes_rules(field: Field, rules: dict[str, Any]) -> None:
    assert field_schema(field) == rules


def test_a_format_that_may_be_empty_takes_the_empty_text() -> None:
    field = Field(name="f", type="string", required=True, format="date", may_be_empty=True)
    judge = Draft202012Validator(field_schema(field))
    assert [judge.is_valid(text) for text in ("", "2019-01-01", "2019-02-30", " ")] == [True, True, False, False]


def test_patterns_are_in_the_common_ground_of_regular_expressions(published: dict[str, dict[str, Any]]) -> None:
    for pattern in {each for schema in published.values() for each in _patterns(schema)}:
        assert re.compile(pattern)
        assert not re.search(r"\(\?[^:]|\\[a-zA-Z]", pattern), pattern


def test_attributes_are_texts_and_other_records_take_anything_unknown() -> None:
    field = Field(name="id", type="string", required=True)
    free = Draft202012Validator(record_schema(Record(heading="R", kind="r", fields=(field,), attributes=True)))
    usual = Draft202012Validator(record_schema(Record(heading="R", kind="r", fields=(field,))))
    closed = Draft202012Validator(record_schema(Record(heading="R", kind="r", fields=(field,)), closed=True))
    assert [free.is_valid({"id": "1", "more": more}) for more in ("x", 1)] == [True, False]
    assert usual.is_valid({"id": "1", "more": 1})
    assert not closed.is_valid({"id": "1", "more": 1})


def test_the_surface_of_a_record_does_not_include_lists(contract: Contract) -> None:
    record = next(each for each in contract.records if any(field.item for field in each.fields))
    name = next(field.name for field in record.fields if field.item)
    judge = Draft202012Validator({**surface_schema(record), "required": []})
    assert judge.is_valid({name: [None]})
    assert not judge.is_valid({name: None})


@pytest.mark.parametrize(
    ("heading", "name"), [("Item", "item"), ("LevelUp", "level_up"), ("ActionParam", "action_param")]
)
def test_a_heading_becomes_a_file_name(heading: str, name: str) -> None:
    assert stem(heading) == name


def _references(schema: Any) -> Iterator[str]:
    yield from (value for key, value in _members(schema) if key == "$ref")


def _patterns(schema: Any) -> Iterator[str]:
    yield from (value for key, value in _members(schema) if key == "pattern" and isinstance(value, str))


def _members(schema: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(schema, dict):
        yield from schema.items()
        for value in schema.values():
            yield from _members(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _members(value)
