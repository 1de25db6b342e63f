"""Hypothesis strategies for bodies and records: valid by the contract's own words, nearly valid, and hostile."""

from collections.abc import Iterator
from typing import Any

import orjson
from hypothesis import strategies as st

from traits_sandbox.contract.model import Contract, Field, Operation, Record
from traits_sandbox.derive.formats import FORMATS

Json = Any
Draw = st.DrawFn
Path = tuple[str | int, ...]

MAX_INT64, MAX_UINT64 = 2**63 - 1, 2**64 - 1

_LANGUAGES = ("en", "en-US", "zh-Hant-TW", "de-CH-1901", "x-own", "sl-rozaj-biske", "en-a-bbb-x-a")

# Values on the edges of what types and formats mean; fragments are numbers that orjson reads but does not write so.
ODD: tuple[Json, ...] = (
    *(None, True, False),
    *(-1, 0, 1, -0.0, 0.5, 10.0, 1e-9, MAX_INT64, MAX_INT64 + 1, MAX_UINT64, -MAX_INT64 - 1),
    *(orjson.Fragment(text) for text in ("1e3", "1E400", "18446744073709551616", "-9223372036854775809", "1.0e-400")),
    *("", " ", "\n", "\x00", "a\nb", "a\n", "10", "true", "null", "😀", "😀" * 10, "é", "ſ", "٢٠١٩-٠١-٠١ ١٥:٠٤:٠٥"),
    *("2019-01-01 15:04:05", "2019-01-01 15:04:05\n", " 2019-01-01 15:04:05", "2019-01-01T15:04:05"),
    *("2019-1-1 15:04:05", "2019-01-01 24:00:00", "2016-12-31 23:59:60", "2019-04-31 00:00:00"),
    *("0000-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59"),
    *("2019-02-29 00:00:00", "2020-02-29 00:00:00", "1900-02-29 00:00:00", "2000-02-29 00:00:00"),
    *("2018-11-14", "2018-11-14\n", "2019-02-29", "2000-02-29", "0000-02-29", "2018-00-14", "２０１８-11-14"),
    *("US", "us", "USA", "U", "ÜS", "US\n", "U1", "en-US", "en-US\n", "en_US", "i-klingon", "x-", "en-", "e"),
    *("linked", "unllinked", "Linked", "friend", "party", "friend\n"),
    *([], {}, [[]], [{}], [None], {"a": 1}, [1, "x"], [{"key": "k", "value": "v"}], [{"key": 1, "value": None}]),
)

# What a lax parser of JSON might take, and some of what every parser must.
PIECES = (
    *(
        b"",
        b" ",
        b"\n",
        b"\t",
        b"\x0b",
        b"\x00",
        b"\x1f",
        b"\x7f",
        b"\xff",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
    ),
    *(b'"', b"'", b"\\", b"\\u", b"\\ud800", b"\\udc00", b"\\ud83d\\ude00", b"\\u0000", b"\\x41", b"\\/", b"\\n"),
    *(b"0", b"00", b"-", b"-0", b"+1", b"1.", b".5", b"1e", b"1e5", b"1E+2", b"1e400", b"1e-400", b"9" * 25, b"0x1"),
    *(
        b",",
        b":",
        b"{",
        b"}",
        b"[",
        b"]",
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"// x",
        b"/* x */",
        b',"user_id":"1"',
    ),
)


def values(contract: Contract, field: Field) -> st.SearchStrategy[Json]:
    """Return values that a field takes."""
    match field.type:
        case "string":
            return _texts(field)
        case "Timestamp":
            return st.datetimes().map(lambda moment: moment.replace(microsecond=0).isoformat(sep=" "))
        case "int":
            least = -MAX_INT64 if field.minimum is None else int(field.minimum)
            if field.maximum is not None:
                return st.integers(least, int(field.maximum))
            whole = st.integers(least, MAX_UINT64)
            return whole | st.sampled_from([10.0, 1e3, 1e20, orjson.Fragment("18446744073709551616")])
        case "float":
            positive, below = field.exclusive_minimum is not None, field.exclusive_maximum is not None
            least_float = field.exclusive_minimum if positive else field.minimum
            most = field.exclusive_maximum if below else field.maximum
            floats = st.floats(
                least_float, most, exclude_min=positive, exclude_max=below, allow_nan=False, allow_infinity=False
            )
            return floats if most is not None else floats | st.just(25)
        case "list":
            return st.lists(records(contract, contract.record(field.item)), max_size=3)


def _texts(field: Field) -> st.SearchStrategy[str]:
    if field.allowed:
        return st.sampled_from(field.allowed)
    if field.format == "language":
        return st.sampled_from(_LANGUAGES)
    if field.format == "date":
        return st.dates().map(str)
    if field.format:
        return st.just(FORMATS[field.format].example)
    return st.text(min_size=field.min_length or 0, max_size=min(8, field.max_length or 8))


def records(contract: Contract, record: Record) -> st.SearchStrategy[dict[str, Json]]:
    """Return valid records of a heading."""
    required = {field.name: values(contract, field) for field in record.fields if field.required}
    optional = {field.name: values(contract, field) for field in record.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


def bodies(contract: Contract, operation: Operation, *, max_records: int = 3) -> st.SearchStrategy[dict[str, Json]]:
    """Return valid bodies of an operation."""
    body = operation.body
    assert body is not None
    if not body.collection:
        return st.fixed_dictionaries({field.name: values(contract, field) for field in body.fields})
    rows = st.lists(records(contract, contract.record(body.record)), min_size=1, max_size=max_records)
    return rows.map(lambda rows: {body.collection: rows})


@st.composite
def mutated(draw: Draw, original: st.SearchStrategy[Json], names: tuple[str, ...]) -> Json:
    """Draw a value with up to three changes at any depth: a member dropped, renamed, added or given an odd value."""
    value = draw(original)
    for _ in range(draw(st.integers(0, 3))):
        value = draw(_changed(value, names))
    return value


@st.composite
def _changed(draw: Draw, value: Json, names: tuple[str, ...]) -> Json:
    *parents, last = draw(st.sampled_from([(), *_places(value)])) or (None,)
    if last is None:
        return draw(st.sampled_from(ODD)) if draw(st.integers(0, 9)) == 0 else value
    value = _copied(value)
    owner = value
    for step in parents:
        owner = owner[step]
    match draw(st.sampled_from(("drop", "rename", "add", "odd", "odd", "odd"))):
        case "drop":
            del owner[last]
        case "rename" if isinstance(owner, dict):
            owner[draw(_names(names))] = owner.pop(last)
        case "add" if isinstance(owner, dict):
            owner[draw(_names(names))] = draw(odd())
        case _:
            owner[last] = draw(odd())
    return value


def odd() -> st.SearchStrategy[Json]:
    """Return values of all types, on the edges rather than in the middle."""
    return st.sampled_from(ODD) | st.text(max_size=4) | st.integers(-MAX_INT64, MAX_UINT64)


def hostile(names: tuple[str, ...]) -> st.SearchStrategy[Json]:
    """Return JSON of any shape, in which the contract's names turn up in the wrong places."""
    return st.recursive(
        odd(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names(names), inner, max_size=5),
        max_leaves=12,
    )


@st.composite
def misspelt(draw: Draw, raw: bytes) -> bytes:
    """Draw JSON text with up to three pieces taken out, put in or replaced, on the edges of JSON's grammar."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.sampled_from(PIECES)) + raw[at + draw(st.integers(0, 3)) :]
    return raw


def names_of(contract: Contract, record: Record | None, *more: str) -> tuple[str, ...]:
    """Return the names that a contract uses for a record and for what its lists hold."""
    fields = record.fields if record else ()
    nested = [names_of(contract, contract.record(field.item)) for field in fields if field.item]
    return (*more, *(field.name for field in fields), *(name for names in nested for name in names))


def _names(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from((*names, "extra", "", "a/b", "~", "$ref")) | st.text(max_size=3)


def _places(value: Json, above: Path = ()) -> Iterator[Path]:
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        yield (*above, step)
        yield from _places(member, (*above, step))


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _copied(member) for name, member in value.items()}
    return [_copied(member) for member in value] if isinstance(value, list) else value
