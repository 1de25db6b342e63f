from typing import Any

import msgspec
import pytest

from traits_sandbox.derive.struct_schemas import normalise, struct_schema, struct_schemas

BODY, NULL = {"$ref": "#/$defs/Body"}, {"type": "null"}


class Body(msgspec.Struct):
    """A body.

    It has two lines,
      one of them indented.
    """

    description: str
    anyOf: list[int]  # noqa: N815


class Reply(msgspec.Struct):
    body: Body | None


@pytest.mark.parametrize("written", [[NULL, BODY], [BODY, NULL]])
def test_null_is_the_last_choice(written: list[Any]) -> None:
    assert normalise({"properties": {"body": {"anyOf": written}}}) == {"properties": {"body": {"anyOf": [BODY, NULL]}}}


@pytest.mark.parametrize("indentation", ["", "    "])
def test_a_description_has_no_indentation_of_the_source(indentation: str) -> None:
    assert normalise([{"description": f"One.\n\n{indentation}Two."}]) == [{"description": "One.\n\nTwo."}]


def test_a_struct_has_its_parts_as_definitions() -> None:
    schema = struct_schema(Reply)
    assert schema["$ref"] == "#/$defs/Reply"
    assert schema["$defs"]["Reply"]["properties"]["body"] == {"anyOf": [BODY, NULL]}
    assert schema["$defs"]["Body"]["description"] == "A body.\n\nIt has two lines,\n  one of them indented."


def test_members_named_as_keywords_keep_their_schemas() -> None:
    properties = struct_schemas((Body,))["Body"]["properties"]
    assert properties == {"description": {"type": "string"}, "anyOf": {"type": "array", "items": {"type": "integer"}}}


def test_structs_refer_to_each_other_as_components() -> None:
    schemas = struct_schemas((Reply,))
    assert set(schemas) == {"Reply", "Body"}
    assert schemas["Reply"]["properties"]["body"]["anyOf"][0] == {"$ref": "#/components/schemas/Body"}
