"""The small schemas and parameters that the OpenAPI document of the control API is built from."""

from typing import Final

from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.derive.struct_schemas import COMPONENTS
from traits_sandbox.web.control.queries import DEFAULT_LIMIT, MAX_LIMIT

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
TEXTS: Final[Schema] = {"type": "array", "items": TEXT}
ANY_OBJECT: Final[Schema] = {"type": "object"}


def object_schema(properties: Schema) -> Schema:
    """Return an object schema whose members are all required."""
    return {"type": "object", "required": list(properties), "properties": properties}


def listing(name: str, shown: str) -> Schema:
    """Return an object schema with one member, a list of a component."""
    return object_schema({name: array_of(shown)})


def array_of(shown: str) -> Schema:
    """Return an array schema of a component."""
    return {"type": "array", "items": reference(shown)}


def reference(name: str) -> Schema:
    """Return a reference to a component's schema."""
    return {"$ref": COMPONENTS.format(name=name)}


def query_parameter(name: str, schema: Schema, description: str) -> Schema:
    """Return an optional query parameter."""
    return {"name": name, "in": "query", "schema": schema, "description": description}


def since_parameter() -> Schema:
    """Return the query parameter `since`."""
    return query_parameter("since", TEXT, "A time (epoch seconds or ISO 8601), or the id of the request after which.")


def limit_parameter() -> Schema:
    """Return the query parameter `limit`."""
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return query_parameter("limit", schema, "The largest number of entries; the newest are returned.")
