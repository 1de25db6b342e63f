"""The queries of control calls: the structs of their bodies, and their query parameters."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from traits_sandbox.errors import UsageError
from traits_sandbox.web.control.bodies import unknown

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
MAX_WAIT_MS: Final = 60_000

ControlCall = Callable[[Request], Awaitable[Response]]

Limit = Annotated[
    int, msgspec.Meta(ge=1, le=MAX_LIMIT, description="The largest number of entries; the newest are returned.")
]
SinceText = Annotated[
    str | float, msgspec.Meta(description="A time (epoch seconds or ISO 8601), or the request after which.")
]


class CountQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A pattern whose matches are counted."""

    match: dict[str, Any] = {}
    since: SinceText = ""


class FindQuery(CountQuery, kw_only=True, forbid_unknown_fields=True):
    """A pattern, and how many of its matches are returned."""

    limit: Limit = MAX_LIMIT


class WaitQuery(FindQuery, kw_only=True, forbid_unknown_fields=True):
    """A pattern, the number of matches to wait for, and the longest wait."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    timeout_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_WAIT_MS)] = 2000


class RecordCountQuery(CountQuery, kw_only=True, forbid_unknown_fields=True):
    """The records to match."""

    kind: str


class RecordFindQuery(FindQuery, kw_only=True, forbid_unknown_fields=True):
    """The records to match, and how many of them are returned."""

    kind: str


class RecordWaitQuery(WaitQuery, kw_only=True, forbid_unknown_fields=True):
    """The records to match, the number to wait for, and the longest wait."""

    kind: str


def parameters(request: Request, *names: str) -> dict[str, str | None]:
    """Return the query parameters, None for an absent one; raises UsageError if there are unknown ones."""
    if others := sorted(set(request.query_params) - set(names)):
        raise UsageError(unknown("query parameter", others[0], names))
    if twice := [name for name in names if len(request.query_params.getlist(name)) > 1]:
        raise UsageError(f"{twice[0]}: is given more than once")
    return {name: request.query_params.get(name) for name in names}


def without_query(endpoint: ControlCall) -> ControlCall:
    """Return an endpoint that refuses every query parameter: one that is ignored would be a mistake unseen."""

    async def call(request: Request) -> Response:
        parameters(request)
        return await endpoint(request)

    return call


def limit_of(text: str | None) -> int:
    """Return the limit of a list; raises UsageError unless it is a number from 1 to MAX_LIMIT."""
    return number_of("limit", text, 1, MAX_LIMIT) if text is not None else DEFAULT_LIMIT


def number_of(name: str, text: str, low: int, high: int) -> int:
    """Return a query parameter as a number; raises UsageError if it is not a number within bounds."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise UsageError(f"{name}: must be a number from {low} to {high}, got {text[:20]!a}")
    return int(text)
