"""Hostile framing: lengths that lie, and chunks that break."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.hostile.cases import CUT, REFUSED, TAKEN, UNPARSED, Case, Outcomes, framed_case
from tests.hostile.messages import JSON, Message

_MEBIBYTE = 2**20
_CHUNKED = b"Transfer-Encoding: chunked"
# Whether the API or HTTP itself refuses depends on what is noticed first.
_REFUSED_SOMEHOW = UNPARSED | REFUSED


def framing_cases() -> Iterator[Case]:
    """Yield every case about where a request begins and ends."""
    yield from _lengths()
    yield from _transfer_encodings()
    yield from _chunks()
    yield from _good_chunks()


def _lengths() -> Iterator[Case]:
    values = [b"-1", b"+5", b"0x10", b"1e3", b"five", b"", b"5 5", b"5, 5", b"5;5", b"5.0", b"\xd9\xa5", b"9" * 20]
    values += [b"9" * 1000, str(2**64).encode(), b"1_0", b"\x005", b"1,"]
    for value in values:
        name = f"Content-Length {ascii(value.decode('latin-1'))[:24]}"
        yield framed_case(name, partial(_with_lines, b"Content-Length: " + value))
    twice = partial(_with_lines, b"Content-Length: 0\r\nContent-Length: 5")
    yield framed_case("Content-Length twice", twice)
    yield framed_case("Content-Length twice and equal", lambda message: message.raw(*_length(message)))
    yield framed_case(
        "Content-Length missing", lambda message: message.head() + message.body, UNPARSED | REFUSED | TAKEN
    )
    yield framed_case("Content-Length too short", partial(_lying, by=-1), UNPARSED | REFUSED | TAKEN)
    for surplus in (1, 10**6, 10**12, 2**63 - 10**6):
        yield framed_case(f"Content-Length too long by {surplus}", partial(_lying, by=surplus), CUT, end=True)


def _transfer_encodings() -> Iterator[Case]:
    for value in (
        b"identity",
        b"xchunked",
        b"chunked, identity",
        b"chunked, chunked",
        b"\x0bchunked",
        b"chunke",
        b'"chunked"',
    ):
        name = f"Transfer-Encoding {value.decode()!a}"
        yield framed_case(name, partial(_chunked, line=b"Transfer-Encoding: " + value), _REFUSED_SOMEHOW)
    for value in (b"gzip, chunked", b"compress, chunked"):
        # The body has another coding than declared; a server that reads only the last coding accepts it.
        name, line = f"Transfer-Encoding {value.decode()!r}", b"Transfer-Encoding: " + value
        yield framed_case(name, partial(_chunked, line=line), _REFUSED_SOMEHOW)
    both = b"Content-Length: 5\r\n" + _CHUNKED
    yield framed_case("Content-Length and Transfer-Encoding", partial(_chunked, line=both))
    yield framed_case("Transfer-Encoding and Content-Length", lambda message: message.head(_CHUNKED, *_length(message)))
    yield framed_case("Transfer-Encoding twice", partial(_chunked, line=_CHUNKED + b"\r\n" + _CHUNKED))
    folded = b"Transfer-Encoding:\r\n chunked"
    yield framed_case("Transfer-Encoding folded", partial(_chunked, line=folded), _REFUSED_SOMEHOW | TAKEN)


def _chunks() -> Iterator[Case]:
    broken = {
        "no hexadecimal": b"zz\r\nabc\r\n0\r\n\r\n",
        "negative": b"-1\r\nabc\r\n0\r\n\r\n",
        "prefixed": b"0x3\r\nabc\r\n0\r\n\r\n",
        "with a sign": b"+3\r\nabc\r\n0\r\n\r\n",
        "empty": b"\r\nabc\r\n0\r\n\r\n",
        "blank before": b" 3\r\nabc\r\n0\r\n\r\n",
        "too short": b"2\r\nabc\r\n0\r\n\r\n",
        "beyond 64 bits": b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
        "1000 digits": b"f" * 1000 + b"\r\nabc\r\n0\r\n\r\n",
        "line feeds": b"3\nabc\n0\n\n",
        "no line end": b"3\r\nabc3\r\nabc\r\n0\r\n\r\n",
        "carriage return alone": b"3\rabc\r\n0\r\n\r\n",
        "NUL in extension": b"3;\0\r\nabc\r\n0\r\n\r\n",
        "garbage": b"\xff" * 1000,
    }
    for name, chunks in broken.items():
        yield framed_case(f"chunk: {name}", partial(_with_chunks, chunks), _REFUSED_SOMEHOW)
    for name, chunks in {
        "64 bits": b"ffffffffffffffff\r\nabc",
        "cut": b"ffff\r\nabc",
        "no last": b"3\r\nabc\r\n",
    }.items():
        yield framed_case(f"chunk: {name}", partial(_with_chunks, chunks), _REFUSED_SOMEHOW, end=True)
    trailers = {"no name": b": x\r\n\r\n", "NUL": b"a: \0\r\n\r\n", "flood": b"a: b\r\n" * 100_000 + b"\r\n"}
    trailers |= {
        "huge": b"a: " + b"b" * 10 * _MEBIBYTE + b"\r\n\r\n",
        "huge name": b"a" * 10 * _MEBIBYTE + b": b\r\n\r\n",
    }
    for name, trailer in trailers.items():
        outcomes = _REFUSED_SOMEHOW | (TAKEN if "huge" in name or name == "flood" else frozenset())
        yield framed_case(f"trailer: {name}", partial(_chunked, end=b"0\r\n" + trailer), outcomes)


def _good_chunks() -> Iterator[Case]:
    yield framed_case("chunks of one byte", lambda message: _chunked(message, size=1), TAKEN)
    yield framed_case("chunk size with zeros", lambda message: _chunked(message, before=b"0" * 10), TAKEN)
    yield framed_case("chunk extension", lambda message: _chunked(message, after=b';a="b c";d'), TAKEN)
    yield framed_case("chunk extension of 1 MiB", lambda m: _chunked(m, after=b";a=" + b"b" * _MEBIBYTE), _SIZED)
    yield framed_case(
        "trailer", lambda message: _chunked(message, end=b"0\r\nContent-Length: 5\r\nHost: x\r\n\r\n"), _SIZED
    )


_SIZED: Outcomes = UNPARSED | TAKEN


def _length(message: Message) -> list[bytes]:
    return [b"Content-Length: %d" % len(message.body)]


def _with_lines(lines: bytes, message: Message) -> bytes:
    return message.head(lines) + message.body


def _lying(message: Message, *, by: int) -> bytes:
    """Return a request whose body has another length than it says; a body of its own where there is none."""
    body = message.body if message.method != b"GET" else b"{}"
    sent = message if body == message.body else replace(message.having(b"Content-Type", JSON), body=body)
    return sent.head(b"Content-Length: %d" % (len(body) + by)) + body


def _with_chunks(chunks: bytes, message: Message) -> bytes:
    return message.head(_CHUNKED) + chunks


def _chunked(
    message: Message,
    *,
    line: bytes = _CHUNKED,
    size: int = 1000,
    before: bytes = b"",
    after: bytes = b"",
    end: bytes = b"0\r\n\r\n",
) -> bytes:
    """Return a request in chunks; what stands before and after their sizes may be chosen, and how they end."""
    pieces = (message.body[at : at + size] for at in range(0, len(message.body), size))
    return message.head(line) + b"".join(b"%b%x%b\r\n%b\r\n" % (before, len(p), after, p) for p in pieces) + end
