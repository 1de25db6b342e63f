"""Bodies beyond every limit, and files of awkward millions, on every route where they mean something."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from tests.hostile.cases import REFUSED, TAKEN, UNAUTHORIZED, UNPARSED
from tests.hostile.checks import Judge
from tests.hostile.csv_cases import header
from tests.hostile.messages import OPERATIONS, door, file_part, form, valid
from traits_sandbox.contract.model import Operation

MEBIBYTE = 2**20
EVERY_ROUTE = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
UPLOADS = [operation for operation in OPERATIONS.values() if door(operation) == "upload"]
EVERY_UPLOAD = pytest.mark.parametrize("operation", UPLOADS, ids=lambda operation: operation.id)


@EVERY_ROUTE
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_of_30_mib_is_refused(operation: Operation, framing: str, judge: Judge) -> None:
    # Of a file it is the first line, which ought to be a header.
    judge.try_stream(operation, body(operation, (b" " * MEBIBYTE, 30)), REFUSED, chunked=framing == "chunked")


@EVERY_ROUTE
def test_without_a_key_a_body_of_30_mib_is_unauthorized(operation: Operation, judge: Judge) -> None:
    judge.try_stream(operation, body(operation, (b" " * MEBIBYTE, 30)), UNAUTHORIZED, credential="wrong")


@EVERY_ROUTE
def test_a_line_of_100_mib_is_refused_or_skipped(operation: Operation, judge: Judge) -> None:
    outcomes = TAKEN if door(operation) == "upload" else REFUSED
    judge.try_stream(operation, body(operation, (header(operation), 1), (b"x" * MEBIBYTE, 100)), outcomes)


@EVERY_UPLOAD
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_file_of_300_mib_is_refused(operation: Operation, framing: str, judge: Judge) -> None:
    pieces = body(operation, (header(operation), 1), (b"x" * MEBIBYTE, 300))
    judge.try_stream(operation, pieces, REFUSED, chunked=framing == "chunked")


@EVERY_UPLOAD
@pytest.mark.parametrize(
    ("piece", "times"),
    [
        (b"\n" * MEBIBYTE, 100),
        (b"\r\n" * MEBIBYTE, 50),
        (b"\r" * MEBIBYTE, 100),
        (b"," * MEBIBYTE, 100),
        (b'"' * MEBIBYTE, 100),
        (b"\0" * MEBIBYTE, 100),
        (b"," * (MEBIBYTE - 1) + b"\n", 30),
        (b"x\n" * 1000, 100),
        (b'"\n' * 1000, 100),
        (b'"' + b"\n" * 130_000 + b'"\n', 10),
        (b"\xff\n" * 1000, 100),
    ],
    ids=["LF", "CRLF", "CR", "comma", "quote", "NUL", "commas", "letters", "quotes", "line breaks in cells", "bytes"],
)
def test_a_file_of_one_character_is_skipped(operation: Operation, piece: bytes, times: int, judge: Judge) -> None:
    judge.try_stream(operation, body(operation, (header(operation), 1), (piece, times)), TAKEN)


@EVERY_UPLOAD
def test_a_file_of_100000_columns_is_read_or_refused(operation: Operation, judge: Judge) -> None:
    columns = b",".join(b"%x" % number for number in range(100_000))
    lines = header(operation).rstrip() + b"," + columns + b"\n", b"," * 100_000 + b"\n"
    judge.try_stream(operation, body(operation, (lines[0], 1), (lines[1], 100)), TAKEN | REFUSED)


@EVERY_UPLOAD
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_form_with_100_mib_around_its_file_is_bounded(operation: Operation, before: bool, judge: Judge) -> None:
    whole, around = [valid(operation, "").body], [b"\r\n" * MEBIBYTE] * 50
    judge.try_stream(operation, chain(around, whole) if before else chain(whole, around), TAKEN | REFUSED, stored=True)


LEADS = {"value": b"0\r\na: ", "name": b"0\r\na", "extension": b"0;a=", "size": b"0" * 9}


@pytest.mark.parametrize("name", LEADS)
def test_a_last_chunk_of_200_mib_is_cut_off_or_read_on(name: str, judge: Judge) -> None:
    operation = OPERATIONS["push_actions"]
    head = valid(operation, judge.new_credential()).head(b"Transfer-Encoding: chunked")
    pieces = chain([head, LEADS[name]], repeat(b"0" * MEBIBYTE, 200))
    judge.try_pieces(operation, pieces, UNPARSED | REFUSED, end=True)


def body(operation: Operation, *content: tuple[bytes, int]) -> Iterator[bytes]:
    """Yield a body in pieces, each given with how often it comes; for an upload, the form around that file."""
    pieces = chain.from_iterable(repeat(piece, times) for piece, times in content)
    if door(operation) != "upload":
        return pieces
    opened, closed = form(file_part(operation, b"@here@")).split(b"@here@")
    return chain([opened], pieces, [closed])
