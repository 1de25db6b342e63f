"""A small sample of the rows of a file, which shows whether another file has the same rows (bottom-k MinHash)."""

import struct
from collections.abc import Iterable
from typing import Final
from zlib import crc32

SIZE: Final = 128
_STRIDE: Final = 2000
_ALL: Final = 2**32


class Sketch:
    """Keeps the SIZE smallest 32-bit hashes of all rows.

    The sketch depends only on which rows the file has, not on their order, on duplicates, or on how the file is split
    into tasks. If file A has all rows of file B, then A's sketch has every hash of B's sketch that is below A's bound.
    """

    def __init__(self) -> None:
        self._kept: list[int] = []
        self._bound = _ALL

    def add_texts(self, texts: list[bytes]) -> None:
        """Add rows by their text; empty texts are ignored."""
        for start in range(0, len(texts), _STRIDE):
            fresh = set(filter(self._bound.__gt__, map(crc32, texts[start : start + _STRIDE])))
            fresh.discard(0)
            self.add_hashes(fresh)

    def add_hashes(self, hashes: Iterable[int]) -> None:
        """Add rows by their hashes, which must have 32 bits and be evenly distributed."""
        if fresh := set(hashes).difference(self._kept):
            self._kept = sorted(fresh.union(self._kept))[:SIZE]
            self._bound = self._kept[-1] if len(self._kept) == SIZE else _ALL

    @property
    def bound(self) -> int:
        """Return the bound: only hashes below it are kept."""
        return self._bound

    @property
    def packed(self) -> bytes:
        """Return the sketch as bytes, for `unpacked`."""
        return struct.pack(f"<{len(self._kept)}I", *self._kept)


def unpacked(*sketches: bytes) -> frozenset[int]:
    """Return the hashes of a whole file from the packed sketches of its parts."""
    found = {each for sketch in sketches for each in struct.unpack(f"<{len(sketch) // 4}I", sketch)}
    return frozenset(sorted(found)[:SIZE])


def share(smaller: frozenset[int], larger: frozenset[int]) -> tuple[int, int]:
    """Return how many comparable hashes of `smaller` are also in `larger`, and how many are comparable.

    A full sketch has only the lowest hashes of its file. A hash above its highest one cannot be compared with it.
    """
    bound = max(larger) if len(larger) == SIZE else _ALL
    comparable = {each for each in smaller if each <= bound}
    return len(comparable & larger), len(comparable)
