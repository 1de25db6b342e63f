"""API keys and the dashboards they open."""

import re
from collections.abc import Sequence

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_SCHEME = "bearer "

# The dashboard of a key without a name.
DEFAULT_DASHBOARD = "default"


class Keys:
    """The configured keys. `K` opens its dashboard `default`, `K/NAME` its dashboard NAME."""

    def __init__(self, keys: Sequence[str]) -> None:
        # With several keys, only the dashboards of the first one have plain names.
        self._prefix = {key: "" if number == 1 else f"key{number}:" for number, key in enumerate(keys, 1)}

    def dashboard(self, credential: str) -> str | None:
        """Return the name of the dashboard that a credential opens, or None."""
        if credential in self._prefix:
            return self._prefix[credential] + DEFAULT_DASHBOARD
        key, _, name = credential.rpartition("/")
        if key in self._prefix and _NAME.match(name):
            return self._prefix[key] + name
        return None

    def name_in(self, credential: str) -> str | None:
        """Return the NAME, valid or not, of a credential that begins with a key and a slash, or None."""
        return next((credential[len(key) + 1 :] for key in self._prefix if credential.startswith(f"{key}/")), None)

    def has_in_other_case(self, credential: str) -> bool:
        """Return whether only the letter case of a credential differs from a key, with a NAME or without."""
        key = credential.partition("/")[0].lower()
        return any(key == known.partition("/")[0].lower() for known in self._prefix)


def bearer(header: str) -> str:
    """Return the credential of an Authorization header, empty if it has another scheme or is absent."""
    if header[: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return header[len(_SCHEME) :].strip()
