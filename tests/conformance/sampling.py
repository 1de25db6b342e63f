"""Which of many tests run at each change, which among the proofs, and which in the complete run alone.

Samples are drawn by a number made of the name, so that they are the same everywhere and hardly change with the list.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.tiers import Tier, part

SEED = "1"
"""Another one draws other samples."""


def drawn(name: str) -> int:
    """Return the number of a name: the name with the lowest is drawn first."""
    return zlib.crc32(f"{SEED}/{name}".encode())


def first(names: Iterable[str], count: int) -> set[str]:
    """Return `count` names."""
    return set(sorted(names, key=drawn)[:count])


def one_of_each(names: Iterable[str], kind: Callable[[str], str]) -> set[str]:
    """Return one name of each kind."""
    return set({kind(name): name for name in sorted(names, key=drawn, reverse=True)}.values())


def tiers(names: Iterable[str], *, at_each_change: set[str], proofs: set[str]) -> dict[str, Tier]:
    """Return when each name runs; what is neither for each change nor among the proofs is for the complete run."""
    others = dict.fromkeys(names, Tier.FULL)
    return others | dict.fromkeys(proofs, Tier.PROOFS) | dict.fromkeys(at_each_change, Tier.TEST)


def parameters(tiers: dict[str, Tier]) -> list[Any]:
    """Return the names as parameters of a test."""
    return [pytest.param(name, marks=part("kit", tier)) for name, tier in tiers.items()]


def names_in(tiers: dict[str, Tier], *wanted: Tier) -> set[str]:
    """Return the names that run in some tiers."""
    return {name for name, tier in tiers.items() if tier in wanted}
