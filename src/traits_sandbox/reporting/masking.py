"""Secrets are masked by value: wherever a key turns up, it is replaced before anything is printed or kept."""

import base64
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

MASK = "***"


class Masker:
    """Masks every secret in a text: as it is, percent-encoded, as JSON escapes it, and in base64."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Longest first: a key that contains another one must not be masked by halves.
        self._forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
        self._data = [form.encode() for form in self._forms]
        self._pattern = re.compile("|".join(map(re.escape, self._forms)))

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked."""
        return self._pattern.sub(MASK, text)

    def data(self, data: bytes) -> bytes:
        """Return bytes with every secret masked; the same object where there is none."""
        for form in self._data:
            if form in data:
                data = data.replace(form, MASK.encode())
        return data


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    yield secret.replace("\\", "\\\\").replace('"', '\\"')
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
