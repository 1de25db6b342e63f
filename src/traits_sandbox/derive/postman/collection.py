"""The Postman collection of a contract (format v2.1.0), its environment, and the files of its uploads."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from traits_sandbox.contract.model import Contract, Operation, OperationEffect
from traits_sandbox.derive.examples import csv_example
from traits_sandbox.derive.openapi.document import LOCAL_URL, TAGS, tag
from traits_sandbox.derive.postman.replies import saved_replies
from traits_sandbox.derive.postman.requests import request, sample_name, value_of, variables
from traits_sandbox.derive.postman.scripts import envelope_tests, reply_tests
from traits_sandbox.json_types import JsonObject
from traits_sandbox.settings import SETTINGS

FORMAT: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
COLLECTION: Final = "12traits-sandbox.postman_collection.json"
ENVIRONMENT: Final = "sandbox.postman_environment.json"

# A run of the whole collection first adds data, then reads it, and removes it last.
_ORDER: Final[tuple[OperationEffect, ...]] = ("append", "read", "destroy")


def files(contract: Contract) -> dict[str, Any]:
    """Return the collection, the environment and a small CSV file for each upload, by file name."""
    samples = {
        sample_name(operation): csv_example(contract, operation.dialects[0])
        for operation in contract.operations
        if operation.dialects
    }
    return {COLLECTION: collection(contract), ENVIRONMENT: environment(contract), **samples}


def collection(contract: Contract) -> JsonObject:
    """Return the collection: a folder for each tag, with one request for each operation."""
    token = {"key": "token", "value": value_of(variables(contract).key), "type": "string"}
    return {
        "info": {
            "_postman_id": _id(contract, "collection"),
            "name": contract.title,
            "description": "\n".join(_description(contract)),
            "schema": FORMAT,
        },
        "auth": {"type": "bearer", "bearer": [token]},
        "event": envelope_tests(),
        "item": [_folder(contract, name, operations) for name, operations in _groups(contract)],
    }


def environment(contract: Contract) -> JsonObject:
    """Return the environment of a sandbox that runs on this machine with its default options."""
    names = variables(contract)
    return {
        "id": _id(contract, "environment"),
        "name": "Local sandbox",
        "values": [
            {"key": names.base, "value": LOCAL_URL, "type": "default", "enabled": True},
            {"key": names.key, "value": _default("api_key"), "type": "secret", "enabled": True},
        ],
        "_postman_variable_scope": "environment",
    }


def _description(contract: Contract) -> Iterator[str]:
    yield f"Unofficial: generated from a restatement of the vendor's document of {contract.edition}.\n"
    for variable in contract.variables:
        yield f"- `{variable.name}`: {variable.description}"


def _groups(contract: Contract) -> list[tuple[str, list[Operation]]]:
    """Return the operations by tag, in the order of a run; a tag with an operation that removes data is last."""
    groups: dict[str, list[Operation]] = {name: [] for name in TAGS}
    for operation in sorted(contract.operations, key=_position):
        groups[tag(operation)].append(operation)
    filled = [(name, operations) for name, operations in groups.items() if operations]
    return sorted(filled, key=lambda group: _position(group[1][-1]))


def _position(operation: Operation) -> int:
    return _ORDER.index(operation.effect)


def _folder(contract: Contract, name: str, operations: list[Operation]) -> JsonObject:
    return {
        "id": _id(contract, name),
        "name": name.capitalize(),
        "description": TAGS[name][0],
        "item": [_item(contract, operation) for operation in operations],
    }


def _item(contract: Contract, operation: Operation) -> JsonObject:
    sent = request(contract, operation)
    replies = saved_replies(contract, operation, sent)
    return {
        "id": _id(contract, operation.id),
        "name": operation.title,
        "event": reply_tests(operation),
        "request": sent,
        "response": [{"id": _id(contract, operation.id, str(each["code"])), **each} for each in replies],
    }


def _id(contract: Contract, *names: str) -> str:
    """Return an identifier that is the same in every build, so that an import replaces an earlier one."""
    return str(uuid5(NAMESPACE_URL, ":".join(("urn:traits-sandbox", contract.edition, "postman", *names))))


def _default(name: str) -> str:
    return next(setting.shown_default for setting in SETTINGS if setting.name == name)
