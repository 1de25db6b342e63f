"""The key and what is made of it: nearly right keys, their shell spelling, and the mask that hides all of them."""

import base64
import re
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

VARIABLE: Final = "TRAITS_API_KEY"
MASK: Final = "***"
DUMMY: Final = "tsc-not-a-key"

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
    import html
    import json

    encoded = {base64.b64encode(each.encode()).decode() for each in (key, f"{key}:", f"Bearer {key}")}
    spelled = {key, quote(key), quote(key, safe=""), json.dumps(key)[1:-1], html.escape(key), *encoded}
    # Base64 at any offset within a longer text shares a middle with one of three.
    for shift in range(3):
        middle = base64.b64encode(b"\0" * shift + key.encode()).decode()
        spelled.add(middle[(0, 2, 3)[shift] : len(middle) // 4 * 4 - 4])
    spelled |= {each.rstrip("=") for each in spelled} | {each.replace("+", "-").replace("/", "_") for each in encoded}
    return {each for each in spelled if len(each) >= min(len(key), 6)}
