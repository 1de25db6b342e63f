"""Whole lines out of blocks, compared with splitting everything at once."""

from collections.abc import Iterator
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from traits_sandbox.bulk.formats.lines import MAX_LINE, Lines, whole_lines

CONTENT = st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n\n", b"\r\n", b"d" * 7]), max_size=40).map(b"".join)
LONGEST = 5


def blocks(content: bytes, sizes: list[int]) -> Iterator[bytes]:
    at = 0
    for index in count():
        if at >= len(content):
            return
        size = sizes[index % len(sizes)]
        yield content[at : at + size]
        at += size


def expected(content: bytes, begin: int, end: int | None) -> list[tuple[int, int, bytes]]:
    """Return the number, the offset and the bytes of each line that begins before the end."""
    found: list[tuple[int, int, bytes]] = []
    offset = begin
    for line in content[begin:].split(b"\n"):
        if offset < len(content) and (end is None or offset < end):
            whole = content[offset : offset + len(line) + 1]
            found.append((len(found), offset, whole if len(line) <= LONGEST else line[: LONGEST + 1]))
        offset += len(line) + 1
    return found


def one_by_one(pieces: Iterator[Lines]) -> Iterator[tuple[int, int, bytes]]:
    for piece in pieces:
        if piece.overlong:
            assert len(piece.data) == LONGEST + 1
            yield piece.number, piece.offset, piece.data
            continue
        offset = piece.offset
        for number, line in enumerate(piece.data.split(b"\n"), piece.number):
            if offset < piece.offset + len(piece.data):
                yield number, offset, piece.data[offset - piece.offset : offset - piece.offset + len(line) + 1]
            offset += len(line) + 1


@given(CONTENT, st.lists(st.integers(1, 12), min_size=1, max_size=5), st.none() | st.integers(1, 60), st.integers(0, 9))
def test_lines_are_the_same_whatever_the_blocks(content: bytes, sizes: list[int], end: int | None, begun: int) -> None:
    begin = min(content.find(b"\n", begun) + 1, len(content))
    pieces = whole_lines(blocks(content[begin:], sizes), offset=begin, end=end, longest=LONGEST)
    assert list(one_by_one(pieces)) == expected(content, begin, end)


@given(CONTENT, st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 30))
def test_parts_share_the_lines_out(content: bytes, sizes: list[int], size: int) -> None:
    found: list[bytes] = []
    for start in range(0, len(content), size):
        begin = 0 if not start else content.find(b"\n", start - 1) + 1
        if (start and not begin) or begin >= start + size:
            continue
        pieces = whole_lines(blocks(content[begin:], sizes), offset=begin, end=start + size, longest=LONGEST)
        found += (line for _, _, line in one_by_one(pieces))
    assert found == [line for _, _, line in expected(content, 0, None)]


def test_no_more_is_read_than_is_needed() -> None:
    read = []

    def reading() -> Iterator[bytes]:
        for number in range(10):
            read.append(number)
            yield b"line\n"

    assert len(list(whole_lines(reading(), end=7))) == 2
    assert read == [0, 1]


def test_an_overlong_line_is_not_read_beyond_the_end() -> None:
    read = []

    def reading() -> Iterator[bytes]:
        for number in range(100):
            read.append(number)
            yield b"x" * MAX_LINE

    assert [piece.overlong for piece in whole_lines(reading(), end=10)] == [True]
    assert len(read) == 2
