"""Fake traits: a pure function of seed, segment and persona, the same in every process and Python version.

Randomness comes from BLAKE2b; arithmetic is exact by IEEE 754, with `fsum` for sums, because `sum` of floats changed
its rounding in Python 3.12. Values are like the documented sample: from 0 to 100, rounded to 32 bits, equal wherever a
trait's name is repeated, and each personality score is close to the mean of the category with its name.
"""

import hashlib
import struct
from collections.abc import Sequence
from math import fsum

Traits = dict[str, dict[str, float]]

_TWO_TO_32 = 4294967296.0

# A persona's centre is in 35..65, a trait within 22 of the centre and mostly near it, a score that summarises a
# category within 1.5 of its mean.
_CENTRE, _CENTRE_SPREAD, _TRAIT_SPREAD, _SCORE_SPREAD = 50.0, 15.0, 22.0, 1.5


class TraitModel:
    """The categories and trait names of the documented sample, and values for them."""

    def __init__(self, sample: Traits) -> None:
        self._sample = sample
        self._category_by_name = {category.lower(): category for category in sample}

    def traits(self, seed: int, segment: str, persona: int) -> Traits:
        """Return the traits of a persona, by category and name, in the order of the sample."""
        draw = _Draw(f"{seed}\x00{segment}\x00{persona}")
        values = {name: draw.trait(name) for names in self._sample.values() for name in names}
        for name in values:
            if facets := self._facets(name):
                mean = fsum(values[facet] for facet in facets) / len(facets)
                values[name] = _float32(_clamp(mean + _SCORE_SPREAD * draw.uniform("score", name)))
        return {category: {name: values[name] for name in names} for category, names in self._sample.items()}

    def _facets(self, name: str) -> Sequence[str]:
        """Return the traits of the category that a trait summarises: another category with the trait's name."""
        category = self._category_by_name.get(name.lower())
        return () if category is None or name in self._sample[category] else list(self._sample[category])


def persona_of(user: str, *, seed: int, segment: str, personas: int) -> int:
    """Return the persona of a user, from 1."""
    digest = hashlib.blake2b(user.encode(errors="surrogatepass"), digest_size=8, key=_key(f"{seed}\x00{segment}"))
    return 1 + int.from_bytes(digest.digest(), "big") % personas


def weighted_mean(parts: Sequence[Traits], weights: Sequence[int]) -> Traits:
    """Return the mean of several traits, rounded to 32 bits; the weights' sum must be positive."""
    total = sum(weights)
    return {
        category: {
            name: _float32(fsum(w * part[category][name] for w, part in zip(weights, parts, strict=True)) / total)
            for name in names
        }
        for category, names in parts[0].items()
    }


class _Draw:
    """Named random values of one persona, independent of the order in which they are drawn."""

    def __init__(self, identity: str) -> None:
        self._key = _key(identity)

    def uniform(self, *names: str) -> float:
        """Return a value in -1..1."""
        digest = hashlib.blake2b("\x00".join(names).encode(), digest_size=4, key=self._key).digest()
        return int.from_bytes(digest, "big") / _TWO_TO_32 * 2 - 1

    def trait(self, name: str) -> float:
        """Return a trait's value: the persona's centre plus the mean of two draws, which favours the middle."""
        centre = _CENTRE + _CENTRE_SPREAD * self.uniform("centre", name)
        spread = (self.uniform("first", name) + self.uniform("second", name)) / 2
        return _float32(_clamp(centre + _TRAIT_SPREAD * spread))


def _key(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(errors="surrogatepass"), digest_size=32).digest()


def _clamp(value: float) -> float:
    return min(100.0, max(0.0, value))


def _float32(value: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded
