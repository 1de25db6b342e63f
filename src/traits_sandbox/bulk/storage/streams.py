"""Reads a file as blocks and decompresses it, with limits that stop decompression bombs."""

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from traits_sandbox.bulk.storage.sources import FileSource, ObjectGone, StorageError
from traits_sandbox.bulk.values import Compression, Stored
from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.extras import required

BLOCK: Final = 8 * 2**20

# Text of this kind compresses to about a hundredth at best. The ratio is checked only above `_UNCHECKED` bytes.
MAX_RATIO: Final = 300
_UNCHECKED: Final = 64 * 2**20
_UNPACK_AT_ONCE: Final = 2**20

# At each end of a gzip member, the rest of the piece is copied, and members can be tiny: so pieces are small.
_GZIP_PIECE: Final = 2**14
# A piece of this size can already decompress to 32 MiB.
_ZSTD_PIECE: Final = 2**10
# The `Content-Encoding` of objects that are stored compressed, and the bytes with which their content then begins.
_ENCODINGS: Final[dict[str, tuple[Compression, bytes]]] = {
    "gzip": ("gz", b"\x1f\x8b"),
    "x-gzip": ("gz", b"\x1f\x8b"),
    "zstd": ("zst", b"\x28\xb5\x2f\xfd"),
}
_UNSUPPORTED_ENCODINGS: Final = ("br", "deflate", "compress")
# The largest window of the `zstd` command.
_LARGEST_WINDOW: Final = 2**27


class Unreadable(TraitsSandboxError):
    """The content of a file does not fit its name. `kind` is stable; the message is a sentence without its subject."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def blocks(
    source: FileSource, stored: Stored, compression: Compression, *, start: int = 0, end: int = 0, first: int = BLOCK
) -> Iterator[bytes]:
    """Yield the decompressed content of a file in blocks.

    Without `start` and `end`, in bytes of the file, the whole file is read. The first read has `first` bytes, and
    each later one has twice as many, up to BLOCK.

    Raises:
        Unreadable: the content cannot be decompressed, or is far larger than the file.
        StorageError: the file cannot be read.
        ObjectGone: it no longer exists, or changed after it was listed.

    """
    content = _ranges(source, stored, start, end or stored.size, first)
    if not start:
        content = _decoded(content, source, stored, compression)
    yield from _decompressed(content, compression) if compression else content


def is_encoded(source: FileSource, stored: Stored) -> bool:
    """Return whether an object is stored with a `Content-Encoding`, so that it can only be read from its begin."""
    try:
        return bool(source.read(stored, 0, 4) and _encoding_of(source.encoding(stored)))
    except (StorageError, ObjectGone):  # The task that reads the object reports the reason.
        return False


def _encoding_of(header: str) -> str:
    """Return the encoding in a `Content-Encoding`; clients of S3 add `aws-chunked`, which is none."""
    names = [name.strip() for name in header.split(",")]
    return next((name for name in names if name in _ENCODINGS or name in _UNSUPPORTED_ENCODINGS), "")


def _decoded(content: Iterator[bytes], source: FileSource, stored: Stored, compression: Compression) -> Iterator[bytes]:
    """Yield content without the `Content-Encoding` of its object.

    Content that does not begin as its encoding does is taken as it is. So is what its name calls compressed in the same
    way, because a compressed file is often stored with both.
    """
    begin = next(content, b"")
    content, encoding = chain((begin,), content), _encoding_of(source.encoding(stored))
    if encoding in _UNSUPPORTED_ENCODINGS:
        raise Unreadable("encoding", f"has the Content-Encoding {encoding}, which is not read: store it without one")
    if not encoding:
        return content
    encoded, magic = _ENCODINGS[encoding]
    if encoded == compression or not begin.startswith(magic):
        return content
    return _decompressed(content, encoded)


def _decompressed(packed: Iterator[bytes], compression: Compression) -> Iterator[bytes]:
    unpack, size = (_gunzip, _GZIP_PIECE) if compression == "gz" else (_unzstd, _ZSTD_PIECE)
    pieces = _Pieces(packed, size)
    return _join(_limit_ratio(unpack(pieces), pieces))


class _Pieces:
    """Small pieces of blocks; `count` is the number of their bytes so far."""

    def __init__(self, blocks: Iterable[bytes], size: int) -> None:
        self._blocks, self._size = blocks, size
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            for at in range(0, len(block), self._size):
                piece = block[at : at + self._size]
                self.count += len(piece)
                yield piece


def _ranges(source: FileSource, stored: Stored, start: int, end: int, size: int) -> Iterator[bytes]:
    while start < end:
        yield source.read(stored, start, min(start + size, end))
        start, size = start + size, min(2 * size, BLOCK)


def _limit_ratio(unpacked: Iterable[bytes], pieces: _Pieces) -> Iterator[bytes]:
    """Yield content until it is far larger than its compressed form."""
    total = 0
    for block in unpacked:
        total += len(block)
        if total > _UNCHECKED and total > MAX_RATIO * pieces.count:
            raise Unreadable("bomb", f"decompresses to more than {MAX_RATIO} times its size")
        yield block


def _join(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces to blocks, because each block costs work; content before an error is yielded first."""
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


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress gzip with one or more members."""
    inflate, begun = zlib.decompressobj(31), False
    try:
        for piece in pieces:
            rest = piece
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


def _unzstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decompress Zstandard with one or more frames; only small pieces limit how much is decompressed at once."""
    with required("bulk", by="bulk"):
        import zstandard
    unpacker = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW)
    frame, begun = unpacker.decompressobj(), False
    try:
        for piece in pieces:
            rest = piece
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
