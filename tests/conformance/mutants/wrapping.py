"""Middlewares that break a server: a request and its reply as whole values, and changes around them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.conformance.mutants.facts import operation_at
from traits_sandbox.contract.model import Operation

RawHeaders = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that arrived whole. `at` is the operation whose path it has, whatever its method."""

    scope: Scope
    body: bytes
    at: Operation | None
    named: dict[str, str]

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def operation(self) -> Operation | None:
        return self.at if self.at and self.at.method == self.method else None

    @property
    def behaviour(self) -> str:
        return self.operation.behaviour if self.operation else ""

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.scope["query_string"].decode(), keep_blank_values=True, errors="replace"))

    def header(self, name: str) -> str:
        headers: dict[bytes, bytes] = dict(self.scope["headers"])
        return headers.get(name.encode(), b"").decode("latin-1")

    def without_header(self, name: str) -> "Asked":
        return self.changed(headers=[each for each in self.scope["headers"] if each[0] != name.encode()])

    def with_header(self, name: str, value: str) -> "Asked":
        others = self.without_header(name).scope["headers"]
        return self.changed(headers=[*others, (name.encode(), value.encode())])

    def with_query(self, **values: str) -> "Asked":
        return self.changed(query_string=urlencode(self.query | values).encode())

    def with_path(self, path: str) -> "Asked":
        return replace(self.changed(path=path, raw_path=path.encode()), at=operation_at(path)[0])

    def with_method(self, method: str) -> "Asked":
        return self.changed(method=method)

    def with_body(self, body: bytes) -> "Asked":
        return replace(self.with_header("content-length", str(len(body))), body=body)

    def with_json(self, value: Any) -> "Asked":
        return self.with_body(orjson.dumps(value))

    def changed(self, **scope: Any) -> "Asked":
        return replace(self, scope={**self.scope, **scope})

    def json(self) -> Any:
        """Return the body parsed, None if it is not JSON."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    @property
    def collection(self) -> str:
        """Return the name of the list of a push, empty for anything else."""
        return self.operation.body.collection if self.operation and self.operation.body else ""

    @property
    def rows(self) -> list[Any] | None:
        """Return the list of a push, None where there is none."""
        value = self.json() if self.collection else None
        rows = value.get(self.collection) if isinstance(value, dict) else None
        return rows if isinstance(rows, list) else None

    def with_rows(self, rows: list[Any]) -> "Asked":
        value = self.json()
        return self.with_json((value if isinstance(value, dict) else {}) | {self.collection: rows})


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply that is sent whole."""

    status: int
    headers: RawHeaders
    body: bytes

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        return orjson.loads(self.body)

    def header(self, name: str) -> str:
        return dict(self.headers).get(name.encode(), b"").decode("latin-1")

    def with_header(self, name: str, value: str) -> "Answered":
        return replace(self.without_header(name), headers=(*self.without_header(name).headers, pair(name, value)))

    def without_header(self, name: str) -> "Answered":
        return replace(self, headers=tuple(each for each in self.headers if each[0] != name.encode()))

    def with_body(self, body: bytes) -> "Answered":
        return replace(self.with_header("content-length", str(len(body))), body=body)

    def with_json(self, value: Any) -> "Answered":
        return self.with_body(orjson.dumps(value))

    def with_status(self, status: int) -> "Answered":
        """Return the reply with another status, its envelope's code too."""
        return replace(self.with_json(self.json() | {"code": status}), status=status)


Inner = Callable[[Asked], Awaitable[Answered]]
"""What a middleware stands around: takes a request, gives the reply; may be called any number of times."""

Around = Callable[[Asked, Inner], Awaitable[Answered]]


def pair(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode(), value.encode("latin-1")


def answer(status: int, data: Any = None, message: str = "") -> Answered:
    """Return a reply in the documented envelope."""
    body = orjson.dumps({"code": status, "message": message, "data": data})
    return Answered(status, (pair("content-type", "application/json"), pair("content-length", str(len(body)))), body)


class Wrapped:
    """An app with a middleware around it."""

    def __init__(self, app: ASGIApp, around: Around) -> None:
        self._app, self._around = app, around

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _whole(receive)
        operation, named = operation_at((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
        reply = await self._around(Asked(scope, body, operation, named), self._inner)
        await send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
        await send({"type": "http.response.body", "body": reply.body})

    async def _inner(self, asked: Asked) -> Answered:
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": asked.body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        await self._app(dict(asked.scope), receive, send)
        body = b"".join(each.get("body", b"") for each in messages[1:])
        headers = tuple((bytes(name), bytes(value)) for name, value in messages[0]["headers"])
        return Answered(messages[0]["status"], headers, body)


async def _whole(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


def before(change: Callable[[Asked], Asked]) -> Around:
    """Return a middleware that changes requests."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        return await inner(change(asked))

    return around


def after(change: Callable[[Asked, Answered], Answered]) -> Around:
    """Return a middleware that changes replies."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        return change(asked, await inner(asked))

    return around


def succeeding(change: Callable[[Answered], Answered]) -> Around:
    """Return a middleware that changes successes."""
    return after(lambda _, reply: change(reply) if reply.accepted else reply)


def restated(of: int, status: int) -> Around:
    """Return a middleware that gives replies of one status another."""
    return after(lambda _, reply: reply.with_status(status) if reply.status == of else reply)


def both(first: Callable[[Asked], object], second: Callable[[Asked], object]) -> Callable[[Asked], bool]:
    """Return a test of requests that demands two things."""
    return lambda asked: bool(first(asked) and second(asked))


def calling(operation: Operation) -> Callable[[Asked], bool]:
    """Return a test of requests that call an operation."""
    return lambda asked: asked.operation == operation


def refusing(when: Callable[[Asked], object], status: int = 400) -> Around:
    """Return a middleware that refuses some requests, and lets those pass that would be refused anyway."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        return answer(status, message="refused") if when(asked) else await inner(asked)

    return around


def accepting(when: Callable[[Asked], object]) -> Around:
    """Return a middleware that answers some requests with success without looking at them."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        return succeeded(asked) if reply.status == 400 and when(asked) else reply

    return around


def succeeded(asked: Asked, count: int = 1) -> Answered:
    """Return the reply to a success of an operation."""
    assert asked.operation is not None
    assert asked.operation.response is not None
    response = asked.operation.response
    data = response.example["data"] if response.example else None
    message = response.message.format(count=count) if "{" in response.message else response.message
    return answer(response.status, data, message)
