"""Hostile JSON: documents, places and values that a parser or a validator may handle wrongly."""

import gzip
import json
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Any

from tests.hostile.cases import REFUSED, TAKEN, Case, body_case
from tests.hostile.messages import CONTRACT, OPERATIONS, dumped, valid_content, valid_value
from traits_sandbox.contract.model import Operation, RequestBody

_HERE = "@here@"
_NUMBERS = ("int", "float")
_DEPTHS = (100, 500, 1000, 1023, 1024, 1025, 5000, 10_000, 100_000)
_EITHER = TAKEN | REFUSED
_MADE = Random(12)  # the same bytes in every run


def json_cases() -> Iterator[Case]:
    """Yield every case whose body would be JSON, on routes that take a file its content."""
    yield from _documents()
    yield from _encodings()
    yield from _places()
    yield from _numbers()
    yield from _texts()
    yield from _nesting()
    yield from _amounts()


def _documents() -> Iterator[Case]:
    broken = {
        "empty": b"",
        "blank": b" \t\r\n ",
        "brace": b"{",
        "bracket": b"[",
        "quote": b'"',
        "closing": b"}",
        "half a member": b'{"a"',
        "no value": b'{"a":}',
        "trailing comma": b'{"a":1,}',
        "single quotes": b"{'a': 1}",
        "bare name": b"{a: 1}",
        "comment": b"/* */ {}",
        "two documents": b"{}{}",
        "lines": b"{}\n{}",
        "rest": b"{} x",
        "NUL after": b"{}\0",
        "half a word": b"nul",
        "wrong case": b"True",
        "NaN": b"NaN",
        "Infinity": b"-Infinity",
        "XML": b"<?xml version='1.0'?><a/>",
        "form": b"actions=%5B%5D&x=y",
        "prototype": b'{"__proto__": {"a": 1}',
        "zeros": bytes(1000),
        "random": _MADE.randbytes(10_000),
        "ones": b"\xff" * 1000,
        "megabyte of spaces": b" " * 2**20 + b"x",
    }
    for name, content in broken.items():
        yield body_case(f"malformed: {name}", partial(_always, content))
    values: dict[str, Any] = {"null": None, "true": True, "number": 5, "text": "text"}
    for name, value in values.items():
        yield body_case(f"document: {name}", partial(_always, dumped(value)))
    lists: dict[str, Any] = {"empty list": [], "list of null": [None], "mixed list": [1, "a", []]}
    for name, value in lists.items():
        yield body_case(f"document: {name}", partial(_always, dumped(value)), idle=["webhook"], webhook=TAKEN)
    objects: dict[str, Any] = {"empty object": {}, "list of objects": [{}], "other": {"a": 1}, "no name": {"": {}}}
    for name, value in objects.items():
        yield body_case(f"document: {name}", partial(_always, dumped(value)), webhook=TAKEN)


def _encodings() -> Iterator[Case]:
    for encoding in ("utf-16-le", "utf-16-be", "utf-16", "utf-32", "cp500"):
        yield body_case(f"encoding: {encoding}", partial(_recoded, encoding))
    # A byte order mark is documented as tolerated in files alone.
    yield body_case("encoding: BOM", lambda operation: b"\xef\xbb\xbf" + valid_content(operation), upload=TAKEN)
    yield body_case(
        "encoding: two BOMs", lambda operation: b"\xef\xbb\xbf" * 2 + valid_content(operation), upload=TAKEN
    )
    yield body_case("encoding: gzip unsaid", lambda operation: gzip.compress(valid_content(operation)))
    yield body_case(
        "encoding: NULs between", lambda operation: b"\0".join(bytes([b]) for b in valid_content(operation))
    )


def _places() -> Iterator[Case]:
    values: dict[str, Any] = {"null": None, "true": True, "number": 0, "list": [], "object": {}, "half": 0.5}
    for name, value in values.items():
        yield body_case(f"every field {name}", partial(_in_fields, value=dumped(value)), webhook=TAKEN)
        yield body_case(f"collection {name}", partial(_as_collection, value=dumped(value)), webhook=TAKEN)
        yield body_case(f"element {name}", partial(_as_collection, value=dumped([value])), webhook=TAKEN)
    yield body_case("every field text", partial(_in_fields, value=b'"x"'), object=TAKEN, webhook=TAKEN)
    yield body_case("every field empty", partial(_in_fields, value=b'""'), webhook=TAKEN)
    yield body_case("collection text", partial(_as_collection, value=b'"[]"'), webhook=TAKEN)
    yield body_case("no collection", partial(_always, b'{"action": [], "data": [{}]}'), webhook=TAKEN)
    yield body_case("one bad among good", _one_bad, webhook=TAKEN)
    yield body_case("last of two collections bad", _bad_twice, webhook=TAKEN)


def _numbers() -> Iterator[Case]:
    no_json = (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "01",
        "+1",
        "1.",
        ".5",
        "1e",
        "--1",
        "0x10",
        "1_000",
        "-",
    )
    for text in no_json:
        yield body_case(f"number {text}", partial(_in_numbers, value=text.encode()))
    yield body_case("number of other digits", partial(_in_numbers, value="١٢".encode()))
    yield body_case("number 1e999999999999999999", partial(_in_numbers, value=b"1e999999999999999999"))
    yield body_case("number below all", partial(_in_numbers, value=b"-1e308"), object=REFUSED, webhook=TAKEN)
    for digits in (1000, 1_000_000):
        yield body_case(f"number of {digits} digits", partial(_in_fields, value=b"9" * digits), webhook=_EITHER)


def _texts() -> Iterator[Case]:
    texts = {
        "lone high surrogate": rb"\ud800",
        "lone low surrogate": rb"\udc00",
        "surrogates reversed": rb"\udc00\ud800",
        "high surrogate and letter": rb"\ud83dA",
        "high surrogate and escape": rb"\ud83d\u0041",
        "two high surrogates": rb"\ud800\ud800",
        "short escape": rb"\u12",
        "no escape": rb"\x41",
        "escape at the end": b"\\",
        "raw NUL": b"\0",
        "raw newline": b"\n",
        "invalid UTF-8 ff": b"\xff",
        "invalid UTF-8 lone continuation": b"\x80",
        "invalid UTF-8 overlong": b"\xc0\xaf",
        "invalid UTF-8 overlong NUL": b"\xc0\x80",
        "invalid UTF-8 surrogate": b"\xed\xa0\x80",
        "invalid UTF-8 CESU-8": b"\xed\xa0\xbd\xed\xb8\x80",
        "invalid UTF-8 above all": b"\xf4\x90\x80\x80",
        "invalid UTF-8 cut": b"\xe2\x82",
        "invalid UTF-8 latin-1": "é".encode("latin-1"),
    }
    for name, text in texts.items():
        yield body_case(f"text: {name}", partial(_in_fields, value=b'"%b"' % text))
        yield body_case(f"name: {name}", partial(_always, b'{"%b": 1}' % text))


def _nesting() -> Iterator[Case]:
    for depth in _DEPTHS:
        lists, objects = b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth
        yield body_case(f"nesting {depth}: lists", partial(_in_fields, value=lists), webhook=_EITHER)
        yield body_case(f"nesting {depth}: objects", partial(_in_fields, value=objects), webhook=_EITHER)
        yield body_case(f"nesting {depth}: document", partial(_always, lists), webhook=_EITHER)
        yield body_case(f"nesting {depth}: collection", partial(_as_collection, value=lists), webhook=_EITHER)
        yield body_case(f"nesting {depth}: unclosed", partial(_always, b"[" * depth))
        yield body_case(f"nesting {depth}: unclosed objects", partial(_always, b'{"a":' * depth))
        # An unknown field is accepted, whatever it holds, where it can be parsed.
        unknown = partial(_with_unknown, value=lists)
        yield body_case(f"nesting {depth}: unknown field", unknown, push=_EITHER, object=_EITHER, webhook=_EITHER)


def _amounts() -> Iterator[Case]:
    yield body_case("no records", partial(_repeated, count=0), idle=["webhook"], webhook=TAKEN)
    yield body_case("too many records by one", partial(_repeated, count=None))
    yield body_case("100000 records", partial(_repeated, count=100_000))
    yield body_case("100000 numbers", partial(_as_collection, value=b"[%b0]" % (b"0," * 100_000)), webhook=TAKEN)
    yield body_case("100000 unknown names", _many_names, webhook=TAKEN)


def _always(content: bytes, _: Operation) -> bytes:
    return content


def _recoded(encoding: str, operation: Operation) -> bytes:
    return valid_content(operation).decode().encode(encoding)


def _body(operation: Operation) -> RequestBody:
    """Return the body of a push: where the operation is none, that of the first one, which it then has to refuse."""
    pushes = (each.body for each in OPERATIONS.values() if each.body and each.body.collection)
    if operation.body and operation.body.collection:
        return operation.body
    return next(pushes)


def _in_fields(operation: Operation, *, value: bytes) -> bytes:
    """Return a valid body with this JSON in place of each field's value."""
    return _spliced(_every_field(operation), value)


def _in_numbers(operation: Operation, *, value: bytes) -> bytes:
    """Return a valid body with this JSON in place of each number; of each value where no field is one."""
    if operation.body and operation.body.collection:
        fields = CONTRACT.record(operation.body.record).fields
        if numbers := [field.name for field in fields if field.type in _NUMBERS]:
            record = operation.body.example[operation.body.collection][0] | dict.fromkeys(numbers, _HERE)
            return _spliced({operation.body.collection: [record]}, value)
    return _in_fields(operation, value=value)


def _every_field(operation: Operation) -> Any:
    if operation.webhook or (operation.body and operation.body.fields):
        return dict.fromkeys(valid_value(operation), _HERE)
    body = _body(operation)
    return {body.collection: [dict.fromkeys(body.example[body.collection][0], _HERE)]}


def _as_collection(operation: Operation, *, value: bytes) -> bytes:
    return _spliced({_body(operation).collection: _HERE}, value)


def _with_unknown(operation: Operation, *, value: bytes) -> bytes:
    body = _body(operation)
    if operation.body and operation.body.fields:
        return _spliced(valid_value(operation) | {"surplus": _HERE}, value)
    return _spliced({body.collection: [body.example[body.collection][0] | {"surplus": _HERE}]}, value)


def _spliced(value: Any, inner: bytes) -> bytes:
    return dumped(value).replace(json.dumps(_HERE).encode(), inner)


def _one_bad(operation: Operation) -> bytes:
    body = _body(operation)
    return dumped({body.collection: [*body.example[body.collection], {}]})


def _bad_twice(operation: Operation) -> bytes:
    body = _body(operation)
    good, name = dumped(body.example).removesuffix(b"}"), json.dumps(body.collection).encode()
    return b"%b, %b: [{}]}" % (good, name)


def _repeated(operation: Operation, *, count: int | None) -> bytes:
    """Return this many valid records, one too many for None; a webhook gets a list of events, with another limit."""
    if operation.webhook:
        return dumped([{}] * (10_001 if count is None else count))
    body, limit = _body(operation), CONTRACT.max_records
    assert limit is not None
    return dumped({body.collection: body.example[body.collection] * (limit + 1 if count is None else count)})


def _many_names(operation: Operation) -> bytes:
    """Return an object of names that nobody knows; where records are taken, in place of one."""
    names = dict.fromkeys(map(str, range(100_000)))
    body = _body(operation)
    return dumped(names if operation.body and operation.body.fields else {body.collection: [names]})
