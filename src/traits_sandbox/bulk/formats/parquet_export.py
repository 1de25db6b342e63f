"""Exports the rows of a Parquet file as JSON, in a separate process like the one that judges them."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

import msgspec

from traits_sandbox.bulk.checking.judging import CategoryRules
from traits_sandbox.bulk.formats.parquet_rows import as_json, openable, reporting_damage, tables
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.bulk.values import BulkValue
from traits_sandbox.contract.load import load

_AT_ONCE: Final = 1000


class ExportRequest(BulkValue, frozen=True, kw_only=True):
    """A request for the rows of a local file of `size` bytes; its path is in the encoding of file names."""

    path: bytes
    size: int
    folder: str
    edition: str


class Export(BulkValue, frozen=True, kw_only=True):
    """Some rows of a file; `error` and its kind say why the rest could not be read."""

    rows: tuple[bytes, ...] = ()
    error: str = ""
    kind: str = ""


def answers(request: bytes) -> Iterator[bytes]:
    """Yield the rows of a requested file."""
    asked = msgspec.msgpack.decode(request, type=ExportRequest)
    path = openable(asked.path)
    try:
        with reporting_damage(path):
            for table, batch in tables(path, asked.size, _category(asked.edition, asked.folder)):
                rows = table.rows(batch)
                while some := tuple(as_json(row).encode() for row in islice(rows, _AT_ONCE)):
                    yield msgspec.msgpack.encode(Export(rows=some))
    except Unreadable as error:
        yield msgspec.msgpack.encode(Export(error=str(error), kind=error.kind))


@cache
def _category(edition: str, folder: str) -> CategoryRules:
    return CategoryRules(load(edition), folder)
