"""Requests and replies as frozen values. They contain a marker in place of the key, never the key itself."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from traits_sandbox.conformance.reasons import Reason

KEY: Final = "{{key}}"
"""Marks the key in a header or a query; the wire replaces it when the request is sent."""

BEARER: Final = ("Authorization", f"Bearer {KEY}")
JSON: Final = ("Content-Type", "application/json")

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is percent-encoded, begins with a slash, and is appended to the target's base URL.

    `operation` is the id of its operation, empty for none. `chunked` sends the body without its length. `plain` sends
    it over plain HTTP to any target; such a request never contains the key.
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
    """The body of a reply is not JSON, or was cut."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `body` is the part that was read; `cut` says that there was more."""

    status: int
    headers: Pairs
    body: bytes
    cut: bool = False

    @property
    def accepted(self) -> bool:
        """Return whether the request succeeded."""
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Return whether the reply reports an error of the client."""
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
            raise NotJson("the body is longer than the kit reads")
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            return _lenient_json(self.body, str(error))


def _lenient_json(body: bytes, fault: str) -> Any:
    """Parse JSON that orjson refuses: lone surrogates, numbers beyond a double, deep nesting."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise NotJson(fault) from None


def _no_constant(name: str) -> Any:
    raise ValueError(name)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request with its reply, or with a `problem` in one word and its `detail`.

    A problem is one of `timeout`, `dropped` (the connection ended within or before the reply), `unreachable`
    (no connection), `certificate` (TLS could not be verified), `protocol` (the reply is not HTTP), `over` (a `limit` of
    the run was reached first, which says nothing about the server). `seconds` is its duration, `number` its place in
    the order of sending, from 1.
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
        """Return the status of the reply, or the problem."""
        return str(self.reply.status) if self.reply else self.problem
