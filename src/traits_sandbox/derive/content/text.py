"""Recognises the shape of a text: kinds of JSON, and tables by their separator."""

import json
import re
from collections.abc import Collection
from typing import Any, Final

from traits_sandbox.derive.content.kinds import ContentKind
from traits_sandbox.derive.sentences import plain_name

_SEPARATORS: Final = (
    (",", ContentKind.CSV),
    (";", ContentKind.SEMICOLONS),
    ("\t", ContentKind.TABS),
    ("|", ContentKind.PIPES),
)
# Excel writes and reads such a line before the header.
_SEPARATOR_LINE: Final = re.compile(r'"?sep=[,;|\t]"?', re.IGNORECASE)
_URL_ENCODED: Final = re.compile(r"[\w.%+\[\]-]+=[^&\s]*(?:&[\w.%+\[\]-]+=[^&\s]*)*")
_LONGEST_LINE: Final = 2**14


def shape_of(text: str, names: Collection[str], *, whole: bool) -> ContentKind | None:
    """Return the shape of a text, or None if it has none of them.

    `names` are the fields that a table may have. `whole` is false for the beginning of a longer text.
    """
    text = text.lstrip()
    if text.startswith(("{", "[")):
        return _json_shape(text if whole else text[: text.rfind("\n") + 1] or text, whole=whole)
    line = text.partition("\n")[0].rstrip()[:_LONGEST_LINE]
    return _table_shape(line, names) or (ContentKind.URL_ENCODED if _URL_ENCODED.fullmatch(line) else None)


def _json_shape(text: str, *, whole: bool) -> ContentKind | None:
    try:
        # Numbers stay text: Python refuses to convert very long ones.
        value, end = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode(text)
    except RecursionError:
        return None
    except json.JSONDecodeError as error:
        is_cut = not whole and ("\n" not in text or error.pos >= len(text.rstrip()))
        return _cut_shape(text) if is_cut else None
    return _whole_shape(value, text[:end], text[end:].rstrip())


def _cut_shape(text: str) -> ContentKind | None:
    """Return the shape of a text whose first JSON value does not end in it."""
    if text.startswith("["):
        return ContentKind.JSON_ARRAY
    return ContentKind.JSON_INDENTED if "\n" in text else None


def _whole_shape(value: Any, text: str, rest: str) -> ContentKind | None:
    """Return the shape of a text that begins with a JSON value; `rest` follows it."""
    if isinstance(value, list):
        return None if rest and "\n" not in text else ContentKind.JSON_ARRAY
    if "\n" in text:
        return ContentKind.JSON_INDENTED
    if not rest:
        return ContentKind.JSON_WRAPPED if _wraps_a_list(value) else ContentKind.JSON_OBJECT
    after, _, more = rest.partition("\n")
    if not after.strip():
        return ContentKind.JSON_LINES
    if after.strip() == ",":
        return ContentKind.JSON_COMMAS if more.partition("\n")[0].rstrip().endswith(",") else None
    return ContentKind.JSON_JOINED if after.lstrip().startswith("{") and not more else None


def _wraps_a_list(value: Any) -> bool:
    lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
    return len(value) == len(lists) == 1


def _table_shape(line: str, names: Collection[str]) -> ContentKind | None:
    """Return the separator with which a line has the most known names."""
    if _SEPARATOR_LINE.fullmatch(line):
        return ContentKind.SEPARATOR_LINE
    known = set(map(plain_name, names))
    found = {kind: [plain_name(cell) in known for cell in line.split(separator)] for separator, kind in _SEPARATORS}
    best = max(found, key=lambda kind: sum(found[kind]))
    count, width = sum(found[best]), len(found[best])
    # A comma is common in any text; one name beside many other words is not a header.
    return best if count > 1 or (count and (best is not ContentKind.CSV or width <= 2)) else None
