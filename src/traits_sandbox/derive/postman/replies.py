"""The saved replies of a Postman collection: the documented success, and errors with requests that get them."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, Final

from traits_sandbox.contract.model import Contract, Operation
from traits_sandbox.derive.examples import error_example, reply_example
from traits_sandbox.derive.openapi.exchange import JSON, error_statuses
from traits_sandbox.derive.postman.requests import NO_AUTH, indented, raw, url
from traits_sandbox.derive.sentences import demand
from traits_sandbox.json_types import JsonObject

_BODY = "body"
_UNKNOWN = "unknown"


def saved_replies(contract: Contract, operation: Operation, request: JsonObject) -> Iterator[JsonObject]:
    """Yield the replies of an operation, each with its request; `request` is the one that succeeds."""
    sent = {name: part for name, part in request.items() if name != "description"}
    if operation.response:
        yield _saved(operation.response.status, sent, reply_example(operation.response))
    for status in error_statuses(operation):
        change, reply = _REFUSALS[status](contract, operation)
        yield _saved(status, sent | change, reply)


def _saved(status: int, request: JsonObject, reply: Any) -> JsonObject:
    phrase = HTTPStatus(status).phrase
    return {
        "name": f"{status} {phrase}",
        "originalRequest": request,
        "status": phrase,
        "code": status,
        "_postman_previewlanguage": "json",
        "header": [{"key": "Content-Type", "value": JSON}],
        "cookie": [],
        "body": indented(reply),
    }


def _bad_request(contract: Contract, operation: Operation) -> tuple[JsonObject, Any]:
    """Return the document's example with what provokes it, or for an operation that it does not fit, a plain one."""
    documented = error_example(contract, 400)
    if spoilt := _spoilt(contract, operation, documented):
        return {"body": raw(spoilt)}, documented
    change, name, words = _plain_fault(contract, operation)
    return change, documented | {"errors": {name: f"{name} {words}"}}


def _unauthorized(contract: Contract, operation: Operation) -> tuple[JsonObject, Any]:
    change: JsonObject = {"auth": NO_AUTH}
    if operation.key_parameter:
        change["url"] = url(contract, operation, {operation.key_parameter: ""})
    return change, error_example(contract, 401)


def _not_found(contract: Contract, operation: Operation) -> tuple[JsonObject, Any]:
    unknown = {operation.path_parameters[0].name: _UNKNOWN}
    return {"url": url(contract, operation, unknown)}, error_example(contract, 404)


_REFUSALS: Final[dict[int, Callable[[Contract, Operation], tuple[JsonObject, Any]]]] = {
    400: _bad_request,
    401: _unauthorized,
    404: _not_found,
}


def _spoilt(contract: Contract, operation: Operation, documented: Any) -> Any:
    """Return an operation's body with the fault of the documented error in it, or None if it cannot have that fault."""
    body = operation.body
    if not body or not body.record or not body.example:
        return None
    fields = contract.record(body.record).fields
    faulty = [each for each in fields if each.name in documented["errors"] and each.exclusive_minimum is not None]
    if not faulty:
        return None
    change = {each.name: each.exclusive_minimum for each in faulty}
    return {body.collection: [record | change for record in body.example[body.collection]]}


def _plain_fault(contract: Contract, operation: Operation) -> tuple[JsonObject, str, str]:
    """Return a change of the request that breaks the contract, the name to blame, and what it must be."""
    body, missing = operation.body, demand("required", None, None)
    if operation.webhook:
        return {"body": raw(None)}, _BODY, "must be an object"
    if body and body.part:
        text = {"key": body.part, "type": "text", "value": ""}
        return {"body": {"mode": "formdata", "formdata": [text]}}, body.part, missing
    if body:
        return {"body": raw({})}, body.collection or body.fields[0].name, missing
    if operation.query_parameters:
        name = operation.query_parameters[0].name
        return {"url": url(contract, operation, {name: ""})}, name, missing
    name = operation.path_parameters[-1].name
    return {"url": url(contract, operation, {name: "0"})}, name, "must be an index from 1"
