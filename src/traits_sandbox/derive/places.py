"""Places in JSON values and files: where a record is, and how a place is written."""

from collections.abc import Sequence
from typing import Final

import msgspec

JsonPath = Sequence[str | int]
"""Steps from a JSON value to one within it: names of members and indexes of elements."""


class RecordPlace(msgspec.Struct, frozen=True):
    """Where a record is: an element of a list in a JSON body, or a row of a file.

    `pointer` is its JSON pointer if it is part of a body, else None. `collection` and `record` are the list's name and
    the index in it. `line` counts from 1, `offset` is the byte at which the line begins.
    """

    pointer: str | None = None
    collection: str = ""
    record: int | None = None
    line: int | None = None
    offset: int | None = None


IN_BODY: Final = RecordPlace(pointer="")
"""The place of a record that is the whole body."""

ON_ITS_OWN: Final = RecordPlace()
"""The place of a record without one."""


def in_list(collection: str, index: int) -> RecordPlace:
    """Return the place of an element of a list in the body."""
    return RecordPlace(pointer(collection, index), collection, index)


def on_line(line: int, offset: int | None = None) -> RecordPlace:
    """Return the place of a row of a file."""
    return RecordPlace(line=line, offset=offset)


def dotted(path: JsonPath) -> str:
    """Return a place as people write it: `action_params[0].value`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def pointer(*path: str | int) -> str:
    """Return a place as a JSON pointer (RFC 6901): `/actions/3/action_params/0/value`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
