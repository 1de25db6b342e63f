"""Replaces known secrets, such as API keys, in text and bytes before they are shown or stored.

A secret is found as plain text, and as it is encoded in URLs, JSON, HTML, hexadecimal digits and base64.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

MASK: Final = "***"

# As html.escape does it; the module itself is slow to import.
_HTML: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})

# A shorter form of a secret would hide text that has nothing to do with it.
_SHORTEST: Final = 6


class Masker:
    """Replaces secrets in text and bytes by MASK."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Make a masker; empty secrets are ignored."""
        # Longest first: a secret that contains another one must be hidden as a whole.
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        self._texts = sorted(forms, key=lambda form: (-len(form), form))
        self._data = sorted((form.encode() for form in forms), key=lambda form: (-len(form), form))

    def __call__(self, text: str) -> str:
        """Return a text with every secret masked."""
        for form in self._texts:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def data(self, data: bytes) -> bytes:
        """Return bytes with every secret masked; the same object if there is none."""
        for form in self._data:
            if form in data:
                data = data.replace(form, MASK.encode())
        return data

    def shows(self, data: bytes) -> bool:
        """Tell whether bytes contain a secret."""
        return any(form in data for form in self._data)

    def unsettled(self, data: bytes) -> int:
        """Return where a secret may begin that continues after the data; the length of the data if nowhere."""
        start = self._first_prefix(data)
        # A whole secret across that place must not be cut either.
        while (earlier := self._start_across(data, start)) < start:
            start = earlier
        return start

    def _first_prefix(self, data: bytes) -> int:
        longest = len(self._data[0]) if self._data else 1
        for start in range(max(0, len(data) - longest + 1), len(data)):
            rest = data[start:]
            if any(len(form) > len(rest) and form.startswith(rest) for form in self._data):
                return start
        return len(data)

    def _start_across(self, data: bytes, place: int) -> int:
        starts = (data.find(form, max(0, place - len(form) + 1), place + len(form) - 1) for form in self._data)
        return min((start for start in starts if 0 <= start < place), default=place)


class StreamMasker:
    """Masks secrets in bytes that come in pieces, also where a piece ends within a secret."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Return what can be sent so far; bytes that may be the beginning of a secret are held back."""
        self._held += piece
        end = self._masker.unsettled(self._held)
        ready, self._held = self._held[:end], self._held[end:]
        return self._masker.data(ready)

    def flush(self) -> bytes:
        """Return what was held back, at the end of the stream."""
        rest, self._held = self._held, b""
        return self._masker.data(rest)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield from (form for form in _derived(secret) if len(form) >= _SHORTEST)


def _derived(secret: str) -> Iterator[str]:
    text = json.dumps(secret)[1:-1]
    # Some programs escape less in JSON, and some write a slash with a backslash.
    yield from (text, text.replace("/", "\\/"), secret.replace("\\", "\\\\").replace('"', '\\"'))
    yield from (secret.translate(_HTML), secret.encode().hex())
    for url in (quote(secret), quote(secret, safe="")):
        yield url
        yield re.sub("%..", lambda found: found[0].lower(), url)
    for encoded in _in_base64(secret):
        yield from (encoded, encoded.rstrip("="), encoded.replace("+", "-").replace("/", "_"))


def _in_base64(secret: str) -> Iterator[str]:
    """Yield a secret in base64: alone, as credentials, and the part that is the same within any longer text."""
    for whole in (secret, f"{secret}:", f"Bearer {secret}"):
        yield base64.b64encode(whole.encode()).decode()
    for shift, shared in enumerate((0, 2, 3)):
        text = base64.b64encode(b"\0" * shift + secret.encode()).decode()
        yield text[shared : len(text) - 4]
