"""The examples of the object storage section keep the record schemas of that channel."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.wire.documented import object_storage_examples
from traits_sandbox.contract.load import load
from traits_sandbox.derive.json_schema import stem


@pytest.mark.parametrize("source", ["reference", "vendor"])
def test_every_object_storage_example_keeps_its_schema(
    source: str, edition: Path, request: pytest.FixtureRequest
) -> None:
    document = edition / "reference.md" if source == "reference" else request.getfixturevalue("vendor_document")
    examples = object_storage_examples(document)
    contract = load(edition)
    assert sorted(examples) == sorted(category.folder for category in contract.categories)
    for category in contract.categories:
        schema = json.loads((edition / f"{stem(category.record)}.schema.json").read_bytes())
        assert examples[category.folder]
        for example in examples[category.folder]:
            validate(example, schema)


def validate(example: Any, schema: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema).validate(example)
