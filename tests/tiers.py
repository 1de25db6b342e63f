"""When a test runs: in `scripts/test`, in `scripts/proofs`, or only in `scripts/proofs --full`.

A test without a mark runs in `scripts/test`. A test with a mark belongs to a named part of `scripts/proofs`.
`scripts/proofs` reads the table of parts below line by line.
"""

from enum import Enum

import pytest


class Tier(Enum):
    """The shortest run that includes a test."""

    TEST = "scripts/test"
    BOTH = "scripts/test, and with all its examples in scripts/proofs PART"
    PROOFS = "scripts/proofs PART"
    FULL = "scripts/proofs PART --full"


PARTS = {
    "kit": "the conformance kit: mutants, benign and hostile servers",
    "hostile": "hostile requests, slow senders, memory",
    "properties": "properties of bodies and files, with all examples",
    "project": "the workflows, the packages and the published files",
    "docs": "the commands on the pages of the documentation that take seconds",
    "endpoint": "a new endpoint, added by the steps of CONTRIBUTING, breaks no check",
}
"""The parts of `scripts/proofs` with their descriptions, in the order in which they run."""


def part(name: str, tier: Tier = Tier.PROOFS) -> pytest.MarkDecorator:
    """Return the mark of a test that belongs to a part.

    With the tier TEST, it runs in `scripts/test`, and again with `--full` in its part.
    """
    assert name in PARTS, f"{name} is not in tests/tiers.py"
    return pytest.mark.part(name, tier)


def of(item: pytest.Item) -> tuple[str, Tier]:
    """Return the part of a test, or an empty text if it has none, and its tier."""
    mark = item.get_closest_marker("part")
    return (mark.args[0], mark.args[1]) if mark else ("", Tier.TEST)


def selected(item: pytest.Item, *, proofs: str, full: bool) -> bool:
    """Return whether a test belongs to a run of `scripts/test` or of one part; `full` includes the longest tests."""
    name, tier = of(item)
    if proofs:
        return name == proofs and (full or tier in (Tier.BOTH, Tier.PROOFS))
    return full or tier in (Tier.TEST, Tier.BOTH)
