"""Says in our own words why a text is not JSON, after the reader has refused it."""

import re
from enum import StrEnum
from typing import Final

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_WORD: Final = re.compile(r"[A-Za-z]+")
_NUMBERS: Final = ("NaN", "Infinity", "nan", "inf")
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_MARK: Final = "\ufeff"


class JsonProblem(StrEnum):
    """Why a text is not JSON; the value is the end of a sentence, `found` is the character at the place."""

    END = "it ends too early"
    MARK = "there is a byte order mark"
    HALF_CHARACTER = "there is a half of a surrogate pair"
    CONTROL = "there is a control character in a string"
    SINGLE_QUOTE = "strings need double quotation marks"
    NUMBER = "NaN and Infinity are not numbers of JSON"
    WORD = "there is a word without quotation marks"
    COMMA = "there is a comma without a value"
    UNEXPECTED = "{found} is not expected"


def json_problem(text: str, at: int) -> str:
    """Return why a text is not JSON; `at` is the character where a reader stopped."""
    found = problem_at(text, at)
    shown = ascii(text[at : at + 1])
    return f"{found.format(found=shown)} at column {at + 1}"


def problem_at(text: str, at: int) -> JsonProblem:
    """Return why a reader stopped at a character of a text."""
    rest = text[at:]
    if not rest.strip():
        return JsonProblem.END
    return next((problem for problem, applies in _TESTS if applies(text, at, rest)), JsonProblem.UNEXPECTED)


_TESTS: Final = (
    (JsonProblem.MARK, lambda text, at, rest: rest.startswith(_MARK)),
    (JsonProblem.HALF_CHARACTER, lambda text, at, rest: _HALF.search(text, max(0, at - 6), at + 12)),
    (JsonProblem.CONTROL, lambda text, at, rest: _CONTROL.match(rest) and not rest[0].isspace()),
    (JsonProblem.SINGLE_QUOTE, lambda text, at, rest: rest.startswith("'")),
    (JsonProblem.NUMBER, lambda text, at, rest: rest.lstrip("-").startswith(_NUMBERS)),
    (JsonProblem.COMMA, lambda text, at, rest: rest[0] in "]}," and text[:at].rstrip().endswith(",")),
    (JsonProblem.WORD, lambda text, at, rest: _WORD.match(rest)),
)
