"""Takes the key out of what is going to be shown: once, for a whole value, before anything is made of it."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from traits_sandbox.conformance.http.exchange import Pairs, Request
from traits_sandbox.conformance.http.keys import KeyMask, marked, marker, near, reveal

Shown = TypeVar("Shown")

# The kit's own words, by which things are found and decided: the key does not get into them, nor may it change them.
_OURS: Final = frozenset({"requirement", "case", "operation", "outcome", "profile", "reach", "prefix", "method"})
_TELLING: Final = 6


class Mask:
    """Hides a key, and what is so near to it that it tells the key: a server may repeat what it was sent."""

    def __init__(self, key: str) -> None:
        telling = (reveal(marker(name), key) for name in near(key))
        self._masks = [KeyMask(each) for each in (key, *(each for each in telling if len(each) >= _TELLING))]

    def text(self, text: str) -> str:
        """Return a text without the key."""
        for mask in self._masks:
            text = mask.text(text)
        return text

    def data(self, data: bytes) -> bytes:
        """Return bytes without the key."""
        for mask in self._masks:
            data = mask.data(data)
        return data


def masked(value: Shown, mask: Mask) -> Shown:
    """Return a frozen value, such as a Report, with all that it is made of, without the key in any spelling."""
    shown: Shown = _masked(value, mask)
    return shown


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask.text(value)
    if isinstance(value, bytes):
        return mask.data(value)
    if isinstance(value, tuple):
        return tuple(_masked(each, mask) for each in value)
    if isinstance(value, Request):
        return replace(
            value,
            path=mask.text(value.path),
            query=_pairs(value.query, mask),
            headers=_pairs(value.headers, mask),
            body=None if value.body is None else mask.data(value.body),
        )
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{name: _masked(getattr(value, name), mask) for name in _foreign(value)})
    return value


def _foreign(value: Any) -> list[str]:
    return [each.name for each in fields(value) if each.name not in _OURS]


def _pairs(pairs: Pairs, mask: Mask) -> Pairs:
    """Mask what a request carries; what stands for the key must still stand for it."""
    return tuple((name, value if marked(value) else mask.text(value)) for name, value in pairs)
