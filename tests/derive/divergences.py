"""Where our validator and the reference implementation are known to differ, and why we keep it so."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.derive.judges import value_at
from traits_sandbox.derive.formats import FORMATS
from traits_sandbox.errors import Violation


@dataclass(frozen=True, slots=True)
class Divergence:
    """A kind of text that we refuse and the reference accepts.

    `is_about` recognises such a text; `heading`, `field` and `witness` are a
    place and a text that show the difference.
    """

    id: str
    reason: str
    is_about: Callable[[str], bool]
    heading: str
    field: str
    witness: str


DIVERGENCES = (
    Divergence(
        id="dollar-before-newline",
        reason="Python's $ also matches before a final newline, ECMA 262 and Rust say it does not; a language tag has "
        "no longest form, so no maxLength refuses the newline as it does for the other formats",
        is_about=lambda text: text.endswith("\n") and len(text) > 1,
        heading="User",
        field="language",
        witness=FORMATS["language"].example + "\n",
    ),
    Divergence(
        id="newline-for-empty",
        reason="the same $: where a format may be empty, a lone newline is shorter than maxLength",
        is_about=lambda text: text == "\n",
        heading="Kpi",
        field="churn_date",
        witness="\n",
    ),
)


def explain(value: Any, violations: Iterable[Violation]) -> bool:
    """Tell whether known divergences are all that is wrong with a value that only we refuse."""
    return all(
        violation.rule == "pattern" and any(each.is_about(value_at(value, violation.pointer)) for each in DIVERGENCES)
        for violation in violations
    )
