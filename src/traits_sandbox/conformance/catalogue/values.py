"""Tables of values for cases: almost valid ones, and valid but unusual ones."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from traits_sandbox.contract.model import Field, FieldFormat, FieldType

WORDS: dict[FieldType, str] = {
    "string": "a string",
    "int": "a whole number",
    "float": "a number",
    "Timestamp": "a timestamp",
    "list": "a list of objects",
}


class SampleValue(NamedTuple):
    """A value, with the name that it has in the ids of cases."""

    name: str
    value: Any

    @property
    def shown(self) -> str:
        """Return the value as JSON, short enough for a title."""
        text = orjson.dumps(self.value).decode()
        return text if len(text) <= 40 else f"{text[:39]}…"


def literal(text: str) -> orjson.Fragment:
    """Return a value that is written into JSON unchanged, whether it is JSON or not."""
    return orjson.Fragment(text.encode())


def in_bounds(field: Field, *numbers: float) -> Iterator[float]:
    """Yield the numbers that are within the bounds of a field."""
    for number in numbers:
        too_low = field.minimum is not None and number < field.minimum
        too_low |= field.exclusive_minimum is not None and number <= field.exclusive_minimum
        too_high = field.maximum is not None and number > field.maximum
        too_high |= field.exclusive_maximum is not None and number >= field.exclusive_maximum
        if not (too_low or too_high):
            yield number


def misses(field_type: FieldType, valid: Any) -> Iterator[SampleValue]:
    """Yield values of wrong types that are close to a valid one: clients send them, and lenient servers accept them."""
    for name, value in _misses(field_type, valid).items():
        yield SampleValue(name, value)


def _misses(field_type: FieldType, valid: Any) -> dict[str, Any]:
    anywhere = {"true": True, "false": False, "array": [], "object": {}}
    match field_type:
        case "string":
            return {"number": 5, **anywhere}
        case "Timestamp":
            return {"true": True, "array": [valid]}
        case "int":
            return {"text": str(valid), "fraction": valid + 0.5, **anywhere}
        case "float":
            return {"text": str(valid), "whole-text": str(int(valid)), **anywhere}
        case "list":
            return _list_misses(valid[0]) | {"true": True, "object": {}}


def _list_misses(entry: dict[str, Any]) -> dict[str, Any]:
    name, *others = entry.values()
    value = others[0] if others else name
    return {
        "map": {name: value},
        "lone-entry": entry,
        "text": orjson.dumps([entry]).decode(),
        "number": 5,
        "text-entry": [name],
        "number-entry": [5],
        "null-entry": [None],
        "array-entry": [[name, value]],
        "second-entry": [entry, name],
    }


# Valid and almost valid texts for each format of the contract.
FORMS: dict[FieldFormat, tuple[dict[str, str], dict[str, str]]] = {
    "": ({}, {}),
    "country": (
        {"great-britain": "GB", "japan": "JP"},
        {
            "three-letters": "USA",
            "name": "Germany",
            "one-letter": "U",
            "digits": "12",
            "with-language": "en-US",
            "trailing-newline": "US\n",
        },
    ),
    "language": (
        {"alone": "en", "with-region": "pt-BR", "with-script": "zh-Hant-TW"},
        {"underscore": "en_US", "one-letter": "e", "words": "English (US)", "open-end": "en-", "list": "en,de"},
    ),
    "date": (
        {"leap-day": "2020-02-29", "first-day": "2018-01-01"},
        {
            "unpadded": "2020-2-9",
            "slashes": "01/02/2020",
            "digits": "20200209",
            "with-time": "2020-02-09 00:00:00",
            "iso": "2020-02-09T00:00:00Z",
            "no-leap-day": "2019-02-29",
            "month-13": "2019-13-01",
            "trailing-newline": "2020-02-09\n",
        },
    ),
}

LONG = 10_240

# Valid for any free text, by RFC 8259; each of them has broken a server.
TEXTS: dict[str, Any] = {
    "emoji": "\U0001f3ae \U0001f469\u200d\U0001f469\u200d\U0001f467",
    "long": "0123456789abcdef" * (LONG // 16),
    "combining": "Z\u0351\u036b\u0343a\u0308\u0323\u0301lgo",
    "right-to-left": "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "line-separators": "a\u2028b\u2029c\u0085d",
    "wide": "\u65e5\u672c\u8a9e \uff11\uff12",
    "escaped-pair": literal(r'"\ud83c\udfae"'),
    "escapes": '"\\/\b\f\n\r\t',
    "null-character": "a\0b",
    "control-characters": "\x01\x1b\x7f",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "byte-order-mark": "\ufefftext",
    "markup": "<script>alert(1)</script>&amp;",
    "quotes": "'; DROP TABLE users; --",
    "template": "{{7*7}}${7*7}%s%n{0}",
}
TEXTS_EVERYWHERE = ("emoji", "long")
