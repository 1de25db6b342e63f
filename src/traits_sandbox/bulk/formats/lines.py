"""Cuts blocks of bytes into whole lines, and skips lines that are longer than the limit of a row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

MAX_LINE: Final = 2**20
# At most this many bytes of short lines are yielded at once, because many tiny rows need far more memory as values.
_PIECE: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class Lines:
    """Some whole lines. The first one has this `number`, from 0, and begins at the byte `offset`.

    `overlong` means that `data` is only the beginning of one line that is longer than MAX_LINE: one byte more than
    that.
    """

    data: bytes
    number: int
    offset: int
    overlong: bool = False


def whole_lines(
    blocks: Iterable[bytes], *, offset: int = 0, end: int | None = None, longest: int = MAX_LINE
) -> Iterator[Lines]:
    """Yield the lines that begin before `end`, or all lines; the blocks begin at a line and at `offset`.

    At most `longest` bytes and one block are in memory at a time; blocks are read only when they are needed.
    """
    cutter = _Cutter(offset, end, longest)
    for block in blocks:
        yield from cutter.cut(block)
        if cutter.done:
            return
    yield from cutter.rest()


class _Cutter:
    """The bytes that were not yielded yet; they begin at the byte `_offset`, in the line `_number`."""

    def __init__(self, offset: int, end: int | None, longest: int) -> None:
        self._offset, self._end, self._number = offset, end, 0
        self._longest = longest
        self._held = b""
        self._skipping = False

    @property
    def done(self) -> bool:
        """Return whether all lines before the end were yielded."""
        return self._end is not None and self._offset >= self._end

    def cut(self, block: bytes) -> Iterator[Lines]:
        self._held += block
        if self._skipping:
            self._skip()
        while not self.done:
            if size := self._stretch():
                lines = Lines(self._held[:size], self._number, self._offset)
                self._drop(size)
                self._number += lines.data.count(b"\n")
                yield lines
            elif len(self._held) > self._longest:
                yield Lines(self._held[: self._longest + 1], self._number, self._offset, overlong=True)
                self._skip()
            else:
                return

    def rest(self) -> Iterator[Lines]:
        if self._held and not self.done:
            yield Lines(self._held, self._number, self._offset)

    def _stretch(self) -> int:
        """Return the number of bytes at the beginning that are whole lines within the limit: about one piece."""
        size, stop = 0, self._stop()
        while size < _PIECE:
            newline = self._held.rfind(b"\n", size, min(size + self._longest + 1, stop))
            if newline < 0:
                break
            size = newline + 1
        return size

    def _stop(self) -> int:
        """Return the end of the lines that begin before `end`: after the first newline from its last byte on."""
        if self._end is None:
            return len(self._held)
        return self._held.find(b"\n", self._end - 1 - self._offset) + 1 or len(self._held)

    def _skip(self) -> None:
        """Drop the rest of an overlong line that has arrived."""
        newline = self._held.find(b"\n")
        self._skipping = newline < 0
        self._number += newline >= 0
        self._drop(newline + 1 or len(self._held))

    def _drop(self, size: int) -> None:
        self._held = self._held[size:]
        self._offset += size
