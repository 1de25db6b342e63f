"""Hostile compressed bodies, on every route: where a body is not needed, it is read all the same."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial

from tests.hostile.cases import REFUSED, ROUTES, TAKEN, Case, Outcomes, framed_case
from tests.hostile.messages import BOUNDARY, Message

_MEBIBYTE = 2**20


def gzip_cases() -> Iterator[Case]:
    """Yield every case whose body is said to be gzip."""
    yield _case("valid", gzip.compress, TAKEN)
    yield _case("valid in stored blocks", partial(gzip.compress, compresslevel=0), TAKEN)
    yield _case("valid with a name and a comment", _named, TAKEN)
    yield _case("valid in many blocks", _flushed, TAKEN)
    yield _case("valid in two members", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:]), TAKEN)
    yield _case("plain", lambda body: body)
    yield _case("empty", lambda _: b"")
    yield _case("one byte", lambda _: b"\x1f")
    yield _case("header alone", lambda body: gzip.compress(body)[:10])
    yield _case("cut in the middle", lambda body: gzip.compress(body)[: len(gzip.compress(body)) // 2])
    yield _case("cut before its checksum", lambda body: gzip.compress(body)[:-8])
    yield _case("cut in its length", lambda body: gzip.compress(body)[:-1])
    yield _case("wrong checksum", lambda body: gzip.compress(body)[:-8] + bytes(8))
    yield _case("wrong length", lambda body: gzip.compress(body)[:-4] + b"\xff" * 4)
    yield _case("byte after", lambda body: gzip.compress(body) + b"\0")
    yield _case("text after", lambda body: gzip.compress(body) + b"x" * _MEBIBYTE)
    yield _case("zlib", zlib.compress)
    yield _case("raw deflate", lambda body: zlib.compress(body, wbits=-15))
    yield _case("other method", lambda body: b"\x1f\x8b\x07" + gzip.compress(body)[3:])
    yield _case("all flags", lambda body: b"\x1f\x8b\x08\xff" + gzip.compress(body)[4:])
    yield _case("name without end", lambda _: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * _MEBIBYTE)
    yield _case("broken within", lambda body: gzip.compress(body)[:12] + b"\xff" * 100)
    yield _case("gzip within gzip", lambda body: gzip.compress(gzip.compress(body)), REFUSED)
    # A thousand to one: the limit counts what comes out.
    yield _case("bomb", lambda _: _bomb())
    yield _case("bomb of a form", lambda _: _form_bomb())
    yield _case("blocks of nothing", lambda body: _empty_blocks() + gzip.compress(body)[10:], TAKEN)


def _case(name: str, change: Callable[[bytes], bytes], outcomes: Outcomes = REFUSED) -> Case:
    def raw(message: Message) -> bytes:
        return replace(message.having(b"Content-Encoding", b"gzip"), body=change(message.body)).raw()

    case = framed_case(f"gzip: {name}", raw, outcomes)
    if name == "gzip within gzip":
        # What comes out is some body, and a read needs none.
        return replace(case, expected=dict.fromkeys(ROUTES, REFUSED) | {"bare": TAKEN})
    return case


def _named(body: bytes) -> bytes:
    compressed = gzip.compress(body)
    return compressed[:3] + b"\x18" + compressed[4:10] + b"name\0" + b"comment\0" + compressed[10:]


def _flushed(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=31)
    pieces = [stream.compress(body[at : at + 1]) + stream.flush(zlib.Z_FULL_FLUSH) for at in range(len(body))]
    return b"".join(pieces) + stream.flush()


@cache
def _bomb() -> bytes:
    """Return 300 MiB of spaces."""
    stream = zlib.compressobj(wbits=31)
    return b"".join([*(stream.compress(b" " * _MEBIBYTE) for _ in range(300)), stream.flush()])


@cache
def _form_bomb() -> bytes:
    """Return a form whose file has 300 MiB."""
    stream = zlib.compressobj(wbits=31)
    head = b'--%b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' % BOUNDARY
    pieces = [stream.compress(head), *(stream.compress(b"x" * _MEBIBYTE) for _ in range(300))]
    return b"".join([*pieces, stream.flush()])


@cache
def _empty_blocks() -> bytes:
    """Return the head of a stream with ten MiB of blocks that hold nothing."""
    return b"\x1f\x8b\x08" + bytes(6) + b"\x03" + b"\0\0\0\xff\xff" * (2 * _MEBIBYTE)
