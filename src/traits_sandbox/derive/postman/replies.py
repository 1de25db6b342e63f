"""The saved replies of a Postman collection: the documented success, and errors with requests that cause them."""

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
    """Yield the replies of an operation, each with its request; `request` is the successful one."""
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
    """Return a change of the request that causes a bad request, and the reply.

    The reply is the document's example if the operation can cause it.
    """
    documented = error_example(contract, 400)
    if body := _body_with_documented_violation(contract, operation, documented):
        return {"body": raw(body)}, documented
    change, name, rule = _simple_violation(contract, operation)
    return change, documented | {"errors": {name: f"{name} {rule}"}}


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


def _body_with_documented_violation(contract: Contract, operation: Operation, documented: Any) -> Any:
    """Return a body with the violation of the documented error, or None if the operation has no such field."""
    body = operation.body
    if not body or not body.record or not body.example:
        return None
    fields = contract.record(body.record).fields
    bounded = [each for each in fields if each.name in documented["errors"] and each.exclusive_minimum is not None]
    if not bounded:
        return None
    change = {each.name: each.exclusive_minimum for each in bounded}
    return {body.collection: [record | change for record in body.example[body.collection]]}


def _simple_violation(contract: Contract, operation: Operation) -> tuple[JsonObject, str, str]:
    """Return a change of the request that breaks the contract, the name of the value, and the rule it breaks."""
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
