"""JSON Schemas of structs in a form of our own, so that no version of msgspec or Python writes them differently."""

import inspect
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from traits_sandbox.derive.json_schema import Schema

COMPONENTS: Final = "#/components/schemas/{name}"
_NULL: Final = {"type": "null"}


def struct_schema(struct: type[msgspec.Struct]) -> Schema:
    """Return the schema of a struct, with every struct that it is made of below `$defs`."""
    schema: Schema = normalise(msgspec.json.schema(struct))
    return schema


def struct_schemas(structs: Iterable[type[msgspec.Struct]], ref_template: str = COMPONENTS) -> dict[str, Schema]:
    """Return the schemas of structs and of every struct that they are made of, by the name of the class."""
    _, found = msgspec.json.schema_components(structs, ref_template=ref_template)
    schemas: dict[str, Schema] = normalise(found)
    return schemas


def normalise(schema: Any) -> Any:
    """Return a schema by msgspec without what depends on the version of msgspec or Python.

    msgspec 0.20 to 0.23 place null differently in `anyOf`: here it is the last. They keep or remove the indentation of
    docstrings, which Python 3.13 removes in any case: here descriptions have none.
    """
    if isinstance(schema, list):
        return [normalise(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: normalise(rule) for name, rule in schema.items()}
    # In a table of properties these two names may stand for schemas, which are objects.
    if isinstance(text := found.get("description"), str):
        found["description"] = inspect.cleandoc(text)
    if isinstance(choices := found.get("anyOf"), list):
        found["anyOf"] = sorted(choices, key=lambda choice: choice == _NULL)
    return found
