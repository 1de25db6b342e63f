"""Bodies beyond every limit, and files of awkward millions, on every route where they mean something."""

from collections.abc import Iterable, Iterator
from itertools import chain, product, repeat

import pytest
from _pytest.mark import ParameterSet

from tests.hostile.cases import REFUSED, TAKEN, UNAUTHORIZED, UNPARSED, Outcome, first_of_each
from tests.hostile.checks import HEALTH, Judge, judged
from tests.hostile.csv_cases import header
from tests.hostile.messages import OPERATIONS, at_length, file_part, form, route, valid
from tests.hostile.wire import Connection
from traits_sandbox.contract.model import Operation

MEBIBYTE = 2**20
UPLOADS = [operation for operation in OPERATIONS.values() if route(operation) == "upload"]
# Of one character, or nearly, with how often it comes.
FILES: dict[str, tuple[bytes, int]] = {
    "LF": (b"\n" * MEBIBYTE, 100),
    "CRLF": (b"\r\n" * MEBIBYTE, 50),
    "CR": (b"\r" * MEBIBYTE, 100),
    "comma": (b"," * MEBIBYTE, 100),
    "quote": (b'"' * MEBIBYTE, 100),
    "NUL": (b"\0" * MEBIBYTE, 100),
    "commas": (b"," * (MEBIBYTE - 1) + b"\n", 30),
    "letters": (b"x\n" * 1000, 100),
    "quotes": (b'"\n' * 1000, 100),
    "line breaks in cells": (b'"' + b"\n" * 130_000 + b'"\n', 10),
    "bytes": (b"\xff\n" * 1000, 100),
}
# Where the sandbox lets others go first, it shows in one of these tries, however the machine stalls.
TRIES = 10
OVERTAKING = 10


def routes(operations: Iterable[Operation], *others: str) -> list[ParameterSet]:
    """Return operations for `parametrize`, each with each of the others; at each change, one at each route."""
    if not others:
        return first_of_each(zip(operations), route, lambda operation: operation.id)
    return first_of_each(
        product(operations, others),
        lambda operation, _: route(operation),
        lambda operation, other: f"{other}-{operation.id}",
    )


@pytest.mark.parametrize(("operation", "framing"), routes(OPERATIONS.values(), "length", "chunked"))
def test_a_body_of_30_mib_is_refused(operation: Operation, framing: str, judge: Judge) -> None:
    # Of a file it is the first line, which ought to be a header.
    judge.try_stream(operation, body(operation, (b" " * MEBIBYTE, 30)), REFUSED, chunked=framing == "chunked")


@pytest.mark.parametrize("operation", routes(OPERATIONS.values()))
def test_without_a_key_a_body_of_30_mib_is_unauthorized(operation: Operation, judge: Judge) -> None:
    judge.try_stream(operation, body(operation, (b" " * MEBIBYTE, 30)), UNAUTHORIZED, credential="wrong")


@pytest.mark.parametrize("operation", routes(OPERATIONS.values()))
def test_a_line_of_100_mib_is_refused_or_skipped(operation: Operation, judge: Judge) -> None:
    outcomes = TAKEN if route(operation) == "upload" else REFUSED
    judge.try_stream(operation, body(operation, (header(operation), 1), (b"x" * MEBIBYTE, 100)), outcomes)


@pytest.mark.parametrize(("operation", "framing"), routes(UPLOADS, "length", "chunked"))
def test_a_file_of_300_mib_is_refused(operation: Operation, framing: str, judge: Judge) -> None:
    pieces = body(operation, (header(operation), 1), (b"x" * MEBIBYTE, 300))
    judge.try_stream(operation, pieces, REFUSED, chunked=framing == "chunked")


@pytest.mark.parametrize(("operation", "name"), routes(UPLOADS, *FILES))
def test_a_file_of_one_character_is_skipped(operation: Operation, name: str, judge: Judge) -> None:
    outcomes = REFUSED if name in ("LF", "CRLF") else TAKEN  # blank lines are not rows
    judge.try_stream(operation, body(operation, (header(operation), 1), FILES[name]), outcomes)


@pytest.mark.parametrize("operation", routes(UPLOADS))
def test_a_file_of_100000_columns_is_read_or_refused(operation: Operation, judge: Judge) -> None:
    columns = b",".join(b"%x" % number for number in range(100_000))
    lines = header(operation).rstrip() + b"," + columns + b"\n", b"," * 100_000 + b"\n"
    judge.try_stream(operation, body(operation, (lines[0], 1), (lines[1], 100)), TAKEN | REFUSED)


@pytest.mark.parametrize(("operation", "place"), routes(UPLOADS, "before", "after"))
def test_a_form_with_100_mib_around_its_file_is_bounded(operation: Operation, place: str, judge: Judge) -> None:
    whole, around = [valid(operation, "").body], [b"\r\n" * MEBIBYTE] * 50
    pieces = chain(around, whole) if place == "before" else chain(whole, around)
    judge.try_stream(operation, pieces, TAKEN | REFUSED, stored=True)


@pytest.mark.parametrize("operation", UPLOADS, ids=lambda operation: operation.id)
def test_others_are_served_while_the_rows_of_a_file_are_read(operation: Operation, judge: Judge) -> None:
    assert any(overtaken(judge, operation) for _ in range(TRIES))


def overtaken(judge: Judge, operation: Operation) -> bool:
    """Tell whether a file of many rows, once it is whole, is overtaken by many requests of a good client."""
    message = valid(operation, judge.new_credential())
    rows = body(operation, (header(operation), 1), (b"x\n" * 1000, 200))
    raw = b"".join(at_length(message, rows))
    with Connection(judge.address) as upload, Connection(judge.address) as other:
        upload.send(raw[:-1])
        for _ in range(OVERTAKING):  # meanwhile all of that is read
            assert other.send(HEALTH.raw()).answer().status == 200
        upload.send(raw[-1:])
        for _ in range(OVERTAKING):
            assert other.send(HEALTH.raw()).answer().status == 200
        first = upload.silent()
        assert judged(upload.answer(), operation) is Outcome.TAKEN
    return first


LEADS = {"value": b"0\r\na: ", "name": b"0\r\na", "extension": b"0;a=", "size": b"0" * 9}


@pytest.mark.parametrize("name", first_of_each(zip(LEADS), lambda _: "lead", str))
def test_a_last_chunk_of_200_mib_is_cut_off_or_read_on(name: str, judge: Judge) -> None:
    operation = OPERATIONS["push_actions"]
    head = valid(operation, judge.new_credential()).head(b"Transfer-Encoding: chunked")
    pieces = chain([head, LEADS[name]], repeat(b"0" * MEBIBYTE, 200))
    judge.try_pieces(operation, pieces, UNPARSED | REFUSED, end=True)


def body(operation: Operation, *content: tuple[bytes, int]) -> Iterator[bytes]:
    """Yield a body in pieces, each given with how often it comes; for an upload, the form around that file."""
    pieces = chain.from_iterable(repeat(piece, times) for piece, times in content)
    if route(operation) != "upload":
        return pieces
    opened, closed = form(file_part(operation, b"@here@")).split(b"@here@")
    return chain([opened], pieces, [closed])
