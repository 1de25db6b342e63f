"""Markers: placeholders in requests for the API key, and for keys that are almost right.

Requests and reports only contain markers, such as `{{key}}` and `{{key:longer}}`. The wire replaces a marker when it
sends the request. A command for a shell gets code that makes the same value from the variable TRAITS_API_KEY.
"""

import base64
import re
from collections.abc import Callable
from typing import Final

from traits_sandbox.reporting.masking import Masker

VARIABLE: Final = "TRAITS_API_KEY"
DUMMY: Final = "tsc-not-a-key"

_MARKER = re.compile(r"\{\{key(?::([a-z]+))?\}\}")
_PIPE = f'printf %s "${VARIABLE}"'

# The variants of the key by name. Each has a function that makes it from the key, and shell code that makes it from the
# variable.
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
"""The variants that are almost the key."""


def near(key: str) -> tuple[str, ...]:
    """Return the names of the variants that are almost the key, without those that are empty or equal to the key."""
    return tuple(name for name in NEAR if _VARIANTS[name][0](key).strip() not in ("", key))


def marker(variant: str) -> str:
    """Return the marker of a variant, for use in requests; an empty name is the key itself."""
    return "{{key:" + variant + "}}" if variant else "{{key}}"


def marked(text: str) -> bool:
    """Return whether a text has a marker of the key or of a variant."""
    return _MARKER.search(text) is not None


def reveal(text: str, key: str) -> str:
    """Return a text with every marker replaced by the key or its variant."""
    return _MARKER.sub(lambda found: _VARIANTS[found[1] or ""][0](key), text)


def as_shell(text: str) -> str:
    """Return a text with every marker replaced by shell code, to be used between double quotes."""
    return _MARKER.sub(lambda found: _VARIANTS[found[1] or ""][1], text)


# A shorter variant contains too little of the key to reveal it.
_REVEALING: Final = 6


def masker_of(key: str) -> Masker:
    """Return a masker of a key and of its variants, because a server may repeat in its reply what the kit sent.

    A new kind of secret of the kit belongs here.
    """
    variants = (reveal(marker(name), key) for name in near(key))
    return Masker((key, *(each for each in variants if len(each) >= _REVEALING)))
