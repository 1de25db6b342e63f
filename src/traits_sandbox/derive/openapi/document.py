"""The OpenAPI 3.1 document of a contract."""

import re
from collections.abc import Iterator
from typing import Any

from traits_sandbox.contract.model import Contract, Operation, Parameter
from traits_sandbox.derive.examples import user_example
from traits_sandbox.derive.openapi.components import BEARER, components, key_scheme
from traits_sandbox.derive.openapi.exchange import request_body, responses
from traits_sandbox.errors import ErrataError
from traits_sandbox.json_types import JsonObject

LOCAL_URL = "http://127.0.0.1:8012"
# What an operation does decides the group it is shown in.
TAGS = {
    "pushes": ("Records sent as JSON.", ("push",)),
    "uploads": ("Records sent as CSV files.", ("upload",)),
    "webhooks": ("Events that another service sends.", ("webhook",)),
    "users": ("What is known of one user, and its removal.", ("assessment_status", "remove_user")),
    "personas": ("Personas of a segment: who they are and what they are like.", ("persona_users", "persona_traits")),
}


def openapi(contract: Contract) -> dict[str, Any]:
    """Return the OpenAPI document of a contract, ready to be written as JSON."""
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
    described = (f"{server.name}, the vendor's, as of {contract.edition}" for server in contract.servers)
    urls = (server.url for server in contract.servers)
    return [local, *({"url": url, "description": words} for url, words in zip(urls, described, strict=True))]


def _tags(contract: Contract) -> list[JsonObject]:
    used = {tag(operation) for operation in contract.operations}
    return [{"name": name, "description": words} for name, (words, _) in TAGS.items() if name in used]


def tag(operation: Operation) -> str:
    """Return the name of the group that an operation is shown in."""
    for name, (_, behaviours) in TAGS.items():
        if operation.behaviour in behaviours:
            return name
    raise ErrataError(f"{operation.key}: no group of operations has the behaviour {operation.behaviour!r}")


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
    """Yield the parameters of an operation's path, then those of its query."""
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
