"""Words for people: what a value must be, what was sent, what an unknown name may have meant."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import orjson

from traits_sandbox.contract.model import Field
from traits_sandbox.derive.formats import FORMATS, TIMESTAMP

JsonPath = Sequence[str | int]

_EXCERPT_LENGTH = 40
# No field has a longer one; comparing texts takes time that grows with them.
_LONGEST_NAME = 64
_TYPE_WORDS = {
    "string": "a string",
    "int": "an integer",
    "float": "a number",
    "Timestamp": f"a string with {TIMESTAMP.words}",
    "list": "a list of objects",
}


def demand(rule: str, bound: Any, field: Field | None) -> str:
    """Return what a value must be, as the rest of a sentence that begins with its name.

    `rule` is the JSON Schema keyword that failed, `bound` its value, `field` the field it stands at (None for
    an attribute, which the contract does not name).
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
        case _ if field and (words := format_words(field)):
            return f"must be {words}"
        case "minLength":
            return "must not be empty"
        case _:
            return f"must keep the rule {rule}"


def format_words(field: Field) -> str:
    """Return the words that ask for a field's text format, or nothing for free text."""
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
    """Return the known name that an unknown one most resembles, or nothing."""
    if len(name) > _LONGEST_NAME:
        return ""
    return next(iter(get_close_matches(name, list(known), 1)), "")


def short(name: str) -> str:
    """Return a name that a client made up, cut to the length of the longest that makes sense."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def dotted(place: JsonPath) -> str:
    """Return a place as people write it: `action_params[0].value`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")


def pointer(place: JsonPath) -> str:
    """Return a place as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
