"""Hands out the rows of a file as JSON, good and bad alike, for a sandbox to judge."""

import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson

from traits_sandbox.bulk.csv_files import Feed, columns_for, header_of
from traits_sandbox.bulk.isolation import Child, Limits, Lost
from traits_sandbox.bulk.judging import Category, Tally
from traits_sandbox.bulk.lines import MAX_LINE, Lines, whole_lines
from traits_sandbox.bulk.ndjson import unparsed
from traits_sandbox.bulk.parquet_export import Export, Wanted
from traits_sandbox.bulk.parquet_rows import KIND, as_json
from traits_sandbox.bulk.sources import Source
from traits_sandbox.bulk.streams import Unreadable, blocks
from traits_sandbox.bulk.values import Format, Task, Value
from traits_sandbox.bulk.verdicts import Unread
from traits_sandbox.extras import required

_EXPORT: Final = "traits_sandbox.bulk.parquet_export"


class Row(Value, frozen=True):
    """A row: the line that it begins on (rows, in Parquet), and its JSON, or why it has none."""

    line: int
    json: bytes = b""
    unread: Unread | None = None


Reader = Callable[[Task, Source, Category], Iterator[Row]]


def rows(task: Task, source: Source, category: Category) -> Iterator[Row]:
    """Yield the rows of a whole file.

    Raises:
        Unreadable: its content is not what its name says.
        StorageFault, ObjectGone: it cannot be read.

    """
    yield from _READERS[task.place.format](task, source, category)


def _of_ndjson(task: Task, source: Source, _: Category) -> Iterator[Row]:
    for lines in whole_lines(blocks(source, task.stored, task.place.compression)):
        if lines.overlong:
            yield _unread(lines.number + 1, "size", f"must be at most {MAX_LINE} bytes long")
        else:
            yield from _of_lines(lines)


def _of_lines(lines: Lines) -> Iterator[Row]:
    data = lines.data.removeprefix(BOM_UTF8 if lines.offset == 0 else b"")
    for line, text in enumerate(data.split(b"\n"), lines.number + 1):
        if not text or text.isspace():
            continue
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError as error:
            yield _unread(line, "json", unparsed(text, error))
        else:
            yield Row(line=line, json=text)


def _unread(line: int, rule: str, message: str) -> Row:
    return Row(line=line, unread=Unread(line, rule, message))


def _of_csv(task: Task, source: Source, category: Category) -> Iterator[Row]:
    with required("bulk", by="bulk"):
        import polars  # noqa: F401  # as judging needs it
    lines = whole_lines(blocks(source, task.stored, task.place.compression))
    feed = Feed(lines, Tally(task, keep=0))
    if (first := header_of(feed)) is None:
        return
    cells = columns_for(first, category)
    while feed.more():
        feed.pass_blank()
        if not feed.more():
            return
        row, _ = feed.row()
        if fault := row.fault or cells.fault(row.cells):
            yield _unread(row.line, "csv", fault)
        elif not row.is_blank:
            yield _dumped(row.line, next(record for _, record in cells.records(row.cells)))


def _dumped(line: int, record: dict[str, Any]) -> Row:
    try:
        return Row(line=line, json=as_json(record).encode())
    except (ValueError, RecursionError) as error:
        return _unread(line, "json", f"cannot be written as JSON ({type(error).__name__})")


def _of_parquet(task: Task, source: Source, category: Category) -> Iterator[Row]:
    with required("bulk", by="bulk"):
        import polars  # noqa: F401  # the child needs it
    if not task.stored.size:
        return
    line = 0
    with _fetched(task, source) as path, closing(_exported(task, category, path)) as exports:
        for export in exports:
            for text in export.rows:
                line += 1
                yield Row(line=line, json=text)
            if export.error:
                raise Unreadable(export.kind, export.error)


def _exported(task: Task, category: Category, path: Path) -> Generator[Export, None, None]:
    wanted = Wanted(path=str(path), size=task.stored.size, folder=task.place.folder, edition=category.contract.edition)
    try:
        for answer in _child().ask(msgspec.msgpack.encode(wanted)):
            yield msgspec.msgpack.decode(answer, type=Export)
    except Lost as lost:
        raise Unreadable(KIND, str(lost)) from None


@contextmanager
def _fetched(task: Task, source: Source) -> Iterator[Path]:
    """Lend a copy of a file, which nobody else changes."""
    with tempfile.TemporaryDirectory(prefix="traits-sandbox-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "file.parquet")
        try:
            with path.open("wb") as file:
                for block in blocks(source, task.stored, ""):
                    file.write(block)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unreadable("disk", f"cannot be held on this machine while it is read: {why}") from None
        yield path


@cache
def _child() -> Child:
    return Child(_EXPORT, Limits())


_READERS: Final[dict[Format, Reader]] = {"ndjson": _of_ndjson, "csv": _of_csv, "parquet": _of_parquet}
