"""The bodies and query parameters of control calls."""

from typing import Annotated, Any, Final, TypeVar

import msgspec
import orjson
from starlette.requests import Request

from traits_sandbox.errors import UsageError

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
MAX_WAIT_MS: Final = 60_000

T = TypeVar("T")

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


async def read(request: Request, kind: type[T]) -> T:
    """Return the body of a call; raises UsageError with the reason if it is invalid."""
    try:
        value = orjson.loads(await request.body())
        return msgspec.convert({name: _number(each) for name, each in value.items()}, kind)
    except AttributeError:
        raise UsageError("body: must be a JSON object") from None
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        text = str(error)
        raise UsageError(f"body: {text[:1].lower()}{text[1:]}") from None


def _number(value: Any) -> Any:
    """Return a value, with 2.0 as 2: they are the same in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parameters(request: Request, *names: str) -> dict[str, str | None]:
    """Return the query parameters, None for an absent one; raises UsageError if there are unknown ones."""
    if others := sorted(set(request.query_params) - set(names)):
        raise UsageError(f"there is no query parameter {others[0][:60]!a}, only {', '.join(names) or 'none'}")
    if twice := [name for name in names if len(request.query_params.getlist(name)) > 1]:
        raise UsageError(f"{twice[0]}: is given more than once")
    return {name: request.query_params.get(name) for name in names}


def limit_of(text: str | None) -> int:
    """Return the limit of a list; raises UsageError unless it is a number from 1 to MAX_LIMIT."""
    return number_of("limit", text, 1, MAX_LIMIT) if text is not None else DEFAULT_LIMIT


def number_of(name: str, text: str, low: int, high: int) -> int:
    """Return a query parameter as a number; raises UsageError if it is not a number within bounds."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise UsageError(f"{name}: must be a number from {low} to {high}, got {text[:20]!a}")
    return int(text)
