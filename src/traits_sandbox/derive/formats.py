"""The text formats that the document's types and descriptions name, as exact patterns.

Patterns use only what ECMA 262, Rust and Python have in common: no look-around, no classes such as `\\d`. Each pattern
of fixed width has a `max_length`, because `$` also matches before a final newline in some engines.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# 0001 to 9999: a year that calendars know.
_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_MONTH_AND_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DATE = f"(?:{_YEAR}-{_MONTH_AND_DAY}|{_LEAP_YEAR}-02-29)"
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

# RFC 5646, section 2.1; grandfathered tags are left out, as the registry deprecates them.
_LANGUAGE = (
    "(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})"
    "(?:-[A-Za-z]{4})?"
    "(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    "(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*"
    "(?:-[0-9A-WY-Za-wy-z](?:-[A-Za-z0-9]{2,8})+)*"
    "(?:-[xX](?:-[A-Za-z0-9]{1,8})+)?"
)
_PRIVATE_LANGUAGE = "[xX](?:-[A-Za-z0-9]{1,8})+"


@dataclass(frozen=True, slots=True)
class TextFormat:
    """A pattern without anchors, its longest match (None: unbounded), the words that demand it, and an example."""

    pattern: str
    max_length: int | None
    words: str
    example: str


TIMESTAMP = TextFormat(f"{_DATE} {_TIME}", 19, "a date and time as YYYY-MM-DD HH:MM:SS", "2019-01-01 15:04:05")
FORMATS = {
    "date": TextFormat(_DATE, 10, "a date as YYYY-MM-DD", "2018-11-14"),
    "country": TextFormat("[A-Za-z]{2}", 2, "a country code of two letters", "US"),
    "language": TextFormat(f"(?:{_LANGUAGE}|{_PRIVATE_LANGUAGE})", None, "a language tag such as en-US", "en-US"),
}


def anchored(text_format: TextFormat, *, may_be_empty: bool) -> str:
    """Return the pattern of a whole text, as schemas have it."""
    return f"^(?:{text_format.pattern}){'?' if may_be_empty else ''}$"


def format_of(field: Mapping[str, Any]) -> TextFormat | None:
    """Return the format that a field's JSON Schema demands, or None."""
    return _BY_PATTERN.get(field.get("pattern", ""))


_BY_PATTERN = {
    anchored(each, may_be_empty=empty): each for each in (TIMESTAMP, *FORMATS.values()) for empty in (False, True)
}
