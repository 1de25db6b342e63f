"""Where our validator and the reference implementation are known to differ, and why we keep it so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from traits_sandbox.derive.formats import FORMATS

Texts = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Divergence:
    """A kind of value that the two judge differently.

    `may_differ` recognises such a text, wherever it stands in the body; `heading`, `field` and `witness` are a place
    and a text that show the difference.
    """

    id: str
    reason: str
    may_differ: Texts
    heading: str
    field: str
    witness: str


DIVERGENCES = (
    Divergence(
        id="dollar-before-newline",
        reason="Python's $ also matches before a final newline, ECMA 262 and Rust say it does not; a language tag has "
        "no longest form, so no maxLength refuses the newline as it does for the other formats",
        may_differ=lambda text: text.endswith("\n") and len(text) > 1,
        heading="User",
        field="language",
        witness=FORMATS["language"].example + "\n",
    ),
    Divergence(
        id="newline-for-empty",
        reason="the same $: where a format may be empty, a lone newline is shorter than maxLength",
        may_differ=lambda text: text == "\n",
        heading="Kpi",
        field="churn_date",
        witness="\n",
    ),
)


def may_differ(value: Any) -> bool:
    """Tell whether a value holds a text that a known divergence is about."""
    return any(each.may_differ(text) for text in _texts(value) for each in DIVERGENCES)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for element in value:
            yield from _texts(element)
    elif isinstance(value, dict):
        for element in value.values():
            yield from _texts(element)
