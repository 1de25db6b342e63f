r"""Finds half of a surrogate pair in JSON: the grammar allows `"\ud800"`, but this is not a character."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from traits_sandbox.derive.places import IN_BODY, JsonPath, RecordPlace, dotted, in_list, pointer
from traits_sandbox.derive.sentences import short
from traits_sandbox.errors import Rule, Violation

_BODY: Final = "body"
_ESCAPED: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_HALF: Final = "half of a surrogate pair ({}), which is not a character; send both halves, or UTF-8"


def half_character(raw: bytes) -> Violation | None:
    """Return the violation of the first text or name with half of a surrogate pair, at its record and field.

    Return None if there is none, or if the text is not JSON for another reason.
    """
    if not _ESCAPED.search(raw):
        return None
    try:
        return next(_found(json.loads(raw), ()), None)
    except (ValueError, RecursionError):
        return None


def _found(value: Any, path: tuple[str | int, ...]) -> Iterator[Violation]:
    if isinstance(value, str):
        if half := _SURROGATE.search(value):
            yield _violation(path, f"has {_HALF.format(_escape(half[0]))}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if half := _SURROGATE.search(name):
                yield _violation(path, f"has a field whose name has {_HALF.format(_escape(half[0]))}")
            else:
                yield from _found(inner, (*path, short(name)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _found(inner, (*path, index))


def _escape(half: str) -> str:
    return ascii(half)[1:-1]


def _violation(path: JsonPath, message: str) -> Violation:
    place, within = _place(path)
    name = "" if place.record is not None else _BODY
    return Violation(
        dotted(within) or name,
        Rule.JSON,
        message,
        pointer=f"{place.pointer}{pointer(*within)}",
        collection=place.collection,
        record=place.record,
    )


def _place(path: JsonPath) -> tuple[RecordPlace, JsonPath]:
    """Return the place of a record and the rest of the path, or of the body as far as its first list."""
    match path:
        case [str(collection), int(index), *within]:
            return in_list(collection, index), within
        case [int(), *_]:
            return RecordPlace(pointer=pointer(*path)), ()
        case _:
            return IN_BODY, path
