"""A small picture of the rows of a file, by which it shows whether another file holds the same rows."""

import struct
from collections.abc import Iterable
from typing import Final
from zlib import crc32

SIZE: Final = 128
_STRIDE: Final = 2000
_ALL: Final = 2**32


class Sketch:
    """Keeps the SIZE smallest of the 32-bit hashes of all rows.

    Which they are depends on the rows alone: not on their order, nor on how often one comes, nor on how a file is
    parted. So of two files, one of which holds the other's rows, the larger's sketch holds all of the smaller's up to
    its own bound.
    """

    def __init__(self) -> None:
        self._kept: list[int] = []
        self._bound = _ALL

    def add_texts(self, texts: list[bytes]) -> None:
        """Take down rows by their text; empty ones are none."""
        for start in range(0, len(texts), _STRIDE):
            fresh = set(filter(self._bound.__gt__, map(crc32, texts[start : start + _STRIDE])))
            fresh.discard(0)
            self.add_hashes(fresh)

    def add_hashes(self, hashes: Iterable[int]) -> None:
        """Take down rows by their hashes, of 32 bits and evenly spread."""
        if fresh := set(hashes).difference(self._kept):
            self._kept = sorted(fresh.union(self._kept))[:SIZE]
            self._bound = self._kept[-1] if len(self._kept) == SIZE else _ALL

    @property
    def bound(self) -> int:
        """Return what a hash must be below to be kept."""
        return self._bound

    @property
    def packed(self) -> bytes:
        """Return the sketch as bytes, for `unpacked`."""
        return struct.pack(f"<{len(self._kept)}I", *self._kept)


def unpacked(*sketches: bytes) -> frozenset[int]:
    """Return the hashes of a whole, given the sketches of its parts."""
    found = {each for sketch in sketches for each in struct.unpack(f"<{len(sketch) // 4}I", sketch)}
    return frozenset(sorted(found)[:SIZE])


def share(smaller: frozenset[int], larger: frozenset[int]) -> tuple[int, int]:
    """Return how many hashes of one file were found in another's sketch, and how many could have been."""
    bound = max(larger) if len(larger) == SIZE else _ALL
    comparable = {each for each in smaller if each <= bound}
    return len(comparable & larger), len(comparable)
