"""Says in our own words why a text is not JSON, after the reader has refused it."""

import re
from enum import StrEnum
from typing import Final

import orjson

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
# The reader gives up at this depth.
_DEEPEST: Final = 1024


class JsonProblem(StrEnum):
    """Why a text is not JSON; the value is a clause, `found` is the character at the place."""

    END = "it ends too early"
    MARK = "there is a byte order mark"
    CONTROL = "there is a control character"
    SINGLE_QUOTE = "strings need double quotation marks"
    NUMBER = "NaN and Infinity are not numbers of JSON"
    COMMA = "there is a comma without a value"
    HALF_CHARACTER = "there is half of a surrogate pair"
    MORE = "there is more after the JSON value"
    WORD = "there is a word without quotation marks"
    DEPTH = "it is nested too deeply"
    UNEXPECTED = "{found} is not expected"


# What stands at the place; a tab or a line end there is within a string, since JSON allows them elsewhere.
_AT_PLACE: Final = (
    (re.compile(r"\s*\Z"), JsonProblem.END),
    (re.compile("\ufeff"), JsonProblem.MARK),
    (re.compile(r"[\x00-\x1f]"), JsonProblem.CONTROL),
    (re.compile("'"), JsonProblem.SINGLE_QUOTE),
    (re.compile(r"-?(?:NaN|Infinity|nan\b|inf\b)"), JsonProblem.NUMBER),
    (re.compile(r",\s*[\]},]"), JsonProblem.COMMA),
)
_A_WORD: Final = re.compile(r"[A-Za-z]")


def json_problem(text: str, at: int) -> str:
    """Return why a text is not JSON, without the place; `at` is the character where a reader stopped."""
    return problem_at(text, at).format(found=ascii(text[at : at + 1]))


def problem_at(text: str, at: int) -> JsonProblem:
    """Return why a reader stopped at a character of a text."""
    for pattern, problem in _AT_PLACE:
        if pattern.match(text, at):
            return problem
    if _HALF.search(text, max(0, at - 6), at + 12):
        return JsonProblem.HALF_CHARACTER
    if _is_json(text[:at]):
        return JsonProblem.MORE
    if _A_WORD.match(text, at):
        return JsonProblem.WORD
    is_deep = text.count("[", 0, at) + text.count("{", 0, at) >= _DEEPEST
    return JsonProblem.DEPTH if is_deep and text[at] in "[{" else JsonProblem.UNEXPECTED


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
