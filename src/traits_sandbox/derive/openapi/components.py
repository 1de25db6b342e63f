"""The components of an OpenAPI document: schemas, error replies, headers and security schemes."""

from typing import Any

from traits_sandbox.contract.model import Contract, Operation, Webhook
from traits_sandbox.derive.json_schema import body_schema, error_schema, record_schema, response_schema
from traits_sandbox.derive.openapi.exchange import (
    ERROR_SCHEMA,
    HEADERS,
    error_name,
    error_response,
    error_statuses,
    ref,
    schema_name,
)
from traits_sandbox.json_types import JsonObject

BEARER = "bearerAuth"


def components(contract: Contract) -> JsonObject:
    """Return the components that the operations of a contract refer to."""
    return {
        "schemas": _schemas(contract),
        "responses": _error_responses(contract),
        "headers": {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()},
        "securitySchemes": _security_schemes(contract),
    }


def key_scheme(parameter: str) -> str:
    """Return the name of the security scheme for a key in this query parameter."""
    return f"{parameter}InQuery"


def _security_schemes(contract: Contract) -> JsonObject:
    named = (operation.key_parameter for operation in contract.operations if operation.key_parameter)
    in_query = {key_scheme(name): {"type": "apiKey", "in": "query", "name": name} for name in named}
    return {BEARER: {"type": "http", "scheme": "bearer"}, **in_query}


def _error_responses(contract: Contract) -> JsonObject:
    statuses = {status for operation in contract.operations for status in error_statuses(operation)}
    return {error_name(status): error_response(contract, status) for status in sorted(statuses)}


def _schemas(contract: Contract) -> JsonObject:
    schemas = {record.heading: record_schema(record) for record in contract.records}
    for operation in contract.operations:
        schemas |= _operation_schemas(contract, operation)
    resolved: JsonObject = _with_component_references({**schemas, ERROR_SCHEMA: error_schema(contract)})
    return resolved


def _operation_schemas(contract: Contract, operation: Operation) -> JsonObject:
    schemas: JsonObject = {}
    if operation.webhook:
        event = schema_name(operation, "Event")
        # An element that is not an event is acknowledged too, because PlayFab cannot correct it.
        element = {
            "description": "An event. Any other value is acknowledged and not stored.",
            "anyOf": [ref("schemas", event), {}],
        }
        schemas[event] = _event_schema(operation.webhook)
        schemas[schema_name(operation, "Request")] = {
            "oneOf": [ref("schemas", event), {"type": "array", "items": element}]
        }
    elif operation.body and not operation.body.part:
        schemas[schema_name(operation, "Request")] = body_schema(contract, operation.body)
    if operation.response:
        schemas[schema_name(operation, "Response")] = response_schema(operation)
    return schemas


def _event_schema(webhook: Webhook) -> JsonObject:
    envelope = ", ".join(webhook.envelope)
    return {"type": "object", "description": f"An event with any content. Properties of its envelope: {envelope}."}


def _with_component_references(schema: Any) -> Any:
    """Return a schema that refers to the components of the document instead of its own definitions."""
    if isinstance(schema, dict):
        return {
            name: _component_reference(rule) if name == "$ref" else _with_component_references(rule)
            for name, rule in schema.items()
        }
    return [_with_component_references(each) for each in schema] if isinstance(schema, list) else schema


def _component_reference(reference: Any) -> Any:
    return reference.replace("#/$defs/", "#/components/schemas/") if isinstance(reference, str) else reference
