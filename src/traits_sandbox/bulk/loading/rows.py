"""Reads the rows of a file as JSON, good and bad ones, for a sandbox to judge."""

import os
import tempfile
from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats.content import first_line, is_row, naming_content, require_form
from traits_sandbox.bulk.formats.csv import Feed, columns_for, header_of
from traits_sandbox.bulk.formats.isolation import ChildProcess, ProcessLimits, ProcessLost
from traits_sandbox.bulk.formats.lines import MAX_LINE, Lines, whole_lines
from traits_sandbox.bulk.formats.ndjson import unparsed
from traits_sandbox.bulk.formats.parquet_export import Export, ExportRequest
from traits_sandbox.bulk.formats.parquet_rows import as_json
from traits_sandbox.bulk.formats.tables import LIBRARIES
from traits_sandbox.bulk.loading.ingested_rows import UnreadableRow
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import Unreadable, blocks
from traits_sandbox.bulk.values import BulkValue, FileFormat, Task
from traits_sandbox.extras import required

_EXPORT: Final = "traits_sandbox.bulk.formats.parquet_export"


class FileRow(BulkValue, frozen=True):
    """A row: the line on which it begins (rows, in Parquet), and its JSON or the reason why it has none."""

    line: int
    json: bytes = b""
    unread: UnreadableRow | None = None


Reader = Callable[[Task, FileSource, CategoryRules], Iterator[FileRow]]


def rows(task: Task, source: FileSource, category: CategoryRules) -> Iterator[FileRow]:
    """Yield the rows of a whole file.

    Raises:
        Unreadable: its content is not what its name says.
        StorageError, ObjectGone: it cannot be read.

    """
    with naming_content(task, source, category):
        yield from _READERS[task.place.format](task, source, category)


def _of_ndjson(task: Task, source: FileSource, category: CategoryRules) -> Iterator[FileRow]:
    begun = False
    for lines in whole_lines(blocks(source, task.stored, task.place.compression)):
        if not begun and not is_row(first_line(lines.data), category):
            require_form(task, source, category)
        begun = True
        if lines.overlong:
            yield _unread(lines.number + 1, "size", f"must be at most {MAX_LINE} bytes long")
        else:
            yield from _of_lines(lines)


def _of_lines(lines: Lines) -> Iterator[FileRow]:
    data = lines.data.removeprefix(BOM_UTF8 if lines.offset == 0 else b"")
    for line, text in enumerate(data.split(b"\n"), lines.number + 1):
        if not text or text.isspace():
            continue
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError as error:
            yield _unread(line, "json", unparsed(text, error))
        else:
            yield FileRow(line=line, json=text)


def _unread(line: int, rule: str, message: str) -> FileRow:
    return FileRow(line=line, unread=UnreadableRow(line, rule, message))


def _of_csv(task: Task, source: FileSource, category: CategoryRules) -> Iterator[FileRow]:
    with required("bulk", by="bulk"):
        import polars  # noqa: F401  # as judging needs it
    lines = whole_lines(blocks(source, task.stored, task.place.compression))
    feed = Feed(lines, FileStats(task, keep=0))
    if (first := header_of(feed)) is None:
        return
    cells = columns_for(first, category)
    while feed.more():
        feed.pass_blank()
        if not feed.more():
            return
        row, _ = feed.row()
        if found := cells.violation(row):
            yield _unread(row.line, found.rule, found.message)
        elif not row.is_blank:
            yield _dumped(row.line, next(record for _, record in cells.records(row.cells)))


def _dumped(line: int, record: dict[str, Any]) -> FileRow:
    try:
        return FileRow(line=line, json=as_json(record).encode())
    except (ValueError, RecursionError) as error:
        return _unread(line, "json", f"cannot be written as JSON ({type(error).__name__})")


def _of_parquet(task: Task, source: FileSource, category: CategoryRules) -> Iterator[FileRow]:
    with required("bulk", by="bulk"):
        import polars  # noqa: F401  # the child needs it
    if not task.stored.size:
        return
    line = 0
    with _fetched(task, source) as path, closing(_exported(task, category, path)) as exports:
        for export in exports:
            for text in export.rows:
                line += 1
                yield FileRow(line=line, json=text)
            if export.error:
                raise Unreadable(export.kind, export.error)


def _exported(task: Task, category: CategoryRules, path: Path) -> Generator[Export, None, None]:
    asked = ExportRequest(
        path=os.fsencode(path), size=task.stored.size, folder=task.place.folder, edition=category.contract.edition
    )
    try:
        for answer in _child().ask(msgspec.msgpack.encode(asked)):
            yield msgspec.msgpack.decode(answer, type=Export)
    except ProcessLost as lost:
        raise Unreadable(lost.cause, str(lost)) from None


@contextmanager
def _fetched(task: Task, source: FileSource) -> Iterator[Path]:
    """Yield the path of a copy of a file, so that it cannot change while it is read."""
    with tempfile.TemporaryDirectory(prefix="traits-sandbox-", ignore_cleanup_errors=True) as folder:
        path = Path(folder, "file.parquet")
        try:
            with path.open("wb") as file:
                for block in blocks(source, task.stored, ""):
                    file.write(block)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unreadable("disk", f"cannot be copied to this machine: {why}") from None
        yield path


@cache
def _child() -> ChildProcess:
    return ChildProcess(_EXPORT, ProcessLimits(), LIBRARIES)


_READERS: Final[dict[FileFormat, Reader]] = {"ndjson": _of_ndjson, "csv": _of_csv, "parquet": _of_parquet}
