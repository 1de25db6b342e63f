"""Words for violations: what a value must be, what was sent, and what an unknown name may mean."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from typing import Any

import orjson

from traits_sandbox.contract.model import Field
from traits_sandbox.derive.formats import FORMATS, TIMESTAMP

_EXCERPT_LENGTH = 40
# No field's name is longer. Comparing texts takes longer the longer they are.
_LONGEST_NAME = 64
_MAX_COMPARED = 20
_TYPE_WORDS = {
    "string": "a string",
    "int": "an integer",
    "float": "a number",
    "Timestamp": f"a string with {TIMESTAMP.words}",
    "list": "a list of objects",
}

# Bounds of a field, by attribute: the words before the bound, and whether it is a number of characters.
BOUNDS = {
    "min_length": ("at least", True),
    "max_length": ("at most", True),
    "minimum": ("at least", False),
    "exclusive_minimum": ("above", False),
    "maximum": ("at most", False),
    "exclusive_maximum": ("below", False),
}


def bounds(field: Field) -> list[str]:
    """Return the bounds of a field for a table, such as `above 0` or `at most 64 characters`."""
    given = ((getattr(field, name), *words) for name, words in BOUNDS.items())
    return [
        f"{word} {bound}{_characters(bound) if counts else ''}" for bound, word, counts in given if bound is not None
    ]


def _characters(count: int) -> str:
    return " character" if count == 1 else " characters"


def demand(rule: str, bound: Any, field: Field | None) -> str:
    """Return what a value must be, as the rest of a sentence that begins with its name.

    `rule` is the JSON Schema keyword that the value breaks, `bound` the keyword's value. `field` is None for a free
    attribute, which the contract does not name.
    """
    match rule:
        case "required":
            return "is required"
        case "type":
            return f"must be {_TYPE_WORDS[field.type if field else 'string']}"
        case "enum" if field:
            return f"must be one of {', '.join(sorted(set(field.allowed) - field.aliases.keys()))}"
        case "exclusiveMinimum" if bound == 0:
            return "must be a positive number"
        case "exclusiveMinimum":
            return f"must be greater than {bound:g}"
        case "minimum":
            return f"must be {bound:g} or more"
        case "exclusiveMaximum":
            return f"must be less than {bound:g}"
        case "maximum":
            return f"must be {bound:g} or less"
        case _ if field and (words := format_words(field)):
            return f"must be {words}"
        case "minLength" if bound == 1:
            return "must not be empty"
        case "minLength":
            return f"must have {bound} characters or more"
        case "maxLength":
            return f"must have {bound} characters or fewer"
        case _:
            return f"must keep the rule {rule}"


def format_words(field: Field) -> str:
    """Return the words that demand a field's text format, or nothing for free text."""
    text_format = TIMESTAMP if field.type == "Timestamp" else FORMATS.get(field.format)
    if text_format is None:
        return ""
    return text_format.words + (", or empty" if field.may_be_empty else "")


def excerpt(value: Any) -> str:
    """Return a value as JSON, cut to a length that fits a log line."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # nested too deeply, or an integer beyond 64 bits
        text = "[…]" if isinstance(value, list) else "{…}" if isinstance(value, dict) else ascii(value)
    return text if len(text) <= _EXCERPT_LENGTH else f"{text[: _EXCERPT_LENGTH - 1]}…"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like an unknown one, or nothing."""
    names = list(known)
    if not names or len(name) > _LONGEST_NAME:  # get_close_matches prepares the name before it looks at the others
        return ""
    return next(iter(get_close_matches(name, names, 1)), "")


def found_instead(missing: str, names: Iterable[str], *, only_alike: bool = False) -> str:
    """Return words for the sent name that may mean a missing one, as the end of a sentence; empty if there is none.

    With `only_alike`, a name that is not like the missing one is not mentioned. At most 20 names are compared.
    """
    sent = list(islice(names, _MAX_COMPARED))
    longer = (name for name in sent if name.lower().endswith(missing.lower()))
    found = nearest(missing, sent) or next(longer, "") or ("" if only_alike else next(iter(sent), ""))
    return f" (found {excerpt(found)} instead)" if found else ""


def plain_name(name: str) -> str:
    """Return a name in the spelling in which names are compared: `User ID` is `user_id`."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in name.casefold())
    return "_".join(words.split())


def short(name: str) -> str:
    """Return the name that a client uses for a field, cut to a length that no real name exceeds."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
