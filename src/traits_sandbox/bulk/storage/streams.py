"""Reads a file from its storage as blocks, unpacked on the way, with limits that no bomb gets past."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.values import Compression, Stored
from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.extras import required

BLOCK: Final = 8 * 2**20

# What text of this kind reaches at best is about a hundred to one; the first few bytes may be anything.
MAX_RATIO: Final = 300
_FREE: Final = 64 * 2**20
_UNPACK_AT_ONCE: Final = 2**20

# What is left of a crumb is copied for each member that ends within it, and members can be tiny.
_GZIP_CRUMB: Final = 2**14
# A crumb of Zstandard can hold 32 MiB; its window is as large as the command line tool makes it at most.
_ZSTD_CRUMB: Final = 2**10
_LARGEST_WINDOW: Final = 2**27


class Unreadable(TraitsSandboxError):
    """A file's content is not what its name says. `kind` is stable, the message completes a sentence."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def blocks(
    source: FileSource, stored: Stored, compression: Compression, *, start: int = 0, end: int = 0, first: int = BLOCK
) -> Iterator[bytes]:
    """Yield a file's content, or a part of it, block by block; the first has `first` bytes, later ones more and more.

    Raises:
        Unreadable: it does not unpack, or unpacks to far more than it is.
        StorageFault, ObjectGone: it cannot be read.

    """
    packed = _ranges(source, stored, start, end or stored.size, first)
    if not compression:
        yield from packed
        return
    unpack, size = (_gunzipped, _GZIP_CRUMB) if compression == "gz" else (_zstd_unpacked, _ZSTD_CRUMB)
    crumbs = _Crumbs(packed, size)
    yield from _gathered(_limited(unpack(crumbs), crumbs))


class _Crumbs:
    """Small pieces of some blocks; `taken` counts their bytes so far."""

    def __init__(self, blocks: Iterable[bytes], size: int) -> None:
        self._blocks, self._size = blocks, size
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            for at in range(0, len(block), self._size):
                crumb = block[at : at + self._size]
                self.taken += len(crumb)
                yield crumb


def _ranges(source: FileSource, stored: Stored, start: int, end: int, size: int) -> Iterator[bytes]:
    while start < end:
        yield source.read(stored, start, min(start + size, end))
        start, size = start + size, min(2 * size, BLOCK)


def _limited(unpacked: Iterable[bytes], crumbs: _Crumbs) -> Iterator[bytes]:
    """Pass content on as long as it is not far more than what it was packed in."""
    total = 0
    for block in unpacked:
        total += len(block)
        if total > _FREE and total > MAX_RATIO * crumbs.taken:
            raise Unreadable("bomb", f"unpacks to more than {MAX_RATIO} times its size")
        yield block


def _gathered(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces to blocks, as each block is work of its own; what comes before an error comes first."""
    waiting: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            waiting.append(piece)
            size += len(piece)
            if size >= BLOCK // 2:
                block, waiting, size = b"".join(waiting), [], 0
                yield block
    except Unreadable:
        if waiting:
            yield b"".join(waiting)
        raise
    if waiting:
        yield b"".join(waiting)


def _gunzipped(crumbs: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack gzip, of one member or several behind one another."""
    inflate, begun = zlib.decompressobj(31), False
    try:
        for crumb in crumbs:
            rest = crumb
            while rest := rest if begun else rest.lstrip(b"\0"):
                begun = True
                data = inflate.decompress(rest, _UNPACK_AT_ONCE)
                rest = inflate.unconsumed_tail
                if data:
                    yield data
                if inflate.eof:
                    rest, inflate, begun = inflate.unused_data, zlib.decompressobj(31), False
    except zlib.error:
        raise Unreadable("gzip", "is not gzip, or is damaged") from None
    if begun:
        raise Unreadable("gzip", "ends in the middle of its gzip data")


def _zstd_unpacked(crumbs: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack Zstandard, of one frame or several; in crumbs, as nothing else bounds what comes out at once."""
    with required("bulk", by="bulk"):
        import zstandard
    unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    frame, begun = unpacker.decompressobj(), False
    try:
        for crumb in crumbs:
            rest = crumb
            while rest:
                begun = True
                if data := frame.decompress(rest):
                    yield data
                rest = frame.unused_data if frame.eof else b""
                if frame.eof:
                    frame, begun = unpacker.decompressobj(), False
    except zstandard.ZstdError:
        window = f"needs a window of more than {_LARGEST_WINDOW // 2**20} MiB"
        raise Unreadable("zstd", f"is not Zstandard, or is damaged, or {window}") from None
    if begun:
        raise Unreadable("zstd", "ends in the middle of its Zstandard data")
