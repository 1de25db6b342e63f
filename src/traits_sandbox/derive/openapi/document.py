"""The OpenAPI 3.1 document of a contract."""

import re
from collections.abc import Iterator
from typing import Any

from traits_sandbox.contract.model import Contract, Operation, Parameter, Server
from traits_sandbox.derive.examples import user_example
from traits_sandbox.derive.openapi.components import BEARER, components, key_scheme
from traits_sandbox.derive.openapi.exchange import request_body, responses
from traits_sandbox.errors import ErrataError
from traits_sandbox.json_types import JsonObject

LOCAL_URL = "http://127.0.0.1:8012"
# The behaviour of an operation selects its tag: tag, description, behaviours.
TAGS = {
    "pushes": ("Records sent as JSON.", ("push",)),
    "uploads": ("Records sent as CSV files.", ("upload",)),
    "webhooks": ("Events that another service sends.", ("webhook",)),
    "users": ("The status of one user, and the removal of the user's data.", ("assessment_status", "remove_user")),
    "personas": ("The personas of a segment: their users and their traits.", ("persona_users", "persona_traits")),
}


def openapi(contract: Contract) -> dict[str, Any]:
    """Return the OpenAPI document of a contract as JSON values."""
    return {
        "openapi": "3.1.0",
        "info": _info(contract),
        "servers": _servers(contract),
        "tags": _tags(contract),
        "paths": _paths(contract),
        "components": components(contract),
    }


def _info(contract: Contract) -> JsonObject:
    origin = f"Unofficial: generated from a restatement of the vendor's document of {contract.edition}."
    return {
        "title": contract.title,
        "version": contract.edition,
        "description": "\n\n".join(filter(None, (origin, contract.description))),
    }


def _servers(contract: Contract) -> list[JsonObject]:
    local = {"url": LOCAL_URL, "description": "The local sandbox"}
    return [
        local,
        *({"url": each.url, "description": _server_description(contract, each)} for each in contract.servers),
    ]


def _server_description(contract: Contract, server: Server) -> str:
    return f"{server.name} server of the vendor, as of {contract.edition}"


def _tags(contract: Contract) -> list[JsonObject]:
    used = {tag(operation) for operation in contract.operations}
    return [{"name": name, "description": description} for name, (description, _) in TAGS.items() if name in used]


def tag(operation: Operation) -> str:
    """Return the tag of an operation.

    Raises:
        ErrataError: no tag lists the behaviour of the operation.

    """
    for name, (_, behaviours) in TAGS.items():
        if operation.behaviour in behaviours:
            return name
    raise ErrataError(f"{operation.key}: no tag has the behaviour {operation.behaviour!r}")


def _paths(contract: Contract) -> JsonObject:
    paths: JsonObject = {}
    for operation in contract.operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(contract, operation)
    return paths


def _operation(contract: Contract, operation: Operation) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.id,
        "tags": [tag(operation)],
        "summary": operation.title,
        "description": "\n\n".join(filter(None, (operation.description, *operation.notices))),
        "x-effect": operation.effect,
        "security": [{scheme: []} for scheme in _schemes(operation)],
    }
    if listed := list(parameters(contract, operation)):
        described["parameters"] = listed
    if body := request_body(contract, operation):
        described["requestBody"] = body
    return described | {"responses": responses(contract, operation)}


def parameters(contract: Contract, operation: Operation) -> Iterator[JsonObject]:
    """Yield the path parameters of an operation, then its query parameters."""
    for parameter in operation.path_parameters:
        yield _parameter(parameter, "path", _path_rules(operation, parameter.name))
    for parameter in operation.query_parameters:
        is_user = parameter.name == operation.roles.get("user")
        yield _parameter(parameter, "query", {"example": user_example(contract)} if is_user else {})


def _parameter(parameter: Parameter, place: str, rules: JsonObject) -> JsonObject:
    described: JsonObject = {"name": parameter.name, "in": place, "required": True}
    if parameter.description:
        described["description"] = parameter.description
    return described | {"schema": {"type": "string", "minLength": 1}} | rules


def _path_rules(operation: Operation, name: str) -> JsonObject:
    roles = operation.roles
    if name == roles.get("persona"):
        pattern = f"^([1-9][0-9]*|{re.escape(roles['all_personas'])})$"
        return {"schema": {"type": "string", "pattern": pattern}, "example": "1"}
    return {"example": roles["default_segment"]} if name == roles.get("segment") else {}


def _schemes(operation: Operation) -> list[str]:
    return [BEARER, *([key_scheme(operation.key_parameter)] if operation.key_parameter else [])]
