"""Hostile heads: request lines and headers that are broken, without end, or not meant for us."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.hostile.cases import (
    FOREIGN,
    NOT_FOUND,
    REFUSED,
    TAKEN,
    UNAUTHORIZED,
    UNPARSED,
    Case,
    framed_case,
)
from tests.hostile.messages import Message

_MEBIBYTE = 2**20
_NOT_TAKEN = UNPARSED | REFUSED | NOT_FOUND
_IN_BOUNDS = UNPARSED | TAKEN


def head_cases() -> Iterator[Case]:
    """Yield every case about request lines and headers."""
    yield from _request_lines()
    yield from _versions_and_targets()
    yield from _header_lines()
    yield from _floods()
    yield from _long_targets()
    yield from _hosts()
    yield from _keys()
    yield from _methods()
    yield from _offers()


def _request_lines() -> Iterator[Case]:
    lines = {
        "no target": b"POST  HTTP/1.1",
        "no method": b" /v1/actions HTTP/1.1",
        "method of bytes": b"P\xffST /v1/actions HTTP/1.1",
        "method unknown": b"HACK /v1/actions HTTP/1.1",
        "method in lower case": b"post /v1/actions HTTP/1.1",
        "method of 1 MiB": b"P" * _MEBIBYTE + b" /v1/actions HTTP/1.1",
        "target without slash": b"POST v1/actions HTTP/1.1",
        "target with space": b"POST /v1/act ions HTTP/1.1",
        "target with NUL": b"POST /v1/\0actions HTTP/1.1",
        "target in bytes": b"POST /v1/\xe4ctions HTTP/1.1",
        "target of authority": b"CONNECT 127.0.0.1:80 HTTP/1.1",
        "version 1.2": b"POST /v1/actions HTTP/1.2",
        "version 9.9": b"POST /v1/actions HTTP/9.9",
        "version long": b"POST /v1/actions HTTP/1.11111",
        "version in lower case": b"POST /v1/actions http/1.1",
        "rest": b"POST /v1/actions HTTP/1.1 x",
        "carriage return": b"POST /v1/actions\r HTTP/1.1",
    }
    for name, line in lines.items():
        yield framed_case(f"line: {name}", partial(_first_line, line), _NOT_TAKEN)


def _versions_and_targets() -> Iterator[Case]:
    # The parser does not look closely at what it takes for HTTP of another version; nor does it matter here.
    for version in (b"", b" HTTP/0.9", b" HTTP/1.0", b" HTTP/2.0", b" RTSP/1.0"):
        name = f"line: version{version.decode() or ' none'}"
        yield framed_case(name, partial(_version, version), UNPARSED | REFUSED | TAKEN)
    yield framed_case("line: asterisk", lambda m: replace(m, method=b"OPTIONS", target=b"*").raw(), _NOT_TAKEN)
    yield framed_case("line: blank lines before", partial(_preceded, b"\r\n" * 3), TAKEN)
    yield framed_case("line: 1 MiB of blank lines before", partial(_preceded, b"\r\n" * (_MEBIBYTE // 2)), _IN_BOUNDS)
    yield framed_case("line: absolute target", partial(_target, b"http://localhost%b"), TAKEN)
    yield framed_case("line: foreign target", partial(_target, b"http://evil.example%b"), _IN_BOUNDS | FOREIGN)
    yield framed_case("line: fragment", partial(_target, b"%b#x"), _IN_BOUNDS)


def _header_lines() -> Iterator[Case]:
    broken = {
        "no colon": b"Header",
        "no name": b": value",
        "space before colon": b"Header : value",
        "space within name": b"He ader: value",
        "NUL in name": b"He\0ader: value",
        "NUL in value": b"Header: a\0b",
        "control in value": b"Header: a\x01b",
        "name in bytes": b"H\xe9ader: value",
        "carriage return in value": b"Header: a\rb",
        "carriage return and header": b"Header: a\rContent-Length: 5",
    }
    for name, line in broken.items():
        yield framed_case(f"header: {name}", partial(_more, line))
    for name, line in {"space first": b" Header: value", "folded": b"Header: a\r\n b"}.items():
        yield framed_case(f"header: {name}", partial(_more, line), _IN_BOUNDS)
    good = {"empty": b"Header:", "in UTF-8": "Header: ä🎮".encode(), "many": b"\r\n".join([b"X: y"] * 1000)}
    for name, line in good.items():
        yield framed_case(f"header: {name}", partial(_more, line), TAKEN)
    yield framed_case("header: line feeds", _with_line_feeds, UNPARSED | REFUSED | TAKEN)


def _floods() -> Iterator[Case]:
    floods = {
        "10000 headers": b"\r\n".join(b"X-%d: y" % number for number in range(10_000)),
        "10000 cookies": b"\r\n".join([b"Cookie: a=b"] * 10_000),
        "header of 10 MiB": b"X: " + b"y" * 10 * _MEBIBYTE,
        "header name of 10 MiB": b"X" * 10 * _MEBIBYTE + b": y",
        "header of 10 MiB of blanks": b"X: " + b" " * 10 * _MEBIBYTE + b"y",
        "folded to 10 MiB": b"X: y" + b"\r\n y" * (10 * _MEBIBYTE // 4),
        "key of 1 MiB": b"Authorization: Bearer " + b"k" * _MEBIBYTE,
        "content type of 1 MiB": b"Content-Type: " + b"k" * _MEBIBYTE,
        "host of 1 MiB": b"Host: " + b"k" * _MEBIBYTE,
    }
    for name, line in floods.items():
        # Ten thousand short headers are about the 64 KiB that a head may have.
        yield framed_case(f"flood: {name}", partial(_more, line), _IN_BOUNDS if "10000" in name else UNPARSED)
        yield framed_case(f"flood: {name}, no end", partial(_unfinished, line), end=True)


def _long_targets() -> Iterator[Case]:
    for size in (_MEBIBYTE, 10 * _MEBIBYTE):
        yield framed_case(f"flood: path of {size}", partial(_target, b"/" + b"a" * size + b"%b"))
        yield framed_case(f"flood: query of {size}", partial(_target, b"%b?" + b"a" * size))
    yield framed_case("flood: path of 60 kB", partial(_target, b"/v1/" + b"a/" * 30_000 + b"%b"), NOT_FOUND | UNPARSED)
    yield framed_case("flood: escapes in path", partial(_target, b"%%20" * 20_000 + b"%b"), NOT_FOUND | UNPARSED)
    yield framed_case("flood: query of 60 kB", partial(_query, b"q=" + b"a" * 60_000), _IN_BOUNDS)
    yield framed_case("flood: 20000 parameters", partial(_query, b"&" * 20_000 + b"a"), REFUSED | _IN_BOUNDS)


def _hosts() -> Iterator[Case]:
    foreign = [b"evil.example", b"localhost.evil.example", b"127.0.0.1.evil.example", b"localhost@evil.example"]
    foreign += [b"evil.example:80", b"localhost, evil.example", b"evil.example#localhost", b"evil.example/localhost"]
    foreign += [b"127.0.0.1:80@evil.example", b"[evil.example]", b"0x7f.1.evil.example", b"localhost:80:80"]
    foreign += [b"localhost\tevil", b"\xff", b"h" * 60_000]
    for host in foreign:
        raw = partial(_having, b"Host", host)
        yield framed_case(f"host: {ascii(host.decode('latin-1'))[1:30]}", raw, FOREIGN | UNPARSED)
    yield framed_case("host: none", lambda message: message.lacking(b"Host").raw(), _IN_BOUNDS)
    yield framed_case("host: empty", partial(_having, b"Host", b""), _IN_BOUNDS | FOREIGN)
    yield framed_case("host: two, foreign last", partial(_more, b"Host: evil.example"), FOREIGN | UNPARSED)
    yield framed_case("host: two, foreign first", _foreign_first, FOREIGN | UNPARSED)


def _keys() -> Iterator[Case]:
    values = [b"", b"Bearer", b"Bearer ", b"Basic c2FuZGJveC1rZXk6", b"Bearer \xff\xfe", b"Bearer a b"]
    values += [b"Bearer sandbox-key/", b"Bearer sandbox-key//x", b"Bearer sandbox-key/../x", b"Bearer sandbox-key/%00"]
    values += [b"Bearer sandbox-key/" + b"x" * 65, b"Bearer sandbox-key/" + b"/" * 10_000 + b"x"]
    values += [b"Bearer " + b"k" * 60_000, b"Digest " + b"," * 10_000]
    for value in values:
        raw = partial(_having, b"Authorization", value)
        yield framed_case(f"key: {ascii(value.decode('latin-1'))[1:40]}", raw, UNAUTHORIZED)
    yield framed_case("key: two", partial(_more, b"Authorization: Bearer other"), UNAUTHORIZED | UNPARSED)
    yield framed_case("key: none, body malformed", _malformed_without_key, UNAUTHORIZED)


def _methods() -> Iterator[Case]:
    for method in (b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"PROPFIND", b"PURGE", b"LOCK", b"SUBSCRIBE"):
        yield framed_case(f"method {method.decode()}", partial(_method, method), NOT_FOUND)


def _offers() -> Iterator[Case]:
    # Java's client offers HTTP/2 with every request.
    for protocol in (b"websocket", b"h2c", b"x" * 1000):
        yield framed_case(f"upgrade to {protocol[:9].decode()}", partial(_more, _upgrade(protocol)), TAKEN)
    yield framed_case("expect nonsense", partial(_more, b"Expect: 200-maybe"), _IN_BOUNDS)
    yield framed_case("range", partial(_more, b"Range: bytes=0-\r\nIf-Match: *"), TAKEN)
    for coding in (b"br", b"deflate", b"zstd", b"gzip, gzip", b"identity, br", b"x" * 10_000, b"\xff", b","):
        raw = partial(_having, b"Content-Encoding", coding)
        case = framed_case(f"Content-Encoding {ascii(coding.decode('latin-1'))[1:20]}", raw, REFUSED)
        yield replace(case, expected={**case.expected, "bare": REFUSED | TAKEN})


def _first_line(line: bytes, message: Message) -> bytes:
    return line + b"\r\n" + message.raw().partition(b"\r\n")[2]


def _version(version: bytes, message: Message) -> bytes:
    return message.raw().replace(b" HTTP/1.1\r\n", version + b"\r\n", 1)


def _target(pattern: bytes, message: Message) -> bytes:
    return replace(message, target=pattern % message.target).raw()


def _query(query: bytes, message: Message) -> bytes:
    return _target(b"%b&" + query if b"?" in message.target else b"%b?" + query, message)


def _preceded(lead: bytes, message: Message) -> bytes:
    return lead + message.raw()


def _more(lines: bytes, message: Message) -> bytes:
    return message.raw(lines)


def _unfinished(line: bytes, message: Message) -> bytes:
    return message.head(line).removesuffix(b"\r\n\r\n")


def _having(name: bytes, value: bytes, message: Message) -> bytes:
    return message.having(name, value).raw()


def _method(method: bytes, message: Message) -> bytes:
    return replace(message, method=method).raw()


def _with_line_feeds(message: Message) -> bytes:
    return message.raw().replace(b"\r\n", b"\n")


def _foreign_first(message: Message) -> bytes:
    return message.lacking(b"Host").raw(b"Host: evil.example", b"Host: localhost")


def _malformed_without_key(message: Message) -> bytes:
    return replace(message.lacking(b"Authorization"), body=b"{").raw()


def _upgrade(protocol: bytes) -> bytes:
    settings = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nHTTP2-Settings: AAMAAABk"
    return b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %b\r\n%b" % (protocol, settings)
