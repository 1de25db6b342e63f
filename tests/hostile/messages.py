"""Requests that are right in every point, for each operation of the contract: what hostile ones start from."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Operation
from traits_sandbox.derive.examples import csv_example, event_example

CONTRACT = load("2020-09")
OPERATIONS = {operation.id: operation for operation in CONTRACT.operations}
JSON = b"application/json"
BOUNDARY = b"hostile-boundary"
FORM = b"multipart/form-data; boundary=" + BOUNDARY

Make = Callable[[Operation], bytes]

PATH_VALUES = {"segment_id": "default", "persona": "all"}
USER = "1001"


@dataclass(frozen=True, slots=True)
class Message:
    """A request before it becomes bytes; its headers hold neither Content-Length nor Transfer-Encoding."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    def head(self, *lines: bytes) -> bytes:
        """Return request line and headers, these lines added as they are, to the blank line."""
        first = b"%b %b HTTP/1.1" % (self.method, self.target)
        return b"\r\n".join([first, *(b"%b: %b" % header for header in self.headers), *lines, b"", b""])

    def raw(self, *lines: bytes) -> bytes:
        """Return the request with the true length of its body."""
        return self.head(*lines, b"Content-Length: %d" % len(self.body)) + self.body

    def having(self, name: bytes, value: bytes) -> "Message":
        """Return the request with another value of a header, or with one more header."""
        others = tuple(header for header in self.headers if header[0] != name)
        return replace(self, headers=(*others, (name, value)))

    def lacking(self, name: bytes) -> "Message":
        """Return the request without a header."""
        return replace(self, headers=tuple(header for header in self.headers if header[0] != name))


def route(operation: Operation) -> str:
    """Return by which kind of body an operation is entered; the contract knows, so no list of paths is kept here."""
    if operation.webhook:
        return "webhook"
    if operation.body is None:
        return "bare"
    if operation.body.part:
        return "upload"
    return "push" if operation.body.collection else "object"


def valid(operation: Operation, credential: str) -> Message:
    """Return a request that succeeds."""
    return carrying(operation, credential, valid_content(operation))


def carrying(operation: Operation, credential: str, content: bytes) -> Message:
    """Return a request whose body, or the file in it, is this content."""
    message = bare(operation, credential)
    if route(operation) == "upload":
        return with_body(message, form(file_part(operation, content)), FORM)
    return with_body(message, content, JSON)


def with_body(message: Message, body: bytes, content_type: bytes) -> Message:
    """Return a request with another body."""
    return replace(message.having(b"Content-Type", content_type), body=body)


def bare(operation: Operation, credential: str) -> Message:
    """Return a request without a body."""
    target = operation.path.format(**PATH_VALUES)
    query = "&".join(f"{parameter.name}={USER}" for parameter in operation.query_parameters)
    return Message(
        operation.method.encode(),
        f"{target}?{query}".rstrip("?").encode(),
        ((b"Host", b"localhost"), (b"Authorization", b"Bearer " + credential.encode())),
    )


def valid_content(operation: Operation) -> bytes:
    """Return a body, or a file, that an operation takes."""
    if route(operation) == "upload":
        return csv_example(CONTRACT, operation.dialects[0]).encode()
    return dumped(valid_value(operation))


def valid_value(operation: Operation) -> Any:
    """Return what a valid JSON body says; reads ignore theirs."""
    if operation.webhook:
        return event_example(CONTRACT, operation.webhook)
    if operation.body and operation.body.collection:
        return operation.body.example
    if operation.body and operation.body.fields:
        return {field.name: USER for field in operation.body.fields}
    return {}


def dumped(value: Any) -> bytes:
    """Return JSON; unlike stricter writers this one also writes NaN, Infinity and lone surrogates."""
    return json.dumps(value).encode()


def file_part(operation: Operation, content: bytes) -> bytes:
    """Return the part that an upload needs, with this content."""
    name = operation.body.part if operation.body else ""
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="hostile.csv"'
    return disposition.encode() + b"\r\nContent-Type: text/csv\r\n\r\n" + content


def form(*parts: bytes, end: bytes = b"--\r\n") -> bytes:
    """Return a multipart body of these parts, each with its headers."""
    opened = b"".join(b"--%b\r\n%b\r\n" % (BOUNDARY, part) for part in parts)
    return b"%b--%b%b" % (opened, BOUNDARY, end)


def at_length(message: Message, body: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a request with another body, its length told; the pieces of the body have to be few."""
    pieces = list(body)
    yield message.head(b"Content-Length: %d" % sum(map(len, pieces)))
    yield from pieces


def in_chunks(message: Message, body: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a request with another body, each piece of it one chunk."""
    yield message.head(b"Transfer-Encoding: chunked")
    for piece in body:
        yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
