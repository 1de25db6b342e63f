"""Secrets are masked by value: wherever a key turns up, it is replaced before anything is printed."""

import re
from collections.abc import Iterable
from urllib.parse import quote

MASK = "***"


class Redactor:
    """Masks every secret in a text, as it is and percent-encoded."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in (secret, quote(secret, safe=""))}
        # Longest first: a key that contains another one must not be masked by halves.
        self._pattern = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)))

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked."""
        return self._pattern.sub(MASK, text)
