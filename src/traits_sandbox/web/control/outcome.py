"""Responses of searches in the control API."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from traits_sandbox.control.search import Miss
from traits_sandbox.web.control.queries import WaitQuery

_ACTIONS = frozenset({"count", "find", "wait"})


class JsonAnswer(JSONResponse):
    """A JSON response whose value can contain fragments of JSON."""

    def render(self, content: Any) -> bytes:
        """Return a value as JSON."""
        return orjson.dumps(content)


def refuse_reserved(name: str) -> None:
    """Raise 405 if a path has the name of an action, such as `find`, that needs another HTTP method."""
    if name in _ACTIONS:
        raise HTTPException(405)


def found(
    name: str, values: Iterable[Any], show: Callable[[Any], Any], *, meta: dict[str, int] | None = None
) -> JSONResponse:
    """Return the matches under a name; without one, only the first."""
    shown = [show(value) for value in values]
    if not name:
        return JsonAnswer(shown[0])
    return JsonAnswer({name: shown, "meta": meta} if meta else {name: shown})


def unmet(noun: str, asked: WaitQuery, count: int, nearest: list[Miss], show: Callable[[Any], Any]) -> JSONResponse:
    """Return the number of matches and the nearest misses of a wait that failed."""
    message = f"{count} of {asked.count} matched within {asked.timeout_ms} ms"
    if not nearest and not count:
        message += f": no {noun} has arrived"
    misses = [{noun: show(miss.value), "misses": miss.misses} for miss in nearest]
    return JsonAnswer({"code": 404, "message": message, "count": count, "nearest": misses}, 404)
