"""Recognises content that is not text, or is text in another encoding, by its first bytes."""

import re
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE
from typing import Final

from traits_sandbox.derive.content.kinds import ContentKind, FoundContent

GZIP: Final = b"\x1f\x8b"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
PARQUET: Final = b"PAR1"

# The first bytes of formats; the more special ones first.
_MAGIC: Final = (
    (GZIP, ContentKind.GZIP),
    (ZSTD, ContentKind.ZSTD),
    (b"PK\x03\x04", ContentKind.ZIP),
    (b"PK\x05\x06", ContentKind.ZIP),
    (b"\xfd7zXZ\0", ContentKind.OTHER_ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", ContentKind.OTHER_ARCHIVE),
    (b"\x04\x22\x4d\x18", ContentKind.OTHER_ARCHIVE),
    (b"Rar!\x1a\x07", ContentKind.OTHER_ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ContentKind.XLS),
    (PARQUET, ContentKind.PARQUET),
    (b"PARE", ContentKind.ENCRYPTED_PARQUET),
    (b"Obj\x01", ContentKind.OTHER_TABLE),
    (b"ARROW1\0", ContentKind.OTHER_TABLE),
    (b"SQLite format 3\0", ContentKind.OTHER_TABLE),
    (b"%PDF-", ContentKind.PDF),
    (b"\x89PNG\r\n", ContentKind.IMAGE),
    (b"\xff\xd8\xff", ContentKind.IMAGE),
    (b"GIF8", ContentKind.IMAGE),
    (BOM_UTF32_LE, ContentKind.UTF_32),
    (BOM_UTF32_BE, ContentKind.UTF_32),
    (BOM_UTF16_LE, ContentKind.UTF_16),
    (BOM_UTF16_BE, ContentKind.UTF_16),
)
# First bytes that may also begin a text, so the next ones must not be text.
_AMBIGUOUS: Final = ((b"BZh", ContentKind.OTHER_ARCHIVE), (b"ORC", ContentKind.OTHER_TABLE))
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MARKUP: Final = re.compile(rb"\s*<[!?/A-Za-z]")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SAMPLE: Final = 2**10
_INSIDE: Final = 2**6
# Text has at most one control character in this number of bytes, also where a few bytes of it are damaged.
_RARE: Final = 10


def recognised(head: bytes) -> FoundContent | None:
    """Return what the first bytes of a content show it to be, or None for what may be text in UTF-8."""
    kind = _by_magic(head) or _unmarked(head[:_SAMPLE]) or _markup(head)
    if not kind and _RARE * len(_CONTROL.findall(head[:_SAMPLE])) > len(head[:_SAMPLE]):
        kind = ContentKind.BINARY
    return FoundContent(kind) if kind else None


def _by_magic(head: bytes) -> ContentKind | None:
    kind = next((kind for begin, kind in _MAGIC if head.startswith(begin)), None)
    if kind is ContentKind.ZIP:
        return ContentKind.XLSX if b"xl/" in head else kind
    if kind is ContentKind.GZIP:
        return ContentKind.GZIP_TWICE if _inside_gzip(head).startswith(GZIP) else kind
    if not kind and _CONTROL.search(head[:_INSIDE]):
        return next((kind for begin, kind in _AMBIGUOUS if head.startswith(begin)), None)
    return kind


def _inside_gzip(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(head, _INSIDE)
    except zlib.error:
        return b""


def _unmarked(sample: bytes) -> ContentKind | None:
    """Recognise UTF-16 without a mark: most characters of our formats are ASCII, so every second byte is NUL."""
    units = len(sample) // 2
    fewer, more = sorted((sample[0::2].count(0), sample[1::2].count(0)))
    return ContentKind.UTF_16 if units > 1 and 2 * more > units and _RARE * fewer <= units else None


def _markup(head: bytes) -> ContentKind | None:
    if not _MARKUP.match(head.removeprefix(BOM_UTF8)):
        return None
    return ContentKind.HTML if _HTML.search(head[: 4 * _SAMPLE]) else ContentKind.XML
