"""What goes over the wire and what comes back, as frozen values. No value here holds the key, only a marker for it."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from traits_sandbox.conformance.reasons import Reason

KEY: Final = "{{key}}"
"""Stands for the key in a header or a query; the wire puts the real one in its place when the request leaves."""

BEARER: Final = ("Authorization", f"Bearer {KEY}")
JSON: Final = ("Content-Type", "application/json")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is percent-encoded and begins with a slash; it is below the target's base URL.

    `operation` is the id of the operation that is meant, empty for none. `chunked` sends the body without its
    length. `plain` asks for plain HTTP, whatever the target's scheme; such a request never carries the key.
    """

    method: str
    path: str
    query: Pairs = ()
    headers: Pairs = ()
    body: bytes | None = None
    operation: str = ""
    chunked: bool = False
    plain: bool = False


class NotJson(ValueError):
    """A reply's body is not the JSON that it had to be."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `body` is at most as long as the wire reads; `cut` tells that more would have come."""

    status: int
    headers: Pairs
    body: bytes
    cut: bool = False

    @property
    def accepted(self) -> bool:
        """Tell whether the request succeeded."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Tell whether the client was told to be at fault."""
        return 400 <= self.status < 500

    def header(self, name: str) -> str:
        """Return the values of a header, joined as HTTP joins them; empty when it is absent."""
        return ", ".join(value for each, value in self.headers if each.lower() == name.lower())

    def json(self) -> Any:
        """Return the parsed body.

        Raises:
            NotJson: it is not JSON, or was cut.

        """
        if self.cut:
            raise NotJson("it is longer than the kit reads")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            return _lenient_json(self.body, str(error))


def _lenient_json(body: bytes, fault: str) -> Any:
    """Return what orjson refuses although it is JSON: lone surrogates, numbers beyond a double, deep nesting."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise NotJson(fault) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with what became of it: a reply, or a `problem` in one word with its `detail`.

    A problem is one of `timeout`, `dropped` (the connection ended within or before the reply), `unreachable`
    (no connection), `certificate` (TLS could not be verified), `protocol` (what came is no HTTP), `over` (the run's
    time ended first, which says nothing of the server). `seconds` is how long it took, `number` the place in the order
    of sending, from 1.
    """

    request: Request
    reply: Reply | None
    problem: str = ""
    detail: str = ""
    seconds: float = 0.0
    number: int = 0
    times: int = field(default=1)
    limit: Reason | None = None

    @property
    def symptom(self) -> str:
        """Return what came back in a word: the status, or the problem."""
        return str(self.reply.status) if self.reply else self.problem
