"""Says in our own words why a text is not JSON, after the reader has refused it."""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

import orjson

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_WORD: Final = re.compile(r"[A-Za-z]+")
_NUMBERS: Final = ("NaN", "Infinity", "nan", "inf")
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_LOOSE_COMMA: Final = re.compile(r",\s*[\]},]")
_MARK: Final = "\ufeff"
# The reader gives up at this depth.
_DEEPEST: Final = 1024


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
    DEPTH = "it is nested too deeply"
    MORE = "there is more after the JSON value"
    UNEXPECTED = "{found} is not expected"


def json_problem(text: str, at: int) -> str:
    """Return why a text is not JSON, without the place; `at` is the character where a reader stopped."""
    return problem_at(text, at).format(found=ascii(text[at : at + 1]))


def problem_at(text: str, at: int) -> JsonProblem:
    """Return why a reader stopped at a character of a text."""
    rest = text[at:]
    if not rest.strip():
        return JsonProblem.END
    return next((problem for problem, applies in _TESTS if applies(text, at, rest)), JsonProblem.UNEXPECTED)


def _is_json(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


_TESTS: Final[tuple[tuple[JsonProblem, Callable[[str, int, str], object]], ...]] = (
    (JsonProblem.MARK, lambda text, at, rest: rest.startswith(_MARK)),
    (JsonProblem.HALF_CHARACTER, lambda text, at, rest: _HALF.search(text, max(0, at - 6), at + 12)),
    (JsonProblem.CONTROL, lambda text, at, rest: _CONTROL.match(rest)),
    (JsonProblem.SINGLE_QUOTE, lambda text, at, rest: rest.startswith("'")),
    (JsonProblem.NUMBER, lambda text, at, rest: rest.lstrip("-").startswith(_NUMBERS)),
    (JsonProblem.COMMA, lambda text, at, rest: _LOOSE_COMMA.match(rest)),
    (JsonProblem.MORE, lambda text, at, rest: _is_json(text[:at])),
    (JsonProblem.WORD, lambda text, at, rest: _WORD.match(rest)),
    (JsonProblem.DEPTH, lambda text, at, rest: text.count("[", 0, at) + text.count("{", 0, at) >= _DEEPEST),
)
