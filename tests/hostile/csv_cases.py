"""Hostile files: what a spreadsheet, a wrong program or an attacker may call CSV."""

import zipfile
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from random import Random

from tests.hostile.cases import TAKEN, Case, body_case
from tests.hostile.messages import Make, valid_content
from traits_sandbox.contract.model import Operation

_MADE = Random(12)


def csv_cases() -> Iterator[Case]:
    """Yield every case that is a file of its own; routes that take JSON get it as their body."""
    yield from _headers()
    yield from _rows()


def header(operation: Operation) -> bytes:
    """Return the header line of a file that an upload takes; on other routes, some header."""
    return _lines(operation)[0]


def row(operation: Operation) -> bytes:
    """Return the row of a file that an upload takes."""
    return _lines(operation)[1]


def _file(operation: Operation) -> bytes:
    return b"".join(_lines(operation))


def _lines(operation: Operation) -> list[bytes]:
    content = valid_content(operation) if operation.dialects else b"user_id,kpi_id,value\n1001,ltv,3\n"
    return content.splitlines(keepends=True)


def _headers() -> Iterator[Case]:
    files: dict[str, Make] = {
        "blank lines": lambda _: b"\r\n" * 1000,
        "mark alone": lambda _: b"\xef\xbb\xbf",
        "no header": row,
        "no row": header,
        "blank rows": lambda operation: header(operation) + b"\n\r\n" * 1000,
        "semicolons": lambda operation: _file(operation).replace(b",", b";"),
        "tabs": lambda operation: _file(operation).replace(b",", b"\t"),
        "old Mac": lambda operation: header(operation).replace(b"\n", b"\r") + row(operation).replace(b"\n", b"\r"),
        "NUL in header": lambda operation: b"\0" + header(operation) + row(operation),
        "NULs": lambda _: bytes(100_000),
        "UTF-16": lambda operation: (header(operation) + row(operation)).decode().encode("utf-16"),
        "latin-1 header": lambda operation: b"\xe9," + header(operation) + row(operation),
        "open quote in header": lambda operation: b'"' + header(operation) + row(operation),
        "quotes alone": lambda _: b'"' * 100_001,
        "commas alone": lambda _: b"," * 100_000,
        "name twice": _name_twice,
        "PNG": lambda _: b"\x89PNG\r\n\x1a\n" + _MADE.randbytes(10_000),
        "random": lambda _: _MADE.randbytes(100_000),
        "spreadsheet": lambda _: _spreadsheet(),
        "long header": lambda operation: b"x" * 2_000_000 + b"," + header(operation) + row(operation),
    }
    for name, content in files.items():
        yield body_case(f"file: {name}", content)


def _rows() -> Iterator[Case]:
    rows: dict[str, Make] = {
        "short row": lambda operation: row(operation).partition(b",")[0] + b"\n",
        "long row": lambda operation: row(operation).rstrip() + b",more,and more\n",
        "100000 cells": lambda _: b"," * 100_000 + b"\n",
        "empty cells": lambda operation: b"," * header(operation).count(b",") + b"\n",
        "NUL": lambda operation: b"\0" + row(operation),
        "invalid UTF-8": lambda operation: b"\xff" + row(operation),
        "surrogate": lambda operation: b"\xed\xa0\x80" + row(operation),
        "open quote": lambda operation: b'"' + row(operation),
        "open quote in cell": lambda operation: row(operation).replace(b",", b',"', 1) * 100,
        "text after quote": lambda operation: b'"a"b' + row(operation),
        "quote within": lambda operation: row(operation).replace(b",", b',"a" b,', 1),
        "long row of bytes": lambda _: b"x" * 2_000_000 + b"\n",
        "carriage returns": lambda operation: row(operation).rstrip() + b"\rx\ry\n",
        "random": lambda _: _without_newlines(_MADE.randbytes(10_000)) + b"\n",
    }
    for name, content in rows.items():
        whole: Make = partial(_below_header, content)
        yield body_case(f"row: {name}", whole, idle=["upload"], upload=TAKEN)
    for cell in ("NaN", "inf", "1e400", "1_000", "0x10", "١", "=1+1", "1,0", "[" * 1000, "9" * 5000 + "x"):
        whole = partial(_below_header, partial(_with_bad_cell, cell.encode()))
        yield body_case(f"cell: {cell[:10]}", whole, idle=["upload"], upload=TAKEN)


def _below_header(content: Make, operation: Operation) -> bytes:
    return header(operation) + content(operation)


def _with_bad_cell(cell: bytes, operation: Operation) -> bytes:
    """Return a row with this in every cell: it is neither a time nor a number."""
    return b",".join([b'"%b"' % cell] * (1 + header(operation).count(b","))) + b"\n"


def _name_twice(operation: Operation) -> bytes:
    name = header(operation).partition(b",")[0]
    return b",".join([name, header(operation)]) + b",".join([b"1", row(operation)])


def _without_newlines(content: bytes) -> bytes:
    return content.replace(b"\n", b"").replace(b"\r", b"")


def _spreadsheet() -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()
