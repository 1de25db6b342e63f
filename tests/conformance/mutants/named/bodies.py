"""Servers that read bodies too kindly, or part what belongs together."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.mutants.facts import having
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.named.records import most
from tests.conformance.mutants.wrapping import (
    Answered,
    Around,
    Asked,
    Inner,
    accepting,
    after,
    answer,
    before,
    refusing,
    succeeded,
)

# Beyond this many records a batch is refused for its length, and no record of it is looked at.
A_BATCH = 100


def mutants() -> Iterator[Mutant]:
    yield from _of_bodies()
    yield from _of_near_json()
    yield from _of_batches()
    yield from _of_media_types()


def pushed(asked: Asked) -> bool:
    return bool(asked.collection)


def _of_bodies() -> Iterator[Mutant]:
    names = {operation.body.collection for operation in having("push") if operation.body}
    taken: dict[str, tuple[str, str, Callable[[Asked], object]]] = {
        "anything": ("A push takes any body.", "BODY-001", pushed),
        "broken": ("A push takes broken JSON.", "BODY-001", lambda a: pushed(a) and a.body and a.json() is None),
        "empty": ("A push takes an empty body.", "BODY-001", lambda a: pushed(a) and not a.body),
        "cut": (
            "A push takes JSON that was cut short.",
            "BODY-001",
            lambda a: pushed(a) and a.body.startswith(b"{") and not a.body.rstrip().endswith(b"}"),
        ),
        "list": ("A push takes a bare list.", "BODY-002", lambda a: pushed(a) and isinstance(a.json(), list)),
        "nothing": ("A push takes an object without its list.", "BODY-002", lambda a: pushed(a) and a.json() == {}),
        "null": ("A push takes null.", "BODY-002", lambda a: pushed(a) and a.body.strip() == b"null"),
        "null-list": (
            "A push takes null for its list.",
            "BODY-002",
            lambda a: pushed(a) and _listed(a, lambda value: value is None),
        ),
        "text-list": (
            "A push takes text for its list.",
            "BODY-002",
            lambda a: _listed(a, lambda v: isinstance(v, str)),
        ),
        "text-records": (
            "A push takes text for a record.",
            "BODY-002",
            lambda a: a.rows and all(isinstance(each, str) for each in a.rows),
        ),
    }
    for name, (does, kills, fits) in taken.items():
        yield broken_by(f"body.{name}", does, kills, accepting(fits))

    def of_another(asked: Asked) -> Asked:
        value = asked.json() if asked.collection else None
        foreign = [name for name in value if name in names] if isinstance(value, dict) else []
        if len(foreign) != 1 or foreign[0] == asked.collection or not isinstance(value, dict):
            return asked
        return asked.with_json({asked.collection: value[foreign[0]]})

    yield broken_by("body.other-list", "A push takes the list of another.", "BODY-002", before(of_another))

    def of_one(asked: Asked) -> Asked:
        value = asked.json() if asked.collection else None
        one = value.get(asked.collection) if isinstance(value, dict) else None
        return asked.with_rows([one]) if isinstance(one, dict) else asked

    yield broken_by("body.one", "A push takes one record in place of a list.", "BODY-002", before(of_one))

    yield broken_by(
        "body.nothing-else",
        "A push takes nothing beside its list.",
        "BODY-004",
        refusing(lambda a: a.rows is not None and len(a.json()) > 1),
    )
    yield broken_by(
        "body.empty-list-taken",
        "A push takes an empty list.",
        "LIM-005",
        accepting(lambda a: a.rows == []),
    )


def _listed(asked: Asked, fits: Callable[[Any], bool]) -> bool:
    value = asked.json() if asked.collection else None
    return isinstance(value, dict) and asked.collection in value and fits(value[asked.collection])


def repaired(*rules: tuple[bytes, bytes]) -> Around:
    """Return a middleware that makes JSON of a body before it is read."""

    def repair(asked: Asked) -> Asked:
        if not asked.collection or asked.json() is not None:
            return asked
        body = asked.body
        for pattern, by in rules:
            body = re.sub(pattern, by, body, flags=re.DOTALL)
        return asked.with_body(body)

    return before(repair)


def first_value(asked: Asked) -> Asked:
    text = asked.body.decode(errors="replace").strip()
    if not asked.collection or asked.json() is not None:
        return asked
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return asked
    return asked.with_body(text[:end].encode()) if isinstance(value, dict) else asked


def _of_near_json() -> Iterator[Mutant]:
    rules: dict[str, tuple[str, tuple[tuple[bytes, bytes], ...]]] = {
        "nan": ("NaN and Infinity are numbers.", ((rb"-?\b(NaN|Infinity)\b", b"1"),)),
        "comma": ("A comma may be too many.", ((rb",(\s*[\]}])", rb"\1"),)),
        "comments": ("Comments are skipped.", ((rb"/\*.*?\*/", b""), (rb"//[^\n\"]*(\n|$)", b"\n"))),
        "single-quotes": ("Texts may be in single quotes.", ((rb"'", b'"'),)),
    }
    for name, (does, rule) in rules.items():
        yield broken_by(f"json.{name}", does, "BODY-003", repaired(*rule))
    yield broken_by("json.first-value", "What follows the first value is skipped.", "BODY-003", before(first_value))

    def decoded(asked: Asked) -> Asked:
        try:
            asked.body.decode()
        except UnicodeDecodeError:
            return asked.with_body(asked.body.decode("latin-1").encode())
        return asked

    yield broken_by("json.latin-1", "Bytes that are not UTF-8 are taken for Latin-1.", "BODY-003", before(decoded))


async def good_ones_kept(asked: Asked, inner: Inner) -> Answered:
    """Store the good records of a bad batch, and answer success."""
    reply = await inner(asked)
    rows = asked.rows
    if reply.status != 400 or not rows or not 1 < len(rows) <= A_BATCH:
        return reply
    kept = sum([(await inner(asked.with_rows([row]))).accepted for row in rows])
    return succeeded(asked, kept) if kept else reply


async def good_ones_stored(asked: Asked, inner: Inner) -> Answered:
    """Store the good records of a bad batch, and refuse it all the same."""
    reply = await inner(asked)
    rows = asked.rows
    if reply.status == 400 and rows and 1 < len(rows) <= A_BATCH:
        for row in rows:
            await inner(asked.with_rows([row]))
    return reply


async def stored_until_the_bad_one(asked: Asked, inner: Inner) -> Answered:
    reply = await inner(asked)
    rows = asked.rows
    if reply.status == 400 and rows and 1 < len(rows) <= A_BATCH:
        for row in rows:
            if not (await inner(asked.with_rows([row]))).accepted:
                break
    return reply


def judging(chosen: Callable[[list[Any]], list[Any]], largest: int = A_BATCH) -> Around:
    """Return a middleware that judges some records of a batch alone."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        rows = asked.rows
        if reply.status != 400 or not rows or not 1 < len(rows) <= largest:
            return reply
        return await inner(asked.with_rows(chosen(rows)))

    return around


def _of_batches() -> Iterator[Mutant]:
    yield broken_by("batch.good-kept", "The good records of a bad push are kept, the rest dropped.", "ATOM-001",
                 good_ones_kept)  # fmt: skip
    for name, does, chosen in (
        ("first", "The first record of a push is judged alone.", lambda rows: rows[:1]),
        ("last", "The last record of a push is judged alone.", lambda rows: rows[-1:]),
        ("ends", "The first and the last record of a push are judged alone.", lambda rows: [rows[0], rows[-1]]),
        ("all-but-first", "The first record of a push is not judged.", lambda rows: rows[1:]),
        ("all-but-last", "The last record of a push is not judged.", lambda rows: rows[:-1]),
    ):
        yield broken_by(f"batch.judges-{name}", does, "ATOM-001", judging(chosen))
    yield broken_by("batch.judges-hundred", "The first hundred records of a push are judged alone.", "ATOM-001",
                 judging(lambda rows: rows[:100], most()))  # fmt: skip
    yield broken_by("batch.refused-and-stored", "A push is refused, its good records are stored.", "ATOM-002",
                 good_ones_stored)  # fmt: skip
    yield broken_by("batch.stored-until-bad", "A push is refused, the records before the bad one are stored.",
                 "ATOM-002", stored_until_the_bad_one)  # fmt: skip


def _media_type(asked: Asked) -> str:
    return asked.header("content-type").partition(";")[0].strip()


def _of_media_types() -> Iterator[Mutant]:
    json_type = "application/json"

    def with_parameters(asked: Asked) -> bool:
        return pushed(asked) and ";" in asked.header("content-type")

    def in_capitals(asked: Asked) -> bool:
        return pushed(asked) and _media_type(asked) != _media_type(asked).lower()

    def as_json(asked: Asked) -> Asked:
        return asked.with_header("content-type", json_type) if pushed(asked) else asked

    def typed_as_json(asked: Asked) -> Asked:
        untyped = pushed(asked) and not asked.header("content-type")
        return asked.with_header("content-type", json_type) if untyped else asked

    yield broken_by("media.no-charset", "A media type may have no parameter.", "CT-001", refusing(with_parameters, 415))
    yield broken_by(
        "media.in-its-case", "A media type is matched in its letter case.", "CT-001", refusing(in_capitals, 415)
    )
    yield broken_by("media.any", "A push comes under any media type.", "CT-002", before(as_json))
    yield broken_by("media.none", "A push may come without a media type.", "CT-002", before(typed_as_json))
    yield broken_by(
        "body.null-reply",
        "A push that is refused is answered with success and null.",
        "BODY-002",
        after(lambda a, reply: answer(201) if pushed(a) and reply.status == 400 and _no_list(a) else reply),
    )


def _no_list(asked: Asked) -> bool:
    return asked.rows is None and asked.json() is not None
