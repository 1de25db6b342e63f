"""What control calls carry: their bodies, their query parameters and their scope."""

from typing import Annotated, Any, Final, TypeVar

import msgspec
import orjson
from starlette.requests import Request

from traits_sandbox.errors import UsageError

DEFAULT_LIMIT: Final = 100
MAX_LIMIT: Final = 1000
MAX_WAIT_MS: Final = 60_000

T = TypeVar("T")

Limit = Annotated[int, msgspec.Meta(ge=1, le=MAX_LIMIT, description="At most so many, the newest of them.")]
SinceText = Annotated[
    str | float, msgspec.Meta(description="A time (epoch seconds or ISO 8601), or the request after which.")
]


class CountQuery(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be matched."""

    match: dict[str, Any] = {}
    since: SinceText = ""


class FindQuery(CountQuery, kw_only=True, forbid_unknown_fields=True):
    """What is to be matched, and how much of it to return."""

    limit: Limit = MAX_LIMIT


class WaitQuery(FindQuery, kw_only=True, forbid_unknown_fields=True):
    """What is to be matched, how often, and for how long to wait for it."""

    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1
    timeout_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_WAIT_MS)] = 2000


class RecordCountQuery(CountQuery, kw_only=True, forbid_unknown_fields=True):
    """Which records are to be matched."""

    kind: str


class RecordFindQuery(FindQuery, kw_only=True, forbid_unknown_fields=True):
    """Which records are to be matched, and how many of them to return."""

    kind: str


class RecordWaitQuery(WaitQuery, kw_only=True, forbid_unknown_fields=True):
    """Which records are to be matched, how many, and for how long to wait for them."""

    kind: str


async def read(request: Request, kind: type[T]) -> T:
    """Return the body of a call; raises UsageError that says what is wrong with it."""
    try:
        value = orjson.loads(await request.body())
        return msgspec.convert({name: _number(each) for name, each in value.items()}, kind)
    except AttributeError:
        raise UsageError("body: must be a JSON object") from None
    except (orjson.JSONDecodeError, msgspec.ValidationError) as error:
        text = str(error)
        raise UsageError(f"body: {text[:1].lower()}{text[1:]}") from None


def _number(value: Any) -> Any:
    """Return a value as it is, but 2.0 as 2: to JSON they are the same."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parameters(request: Request, *names: str) -> dict[str, str | None]:
    """Return the query parameters, None where one is absent; raises UsageError if there are others."""
    if others := sorted(set(request.query_params) - set(names)):
        raise UsageError(f"there is no query parameter {others[0][:60]!a}, only {', '.join(names) or 'none'}")
    if twice := [name for name in names if len(request.query_params.getlist(name)) > 1]:
        raise UsageError(f"{twice[0]}: is given more than once")
    return {name: request.query_params.get(name) for name in names}


def limit_of(text: str | None) -> int:
    """Return how many of the newest are meant; raises UsageError unless it is a number from 1 to MAX_LIMIT."""
    return number_of("limit", text, 1, MAX_LIMIT) if text is not None else DEFAULT_LIMIT


def number_of(name: str, text: str, low: int, high: int) -> int:
    """Return a query parameter that is a number within bounds; raises UsageError unless it is one."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):
        raise UsageError(f"{name}: must be a number from {low} to {high}, got {text[:20]!a}")
    return int(text)
