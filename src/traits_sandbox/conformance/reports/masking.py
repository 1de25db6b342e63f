"""Masks the key in a whole report, once, before anything is rendered."""

from dataclasses import fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from traits_sandbox.conformance.http.exchange import Pairs, Request
from traits_sandbox.conformance.http.keys import marked
from traits_sandbox.reporting.masking import Masker

Shown = TypeVar("Shown")

# Attributes with words of the kit, which reports compare. They never contain the key, so they are not masked.
_OURS: Final = frozenset(
    {"requirement", "case", "operation", "outcome", "profile", "reach", "prefix", "method", "kind"}
)


def masked(value: Shown, masker: Masker) -> Shown:
    """Return a frozen value, such as a Report, with the key masked in all of its parts."""
    shown: Shown = _masked(value, masker)
    return shown


def _masked(value: Any, masker: Masker) -> Any:
    if isinstance(value, str):
        return masker(value)
    if isinstance(value, bytes):
        return masker.data(value)
    if isinstance(value, tuple):
        return tuple(_masked(each, masker) for each in value)
    if isinstance(value, Request):
        return replace(
            value,
            path=masker(value.path),
            query=_pairs(value.query, masker),
            headers=_pairs(value.headers, masker),
            body=None if value.body is None else masker.data(value.body),
        )
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{name: _masked(getattr(value, name), masker) for name in _foreign(value)})
    return value


def _foreign(value: Any) -> list[str]:
    return [each.name for each in fields(value) if each.name not in _OURS]


def _pairs(pairs: Pairs, masker: Masker) -> Pairs:
    """Mask the values of a request, but keep the markers of the key."""
    return tuple((name, value if marked(value) else masker(value)) for name, value in pairs)
