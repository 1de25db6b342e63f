"""BODY and CT: the body of a push apart from its records, and its content type."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson

from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk, accepted, refused
from traits_sandbox.conformance.catalogue.pushes import FieldPlace, collection, places, pushed
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import BEARER, Pairs, Request
from traits_sandbox.contract.model import Operation

_DEEP = 10_000
_NESTED = b"[" * _DEEP + b"]" * _DEEP

# A name, a function that changes a valid body, and a title.
_Bodies = dict[str, tuple[Callable[[bytes], bytes], str]]

_NO_JSON: _Bodies = {
    "empty": (lambda _: b"", "no body"),
    "blank": (lambda _: b" \r\n", "a blank body"),
    "broken": (lambda valid: valid.replace(b":", b"=", 1), "an equals sign in place of a colon"),
    "cut-short": (lambda valid: valid[: valid.rindex(b",")], "a body that ends early"),
}

# Some parsers accept these, although RFC 8259 does not.
_NEARLY_JSON: _Bodies = {
    "utf-16": (lambda valid: b"\xff\xfe" + valid.decode().encode("utf-16-le"), "a body in UTF-16"),
    "comma-in-list": (lambda valid: valid[:-2] + b",]}", "a comma after the last record"),
    "comma-in-object": (lambda valid: valid[:-1] + b",}", "a comma after the last member"),
    "two-values": (lambda valid: valid + valid, "two bodies in one"),
    "text-behind": (lambda valid: valid + b" x", "text after the body"),
    "line-comment": (lambda valid: b"// text\n" + valid, "a comment before the body"),
    "block-comment": (lambda valid: valid + b"/* text */", "a comment after the body"),
    "deep-opening": (lambda _: b"[" * _DEEP * 10, "opening brackets without closing ones"),
}

# A name, the notation of a value, and a title.
_Spellings = dict[str, tuple[bytes, str]]

_NO_NUMBERS: _Spellings = {
    "nan": (b"NaN", "NaN"),
    "infinity": (b"Infinity", "Infinity"),
    "leading-zero": (b"025", "a number with a leading zero"),
    "plus": (b"+25", "a number with a plus sign"),
    "open-fraction": (b"25.", "a number that ends with its decimal point"),
    "hexadecimal": (b"0x19", "a hexadecimal number"),
}
_NO_TEXTS: _Spellings = {
    "invalid-utf-8": (b'"\xff\xfe"', "bytes that are not UTF-8"),
    "latin-1": (b'"caf\xe9"', "text in Latin-1"),
    "encoded-surrogate": (b'"\xed\xa0\x80"', "a surrogate encoded like UTF-8"),
    "line-break": (b'"a\nb"', "a line break within a string"),
    "null-byte": (b'"a\0b"', "a null byte within a string"),
    "unknown-escape": (rb'"\x41"', "an escape that JSON does not have"),
    "half-escape": (rb'"\u00"', "half an escape"),
    "single-quotes": (b"'text'", "single quotes"),
    "bare-word": (b"text", "a string without quotes"),
    "deep-value": (_NESTED, "deeply nested lists in place of a string"),
}

# Neither the document nor the RFC says whether these are accepted.
_UNDECIDED: _Bodies = {
    "byte-order-mark": (lambda valid: b"\xef\xbb\xbf" + valid, "a byte order mark before the body"),
    "list-twice": (lambda valid: valid[:-1] + b"," + valid[1:], "the list twice"),
    "deep-unknown": (lambda valid: valid[:-1] + b',"tsc_unknown":' + _NESTED + b"}", "a deeply nested unknown value"),
}
_UNDECIDED_TEXTS: _Spellings = {
    "lone-surrogate": (rb'"\ud800"', "half a surrogate pair"),
    "swapped-surrogates": (rb'"\udfae\ud83c"', "a surrogate pair in the wrong order"),
}
_UNDECIDED_NUMBERS: _Spellings = {
    "many-digits": (b"9" * 5_000, "a number of 5000 digits"),
    "many-decimals": (b"0." + b"3" * 5_000, "a fraction of 5000 digits"),
}


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that send invalid and unusual bodies: some for every push, the others for one or two pushes."""
    for operation in made.pushes:
        for about, (request, title) in _bodies(_NO_JSON, made, operation).items():
            yield pushed(f"BODY-001.{collection(operation)}.{about}", title, request, refused)
        yield from _no_list_of_records(made, operation)
        yield from _names_beside(made, operation)
    for operation in made.pushes[:2]:
        yield from _media_types(made, operation)
    yield from _nearly_json(made)


def _valid(made: RequestFactory, operation: Operation) -> bytes:
    return made.documented(operation).body or b""


def _bodies(bodies: _Bodies, made: RequestFactory, operation: Operation) -> dict[str, tuple[Request, str]]:
    valid = _valid(made, operation)
    return {name: (made.raw(operation, change(valid)), title) for name, (change, title) in bodies.items()}


def _written(spellings: _Spellings, place: FieldPlace) -> dict[str, tuple[Request, str]]:
    return {name: (place.push(orjson.Fragment(spelling)), title) for name, (spelling, title) in spellings.items()}


def _no_list_of_records(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    name, row = collection(operation), made.row(made.record_of(operation))
    other = next(each for each in map(collection, made.pushes) if each != name)
    bodies: dict[str, tuple[Any, str]] = {
        "list": ([row], "the list of records without the object around it"),
        "record": (row, "a record without the list around it"),
        "null": (None, "null as the body"),
        "number": (5, "a number as the body"),
        "no-list": ({}, "an object without the list"),
        "other-list": ({other: [row]}, f"the list under the name {other}"),
        "object-for-list": ({name: row}, "a record in place of the list"),
        "string-for-list": ({name: "text"}, "a string in place of the list"),
        "null-for-list": ({name: None}, "null in place of the list"),
        "string-record": ({name: ["text"]}, "a string in place of a record"),
        "null-record": ({name: [None]}, "null in place of a record"),
        "list-record": ({name: [[row]]}, "a list in place of a record"),
    }
    for about, (body, title) in bodies.items():
        yield pushed(f"BODY-002.{name}.{about}", title, made.json(operation, body), refused)


def _names_beside(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    name, row = collection(operation), made.row(made.record_of(operation))
    request = made.json(operation, {name: [row], "tsc_unknown": {"text": [1]}})
    yield pushed(f"BODY-004.{name}.beside", "another member beside the list", request, accepted)


def _media_types(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    assert operation.body is not None
    media_type = operation.body.media_type
    same = {
        "charset": f"{media_type}; charset=utf-8",
        "quoted-charset": f'{media_type};charset="UTF-8"',
        "upper-case": media_type.upper(),
    }
    others = {"text": "text/plain", "form": "application/x-www-form-urlencoded", "xml": "application/xml", "none": ""}
    for requirement, types, expect in (("CT-001", same, accepted), ("CT-002", others, refused)):
        for about, each in types.items():
            headers: Pairs = (BEARER, ("Content-Type", each)) if each else (BEARER,)
            request = made.raw(operation, _valid(made, operation), headers=headers)
            case_id = f"{requirement}.{collection(operation)}.{about}"
            yield pushed(case_id, f"Content-Type {each or 'left out'}", request, expect)


def _nearly_json(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that send almost valid JSON and must be refused, and some that may get any reply.

    They use one operation: the first push with a number in its records.
    """
    number = next(each for push in made.pushes for each in places(made, push) if each.field.type == "float")
    operation = number.operation
    # Not in user ids: a server might create users from such values and list them in all other cases.
    text = next(each for each in places(made, operation) if each.field.type == "string" and not each.field.role)
    refusals = {**_bodies(_NEARLY_JSON, made, operation), **_written(_NO_NUMBERS, number), **_written(_NO_TEXTS, text)}
    for about, (request, title) in refusals.items():
        yield pushed(f"BODY-003.{collection(operation)}.{about}", title, request, refused)
    undecided = {
        **_bodies(_UNDECIDED, made, operation),
        **_written(_UNDECIDED_TEXTS, text),
        **_written(_UNDECIDED_NUMBERS, number),
    }
    for about, (request, title) in undecided.items():
        case_id = f"HTTP-002.{collection(operation)}.{about}"
        yield Case(case_id, title, operation.id, "append", _any_reply(request))


def _any_reply(request: Request) -> JudgeReply:
    """Return a judge that sends a request and accepts any reply. The observers check that its status is below 500."""

    async def judge(talk: Talk) -> Breach | None:
        await talk.attempt(request)
        return None

    return judge
