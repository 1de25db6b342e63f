"""The key in requests: markers of the key and of nearly right keys, and how a shell writes them."""

import base64
import re
from collections.abc import Callable
from typing import Final

from traits_sandbox.reporting.masking import Masker

VARIABLE: Final = "TRAITS_API_KEY"
DUMMY: Final = "tsc-not-a-key"

_MARKER = re.compile(r"\{\{key(?::([a-z]+))?\}\}")
_PIPE = f'printf %s "${VARIABLE}"'

# A variant of the key by its name: how it is made of the key, and how a shell makes it of the variable.
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
    """Return the variants that are nearly a key, without empty ones and those that are the key itself."""
    return tuple(name for name in NEAR if _VARIANTS[name][0](key).strip() not in ("", key))


def marker(variant: str) -> str:
    """Return the marker of a variant of the key, as requests have it."""
    return "{{key:" + variant + "}}" if variant else "{{key}}"


def marked(text: str) -> bool:
    """Tell whether a text has a marker of the key or of a variant."""
    return _MARKER.search(text) is not None


def reveal(text: str, key: str) -> str:
    """Return a text with every marker replaced by the key or its variant."""
    return _MARKER.sub(lambda found: _VARIANTS[found[1] or ""][0](key), text)


def as_shell(text: str) -> str:
    """Return a text with every marker replaced by shell code that makes the variant, for double quotes."""
    return _MARKER.sub(lambda found: _VARIANTS[found[1] or ""][1], text)


# A shorter variant has too little of the key to reveal it.
_REVEALING: Final = 6


def masker_of(key: str) -> Masker:
    """Return a masker of a key and of the variants that would reveal it: a server may repeat what it was sent."""
    variants = (reveal(marker(name), key) for name in near(key))
    return Masker((key, *(each for each in variants if len(each) >= _REVEALING)))
