"""The JavaScript tests of a Postman collection, which check each reply."""

from collections.abc import Iterator
from typing import Any

import orjson

from traits_sandbox.contract.model import Operation, Response
from traits_sandbox.derive.json_schema import response_schema
from traits_sandbox.derive.openapi.exchange import JSON
from traits_sandbox.json_types import JsonObject

_CHAI_NAMES = {str: "string", bool: "boolean", int: "number", float: "number", list: "array", dict: "object"}


def envelope_tests() -> list[JsonObject]:
    """Return the events of the collection; they check every reply, including errors."""
    return _event(
        [
            *_test("content type is JSON", _expect('pm.response.headers.get("Content-Type")', f"include({_js(JSON)})")),
            *_test("code is the status", _expect(f"{_reply()}.code", "equal(pm.response.code)")),
            *_test("message is text", _expect(f"{_reply()}.message", 'be.a("string")')),
        ]
    )


def reply_tests(operation: Operation) -> list[JsonObject]:
    """Return the events of an operation's request; they check for the documented success."""
    if operation.response is None:
        return []
    status = operation.response.status
    return _event(
        [
            *_test(f"status is {status}", f"pm.response.to.have.status({status});"),
            *_test("message is the documented one", _expect(f"{_reply()}.message", _message(operation))),
            *_test("data is as documented", *_data(operation.response)),
        ]
    )


def _event(lines: list[str]) -> list[JsonObject]:
    return [{"listen": "test", "script": {"type": "text/javascript", "exec": lines}}]


def _test(name: str, *lines: str) -> Iterator[str]:
    yield f"pm.test({_js(name)}, () => {{"
    yield from (f"    {line}" for line in lines)
    yield "});"


def _message(operation: Operation) -> str:
    """Return an assertion for the documented message, with any number in place of its count."""
    rule = response_schema(operation)["properties"]["message"]
    if "pattern" in rule:
        return f"match(new RegExp({_js(rule['pattern'])}))"
    return f"equal({_js(operation.response.message if operation.response else '')})"


def _data(response: Response) -> Iterator[str]:
    """Yield lines that check names and types of the documented data; other names are allowed."""
    data = (response.example or {}).get("data")
    if not data:
        yield _expect(f"{_reply()}.data", "equal(null)")
        return
    yield f"const data = {_reply()}.data;"
    yield _expect("data", f"include.all.keys({_js(list(data))})")
    for name, value in data.items():
        yield _expect(f"data[{_js(name)}]", f"be.a({_js(_CHAI_NAMES[type(value)])})")


def _expect(what: str, rule: str) -> str:
    return f"pm.expect({what}).to.{rule};"


def _reply() -> str:
    return "pm.response.json()"


def _js(value: Any) -> str:
    return orjson.dumps(value).decode()
