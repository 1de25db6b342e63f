"""The OpenAPI objects of one exchange: the request body of an operation and its responses."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from traits_sandbox.contract.model import Contract, Operation, RequestBody
from traits_sandbox.derive.examples import csv_example, error_example, event_example, reply_example
from traits_sandbox.derive.messages import error_description
from traits_sandbox.derive.openapi.links import links
from traits_sandbox.json_types import JsonObject

JSON = "application/json"
CSV = "text/csv"

ERROR_SCHEMA = "Error"
REQUEST_ID, VIOLATION, HINT, CHALLENGE = "Sandbox-Request-Id", "Sandbox-Violation", "Sandbox-Hint", "WWW-Authenticate"
HEADERS = {
    REQUEST_ID: "Id of this request in the journal of the sandbox. The vendor's servers do not send it.",
    VIOLATION: "JSON pointer to the first violation in the request body. The vendor's servers do not send it.",
    HINT: "How to correct the request, if the sandbox can tell. The vendor's servers do not send it.",
    CHALLENGE: "The required authentication scheme.",
}
_HEADERS_OF_ERRORS = {400: (REQUEST_ID, VIOLATION, HINT), 401: (REQUEST_ID, HINT, CHALLENGE), 404: (REQUEST_ID, HINT)}

_EXPLAINED = [{"required": ["errors"]}, {"required": ["data"]}]


def schema_name(operation: Operation, what: str) -> str:
    """Return the name of a schema component of an operation, such as `PushActionsRequest`."""
    return "".join(word.capitalize() for word in operation.id.split("_")) + what


def ref(kind: str, name: str) -> JsonObject:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def request_body(contract: Contract, operation: Operation) -> JsonObject | None:
    """Return the request body of an operation, or None if it has none."""
    if operation.webhook:
        content = {JSON: _shown(operation, event_example(contract, operation.webhook))}
    elif operation.body and operation.body.part:
        content = {operation.body.media_type: _form(contract, operation, operation.body)}
    elif operation.body:
        content = {operation.body.media_type: _shown(operation, operation.body.example)}
    else:
        return None
    return {"required": True, "content": content}


def responses(contract: Contract, operation: Operation) -> JsonObject:
    """Return the responses of an operation by status: the documented success first, then the errors."""
    return _success(contract, operation) | {
        str(status): ref("responses", error_name(status)) for status in error_statuses(operation)
    }


def error_statuses(operation: Operation) -> Iterator[int]:
    """Yield the status codes of the errors that an operation can return."""
    if operation.body or operation.webhook or operation.path_parameters or operation.query_parameters:
        yield 400
    yield 401
    if operation.path_parameters:
        yield 404


def error_response(contract: Contract, status: int) -> JsonObject:
    """Return the response component of an error status."""
    # Only a bad request has an error for each field; the other errors only have a message.
    rule: JsonObject = {"required": ["errors"]} if status == 400 else {"not": {"anyOf": _EXPLAINED}}
    schema = {**ref("schemas", ERROR_SCHEMA), "properties": {"code": {"const": status}}, **rule}
    return {
        "description": error_description(contract, status),
        "headers": _headers(*_HEADERS_OF_ERRORS[status]),
        "content": {JSON: {"schema": schema, "example": error_example(contract, status)}},
    }


def error_name(status: int) -> str:
    """Return the name of an error's response component, such as `BadRequest`."""
    return HTTPStatus(status).phrase.replace(" ", "")


_CSV_FILE = (
    "One file with a filename. Its content is UTF-8, separated by commas, with a header row. "
    "A second part with this name, or a part without a filename, is refused."
)


def _success(contract: Contract, operation: Operation) -> JsonObject:
    if operation.response is None:
        return {}
    schema = ref("schemas", schema_name(operation, "Response"))
    reply = {
        "description": operation.response.message.replace("{count}", "N") or "Success",
        "headers": _headers(REQUEST_ID),
        "content": {JSON: {"schema": schema, "example": reply_example(operation.response)}},
    }
    found = links(contract, operation)
    return {str(operation.response.status): reply | ({"links": found} if found else {})}


def _headers(*names: str) -> JsonObject:
    return {name: ref("headers", name) for name in names}


def _shown(operation: Operation, example: Any) -> JsonObject:
    media: JsonObject = {"schema": ref("schemas", schema_name(operation, "Request"))}
    return media if example is None else media | {"example": example}


def _form(contract: Contract, operation: Operation, body: RequestBody) -> JsonObject:
    file = {"type": "string", "contentMediaType": CSV, "description": _CSV_FILE}
    media: JsonObject = {
        "schema": {"type": "object", "properties": {body.part: file}, "required": [body.part]},
        "encoding": {body.part: {"contentType": f"{CSV}, application/octet-stream"}},
    }
    examples = {each.name: {"value": {body.part: csv_example(contract, each)}} for each in operation.dialects}
    return media | ({"examples": examples} if examples else {})
