import json
from fnmatch import fnmatch

from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.generate import PATTERNS, generate, pretty
from traits_sandbox.derive.json_schema import documents
from traits_sandbox.derive.openapi.document import openapi


def test_an_edition_has_its_contract_its_schemas_and_its_openapi(contract: Contract) -> None:
    files = generate(contract)
    assert set(files) >= {"contract.json", "openapi.json", *documents(contract)}
    assert json.loads(files["openapi.json"]) == openapi(contract)
    for name, schema in documents(contract).items():
        assert json.loads(files[name]) == schema


def test_every_generated_file_is_known_by_its_name(contract: Contract) -> None:
    assert all(any(fnmatch(name, pattern) for pattern in PATTERNS) for name in generate(contract))


def test_generated_files_are_the_same_each_time(contract: Contract) -> None:
    assert generate(contract) == generate(contract)


def test_json_is_written_to_be_read() -> None:
    assert pretty({"a": "é", "b": [1]}) == '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}\n'.encode()
