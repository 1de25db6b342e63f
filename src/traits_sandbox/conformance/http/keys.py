"""The key and what is made of it: nearly right keys, their shell spelling, and the mask that hides all of them."""

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

VARIABLE: Final = "TRAITS_API_KEY"
MASK: Final = "***"
DUMMY: Final = "tsc-not-a-key"

_SHORTEST: Final = 6

_MARKER = re.compile(r"\{\{key(?::([a-z]+))?\}\}")
_PIPE = f'printf %s "${VARIABLE}"'

# A name, what it makes of the key, and how a shell makes the same of the variable.
_VARIANTS: dict[str, tuple[Callable[[str], str], str]] = {
    "": (lambda key: key, f"${VARIABLE}"),
    "headless": (lambda key: key[1:], f"${{{VARIABLE}#?}}"),
    "longer": (lambda key: f"{key[:1]}x{key[1:]}", f"$({_PIPE} | sed 's/./&x/')"),
    "swapped": (lambda key: key.swapcase(), f"$({_PIPE} | tr 'A-Za-z' 'a-zA-Z')"),
    "first": (lambda key: key[:1], f'$(printf %.1s "${VARIABLE}")'),
    "basic": (
        lambda key: base64.b64encode(f"{key}:".encode()).decode(),
        f'$(printf %s: "${VARIABLE}" | base64 | tr -d "\\n")',
    ),
}


NEAR: Final = ("headless", "longer", "swapped", "first")
"""The variants that are nearly the key."""


def near(key: str) -> tuple[str, ...]:
    """Return the variants that are nearly a key, without those that are the same as it or nothing."""
    return tuple(name for name in NEAR if _VARIANTS[name][0](key).strip() not in ("", key))


def marker(variant: str) -> str:
    """Return what stands for a variant of the key in a request."""
    return "{{key:" + variant + "}}" if variant else "{{key}}"


def marked(text: str) -> bool:
    """Tell whether a text holds the key, or what is made of it."""
    return _MARKER.search(text) is not None


def reveal(text: str, key: str) -> str:
    """Return a text with every marker replaced by what it stands for."""
    return _MARKER.sub(lambda found: _VARIANTS[found[1] or ""][0](key), text)


def as_shell(text: str) -> str:
    """Return a text with every marker replaced by what a shell makes of the variable, for double quotes."""
    return _MARKER.sub(lambda found: _VARIANTS[found[1] or ""][1], text)


class KeyMask:
    """Hides a key by value: as it is, and as URLs, JSON, HTML and base64 spell it."""

    def __init__(self, key: str) -> None:
        self._spellings = [each for each in sorted(_spellings(key), key=len, reverse=True) if each]

    def text(self, text: str) -> str:
        """Return a text without the key."""
        for spelling in self._spellings:
            text = text.replace(spelling, MASK)
        return text

    def data(self, data: bytes) -> bytes:
        """Return bytes without the key."""
        for spelling in self._spellings:
            data = data.replace(spelling.encode(), MASK.encode())
        return data

    def shows(self, data: bytes) -> bool:
        """Tell whether bytes hold the key."""
        return any(spelling.encode() in data for spelling in self._spellings)


def _spellings(key: str) -> set[str]:
    whole = {base64.b64encode(each.encode()).decode() for each in (key, f"{key}:", f"Bearer {key}")}
    encoded = whole | set(_within_base64(key))
    encoded |= {each.replace("+", "-").replace("/", "_") for each in encoded}
    text = json.dumps(key)[1:-1]
    urls = {quote(key), quote(key, safe="")}
    urls |= {re.sub("%..", lambda found: found[0].lower(), each) for each in urls}
    # Some programs write a slash in JSON with a backslash.
    written = {key, text, text.replace("/", "\\/"), html.escape(key), key.encode().hex(), *urls}
    spelled = written | encoded | {each.rstrip("=") for each in encoded}
    # A shorter piece of the key would hide what is not the key.
    return {each for each in spelled if len(each) >= min(len(key), _SHORTEST)}


def _within_base64(key: str) -> Iterator[str]:
    """Yield what is the same of the key's base64 wherever in a longer text it stands."""
    for shift, shared in enumerate((0, 2, 3)):
        text = base64.b64encode(b"\0" * shift + key.encode()).decode()
        yield text[shared : len(text) - 4]
