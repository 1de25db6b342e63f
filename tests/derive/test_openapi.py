"""The OpenAPI document: valid, true of the contract, and made of nothing else."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.derive.other import OTHER, PUSH
from traits_sandbox.contract.model import Contract, Operation
from traits_sandbox.derive.openapi.document import LOCAL_URL, openapi
from traits_sandbox.errors import ErrataError

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document(contract: Contract) -> Json:
    return openapi(contract)


@pytest.fixture(scope="module")
def other() -> Json:
    return openapi(OTHER)


def described(document: Json, operation: Operation) -> Json:
    found: Json = document["paths"][operation.path][operation.method.lower()]
    return found


def reply(document: Json, operation_id: str) -> Json:
    operation = next(each for each in OTHER.operations if each.id == operation_id)
    assert operation.response
    found: Json = described(document, operation)["responses"][str(operation.response.status)]
    return found


def judge(document: Json, schema: Json) -> Draft202012Validator:
    """Return a validator of a schema whose references lead into the document."""
    return Draft202012Validator({**schema, "components": document["components"]})


def media(document: Json) -> Iterator[Json]:
    """Yield every media type of the document: of requests, replies and shared replies."""
    for methods in document["paths"].values():
        for operation in methods.values():
            yield from operation.get("requestBody", {}).get("content", {}).values()
            for response in operation["responses"].values():
                yield from response.get("content", {}).values()
    for response in document["components"]["responses"].values():
        yield from response["content"].values()


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for member in value:
            yield from references(member)


def test_it_is_valid_openapi(document: Json, other: Json) -> None:
    OpenAPIV31SpecValidator(document).validate()
    OpenAPIV31SpecValidator(other).validate()


def test_every_schema_of_it_is_a_valid_schema(document: Json) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_to_a_component(document: Json) -> None:
    for reference in set(references(document)):
        root, kind, name = reference.removeprefix("#/").split("/")
        assert name in document[root][kind]


def test_every_component_is_referred_to_or_a_record(document: Json, contract: Contract) -> None:
    used = set(references(document))
    records = {record.heading for record in contract.records}
    for kind in ("schemas", "responses", "headers"):
        assert (
            not {name for name in document["components"][kind] if f"#/components/{kind}/{name}" not in used} - records
        )


def test_every_example_keeps_its_schema(document: Json, other: Json) -> None:
    for each in (document, other):
        for content in media(each):
            examples = [shown["value"] for shown in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            for example in examples:
                judge(each, content["schema"]).validate(example)


def test_every_operation_is_there_under_its_id(document: Json, contract: Contract) -> None:
    for operation in contract.operations:
        found = described(document, operation)
        assert (found["operationId"], found["x-effect"]) == (operation.id, operation.effect)
    assert sum(map(len, document["paths"].values())) == len(contract.operations)


def test_every_documented_reply_is_shown(document: Json, contract: Contract) -> None:
    for operation in contract.operations:
        if operation.response and operation.response.example:
            shown = described(document, operation)["responses"][str(operation.response.status)]
            assert shown["content"]["application/json"]["example"] == operation.response.example


def test_every_documented_request_is_shown(document: Json, contract: Contract) -> None:
    for operation in contract.operations:
        if operation.body and operation.body.example:
            content = described(document, operation)["requestBody"]["content"]
            assert content[operation.body.media_type]["example"] == operation.body.example


def test_the_local_sandbox_is_the_first_server(document: Json, contract: Contract) -> None:
    local, *vendor = document["servers"]
    assert local["url"] == LOCAL_URL
    assert [server["url"] for server in vendor] == [server.url for server in contract.servers]
    assert all(contract.edition in server["description"] for server in vendor)


def test_it_states_that_it_is_unofficial(document: Json, contract: Contract) -> None:
    assert document["info"]["version"] == contract.edition
    assert document["info"]["description"].startswith("Unofficial")


def test_notices_are_part_of_the_description(other: Json) -> None:
    assert described(other, PUSH)["description"] == "Wear a helmet."


def test_tags_follow_from_behaviour(other: Json) -> None:
    used = {operation.id: described(other, operation)["tags"] for operation in OTHER.operations}
    assert used["push_spins"] == used["push_boards"] == ["pushes"]
    assert used["get_status"] == used["forget"] == ["users"]
    assert [tag["name"] for tag in other["tags"]] == ["pushes", "uploads", "webhooks", "users", "personas"]


def test_an_unknown_behaviour_stops_it() -> None:
    strange = msgspec.structs.replace(PUSH, behaviour="juggle")
    with pytest.raises(ErrataError, match=r"PUT /v9/spins.*'juggle'"):
        openapi(msgspec.structs.replace(OTHER, operations=(strange,)))


def test_a_key_is_sent_in_the_header_or_in_a_documented_query_parameter(other: Json) -> None:
    schemes = {operation.id: described(other, operation)["security"] for operation in OTHER.operations}
    assert schemes.pop("receive_tricks") == [{"bearerAuth": []}, {"tokenInQuery": []}]
    assert all(each == [{"bearerAuth": []}] for each in schemes.values())
    assert other["components"]["securitySchemes"]["tokenInQuery"] == {"type": "apiKey", "in": "query", "name": "token"}


@pytest.mark.parametrize(
    ("text", "fits"), [("1", True), ("10", True), ("every+one", True), ("0", False), ("01", False)]
)
def test_a_persona_is_an_index_or_all(other: Json, text: str, fits: bool) -> None:
    group = next(operation for operation in OTHER.operations if operation.id == "get_group")
    segment, persona = described(other, group)["parameters"]
    assert judge(other, persona["schema"]).is_valid(text) == fits
    assert (segment["name"], segment["example"], persona["name"]) == ("park", "main", "group")


def test_a_query_parameter_is_required_and_not_empty(document: Json) -> None:
    (parameter,) = document["paths"]["/v1/assessment/user/status"]["get"]["parameters"]
    assert (parameter["in"], parameter["required"], parameter["example"]) == ("query", True, "1001")
    assert parameter["schema"] == {"type": "string", "minLength": 1}


def test_a_request_holds_as_many_records_as_the_contract_allows(other: Json) -> None:
    body = judge(other, {"$ref": "#/components/schemas/PushSpinsRequest"})
    row = {"who": "ann", "score": 1}
    assert [body.is_valid({"spins": [row] * count}) for count in (0, 1, 7, 8)] == [False, True, True, False]
    assert not body.is_valid({"spins": [row | {"tricks": [{}]}]})


def test_an_upload_is_a_form_with_a_file(document: Json, contract: Contract) -> None:
    upload = next(operation for operation in contract.operations if operation.id == "upload_kpis")
    form = described(document, upload)["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["properties"]["file"]["contentMediaType"] == "text/csv"
    assert form["encoding"]["file"]["contentType"].startswith("text/csv")
    assert list(form["examples"]) == [dialect.name for dialect in upload.dialects]


def test_a_webhook_takes_one_event_or_many(other: Json) -> None:
    body = judge(other, {"$ref": "#/components/schemas/ReceiveTricksRequest"})
    event = {"Type": "landed", "Rider": "ann"}
    # A value that is not an event is refused by itself, but acknowledged within an array.
    assert all(body.is_valid(each) for each in (event, [event], [event, {}], [event, "landed"], []))
    assert not body.is_valid("landed")
    hook = next(operation for operation in OTHER.operations if operation.id == "receive_tricks")
    assert described(other, hook)["requestBody"]["required"]
    assert described(other, hook)["requestBody"]["content"]["application/json"]["example"] == event


def test_every_operation_answers_its_errors(other: Json) -> None:
    errors = {
        operation.id: [status for status in described(other, operation)["responses"] if status >= "400"]
        for operation in OTHER.operations
    }
    assert errors["push_spins"] == errors["upload_spins"] == errors["receive_tricks"] == ["400", "401"]
    assert errors["get_status"] == errors["forget"] == ["400", "401"]
    assert errors["get_group"] == ["400", "401", "404"]


def test_only_a_bad_request_is_explained(document: Json) -> None:
    for name, response in document["components"]["responses"].items():
        content = response["content"]["application/json"]
        assert ("errors" in content["example"]) == (name == "BadRequest")
        explained = content["example"] | {"errors": {"price": "price is required"}}
        assert judge(document, content["schema"]).is_valid(explained) == (name == "BadRequest")
        assert not judge(document, content["schema"]).is_valid({**content["example"], "code": 499})


def test_errors_have_the_documented_messages(document: Json, contract: Contract) -> None:
    documented = {error.status: error.message for error in contract.errors}
    for response in document["components"]["responses"].values():
        example = response["content"]["application/json"]["example"]
        assert example["message"] == documented[example["code"]]


def test_replies_name_the_headers_of_the_sandbox(document: Json) -> None:
    headers = {name: set(each["headers"]) for name, each in document["components"]["responses"].items()}
    assert headers["BadRequest"] == {"Sandbox-Request-Id", "Sandbox-Violation", "Sandbox-Hint"}
    assert headers["Unauthorized"] == {"Sandbox-Request-Id", "Sandbox-Hint", "WWW-Authenticate"}
    for methods in document["paths"].values():
        for operation in methods.values():
            success = next(each for status, each in operation["responses"].items() if status < "300")
            assert set(success["headers"]) == {"Sandbox-Request-Id"}


def test_a_push_links_to_the_operations_that_show_and_remove_its_user(other: Json) -> None:
    links = reply(other, "push_spins")["links"]
    user = "$request.body#/spins/0/who"
    assert links["get_status"]["parameters"] == {"rider": user}
    assert links["forget"]["requestBody"] == {"rider": user}
    assert links["get_group"]["parameters"] == {"park": "main", "group": "every+one"}


def test_records_without_a_user_link_to_nothing_about_one(other: Json) -> None:
    assert list(reply(other, "push_boards")["links"]) == ["get_group"]


@pytest.mark.parametrize("operation_id", ["upload_spins", "receive_tricks"])
def test_without_an_expression_for_the_user_a_link_names_only_the_operation(other: Json, operation_id: str) -> None:
    links = reply(other, operation_id)["links"]
    assert list(links) == ["get_status", "get_group", "forget"]
    assert "parameters" not in links["get_status"]
    assert "requestBody" not in links["forget"]


def test_reads_and_removal_link_to_nothing(other: Json) -> None:
    assert not any("links" in reply(other, operation_id) for operation_id in ("get_status", "get_group", "forget"))


def test_every_link_leads_to_an_operation_and_fills_its_parameters(document: Json, contract: Contract) -> None:
    targets = {operation.id: operation for operation in contract.operations}
    for methods in document["paths"].values():
        for operation in methods.values():
            for response in operation["responses"].values():
                for link in response.get("links", {}).values():
                    target = targets[link["operationId"]]
                    known = {each.name for each in (*target.path_parameters, *target.query_parameters)}
                    assert set(link.get("parameters", {})) <= known


def test_a_link_finds_the_user_in_the_example(document: Json) -> None:
    push = document["paths"]["/v1/actions"]["post"]
    example = push["requestBody"]["content"]["application/json"]["example"]
    expression = push["responses"]["201"]["links"]["remove_user_data"]["requestBody"]["id"]
    value: Any = example
    for step in expression.removeprefix("$request.body#/").split("/"):
        value = value[int(step)] if step.isdigit() else value[step]
    assert value == "1001"


def test_it_contains_only_facts_of_the_contract(other: Json, contract: Contract) -> None:
    words = {field.name for record in contract.records for field in record.fields}
    words |= {category.folder for category in contract.categories} | {"v1", "12traits", "1000", "default"}
    words -= {"items", "key", "name", "type", "value"}  # words of OpenAPI and JSON Schema, too
    words -= {field.name for record in OTHER.records for field in record.fields}
    said = set(re.findall(r"\w+", json.dumps(other)))
    assert words & said == set()


def test_it_is_the_same_each_time(contract: Contract, document: Json) -> None:
    assert json.dumps(openapi(contract)) == json.dumps(document)
