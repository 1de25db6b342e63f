"""JSON Schemas of structs in a form that does not depend on the version of msgspec or Python."""

import inspect
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from traits_sandbox.derive.json_schema import Schema

COMPONENTS: Final = "#/components/schemas/{name}"
_NULL: Final = {"type": "null"}


def struct_schema(struct: type[msgspec.Struct]) -> Schema:
    """Return the schema of a struct, with the structs that it refers to under `$defs`."""
    schema: Schema = normalise(msgspec.json.schema(struct))
    return schema


def struct_schemas(structs: Iterable[type[msgspec.Struct]], ref_template: str = COMPONENTS) -> dict[str, Schema]:
    """Return the schemas of structs and of the structs that they refer to, by class name."""
    _, found = msgspec.json.schema_components(structs, ref_template=ref_template)
    schemas: dict[str, Schema] = normalise(found)
    return schemas


def normalise(schema: Any) -> Any:
    """Return a schema by msgspec in a form that does not depend on the version of msgspec or Python.

    msgspec 0.20 to 0.23 put null at different positions in `anyOf`; here it is always the last. Some versions of
    msgspec and Python keep the indentation of docstrings; here descriptions have none.
    """
    if isinstance(schema, list):
        return [normalise(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: normalise(rule) for name, rule in schema.items()}
    # Properties can have these two names too. Their values are then schemas, which are objects.
    if isinstance(text := found.get("description"), str):
        found["description"] = inspect.cleandoc(text)
    if isinstance(choices := found.get("anyOf"), list):
        found["anyOf"] = sorted(choices, key=lambda choice: choice == _NULL)
    return found
