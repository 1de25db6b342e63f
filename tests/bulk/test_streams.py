"""Compressed content: as it is, in several pieces, cut short, damaged, and far larger than it looks."""

import gzip
import random
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bulk.files import faults, judged, lines
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import BLOCK, MAX_RATIO, Unreadable, blocks
from traits_sandbox.bulk.values import Compression, Stored

Pack = Callable[[bytes], bytes]
GOOD = '{"user_id":"1","item_id":"2002","count":1,"price":25.5}'
BAD = '{"user_id":"1","item_id":"2002","count":1,"price":-1}'
MIB = 2**20


def gz(content: bytes) -> bytes:
    return gzip.compress(content, 1)


def zst(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(content)


def streamed_zst(content: bytes) -> bytes:
    """Compress as a pipe does: nothing in the frame tells how large the content is."""
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    return packer.compress(content) + packer.flush()


PACKS: dict[str, tuple[Compression, Pack]] = {"gz": ("gz", gz), "zst": ("zst", zst), "stream": ("zst", streamed_zst)}
EACH = pytest.mark.parametrize(("suffix", "pack"), PACKS.values(), ids=PACKS)


class Held:
    """A source that holds one file in memory."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, stored: Stored, start: int, end: int) -> bytes:
        return self.content[start : min(end, stored.size)]

    def encoding(self, _: Stored) -> str:
        return ""


def unpacked(content: bytes, compression: Compression) -> Iterator[bytes]:
    source: FileSource = Held(content)  # type: ignore[assignment]
    return blocks(source, Stored(key="x", size=len(content)), compression)


def error_of(content: bytes, compression: Compression) -> str:
    with pytest.raises(Unreadable) as caught:
        for _ in unpacked(content, compression):
            pass
    return caught.value.kind


@EACH
@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.binary(max_size=200), max_size=6))
def test_content_survives_a_round_trip_through_compression(suffix: Compression, pack: Pack, parts: list[bytes]) -> None:
    packed = b"".join(map(pack, parts))
    assert b"".join(unpacked(packed, suffix)) == b"".join(parts)


@EACH
def test_large_content_is_read_in_blocks_of_bounded_size(suffix: Compression, pack: Pack) -> None:
    content = random.Random(1).randbytes(MIB) * 20
    found = list(unpacked(pack(content[: 9 * MIB]) + pack(content[9 * MIB :]), suffix))
    assert b"".join(found) == content
    assert all(BLOCK // 2 <= len(block) < 2 * BLOCK for block in found[:-1])


@EACH
def test_rows_of_compressed_files_are_judged(suffix: str, pack: Pack, tmp_path: Path) -> None:
    report = judged(tmp_path, f"purchases/d=1/x.ndjson.{suffix}", pack(lines(GOOD, BAD)) + pack(lines(GOOD, BAD)))
    assert faults(report) == [(2, "price"), (4, "price")]
    assert all(bad.offset is None for bad in report.bad)


@EACH
def test_truncated_content_is_a_finding_after_its_rows(suffix: str, pack: Pack, tmp_path: Path) -> None:
    content = lines(BAD, *(GOOD for _ in range(1000)))
    report = judged(tmp_path, f"purchases/d=1/x.ndjson.{suffix}", pack(content) + pack(content)[:-5])
    assert report.error_kind == {"gz": "gzip", "zst": "zstd"}[suffix]
    assert "ends in the middle" in report.error
    assert report.rows >= 1001
    assert faults(report)[0] == (1, "price")


@EACH
@pytest.mark.parametrize("content", [b"{}", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", lines(GOOD)])
def test_uncompressed_content_is_a_finding(suffix: Compression, pack: Pack, content: bytes) -> None:
    assert error_of(content, suffix) == {"gz": "gzip", "zst": "zstd"}[suffix]


@EACH
@settings(max_examples=40, deadline=None)
@given(at=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_damage_is_a_finding_or_does_not_matter(suffix: Compression, pack: Pack, at: int, bit: int) -> None:
    packed = bytearray(pack(lines(*(GOOD for _ in range(50)))))
    packed[at % len(packed)] ^= 1 << bit
    with suppress(Unreadable):
        for _ in unpacked(bytes(packed), suffix):
            pass


@EACH
def test_an_empty_file_has_no_content(suffix: Compression, pack: Pack) -> None:
    assert list(unpacked(b"", suffix)) == []
    assert list(unpacked(pack(b""), suffix)) == []


def test_zeros_behind_gzip_are_padding() -> None:
    assert b"".join(unpacked(gz(b"a\n") + bytes(1000) + gz(b"b\n") + bytes(3), "gz")) == b"a\nb\n"


@pytest.mark.parametrize(("suffix", "pack"), [("gz", gzip.compress), ("zst", zst)])
def test_ten_gigabytes_of_blank_lines_are_a_finding(suffix: str, pack: Pack, tmp_path: Path) -> None:
    bomb = pack(b"\n" * (64 * MIB)) * 160
    report = judged(tmp_path, f"purchases/d=1/x.ndjson.{suffix}", bomb)
    assert report.error_kind == "bomb"
    assert report.size < 12 * MIB


def test_a_bomb_is_given_up_early() -> None:
    packed = zst(bytes(64 * MIB)) * 160
    found: list[int] = []
    with pytest.raises(Unreadable, match=str(MAX_RATIO)):
        found.extend(map(len, unpacked(packed, "zst")))
    assert sum(found) < 200 * MIB


def test_a_bomb_in_one_frame_is_decompressed_in_small_pieces() -> None:
    packer = zstandard.ZstdCompressor(level=1).compressobj()
    bomb = b"".join([*(packer.compress(bytes(64 * MIB)) for _ in range(8)), packer.flush()])
    assert error_of(bomb, "zst") == "bomb"


def test_a_window_of_gigabytes_is_refused() -> None:
    wide = zstandard.ZstdCompressionParameters.from_level(1, window_log=30)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    content = packer.compress(random.Random(1).randbytes(1000)) + packer.flush()
    assert error_of(content, "zst") == "zstd"
    with pytest.raises(Unreadable, match="a window of more than 128 MiB"):
        next(unpacked(content, "zst"))


def test_thousands_of_tiny_members_are_read_in_passing() -> None:
    member = zlib.compressobj(1, zlib.DEFLATED, 31)
    one = member.compress(b"\n") + member.flush()
    assert b"".join(unpacked(one * 200_000, "gz")) == b"\n" * 200_000


def test_compressed_csv_is_judged(tmp_path: Path) -> None:
    content = lines("user_id,item_id,count,price", "1,2,3,4.5", "1,2,3,-1")
    report = judged(tmp_path, "purchases/d=1/y.csv.gz", gz(content))
    assert (report.rows, faults(report)) == (2, [(3, "price")])
