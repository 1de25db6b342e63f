"""Judges the rows of a Parquet file in a separate process: batch by batch by the column, and doubtful rows one by one.

Columns with names of fields are read; others are skipped. Null is an absent value, also within elements of a list.
Values are converted like this:

- numbers of any width and decimals are numbers, except NaN and infinities; text is text, also from a dictionary, and
never a number;
- a native timestamp is a Timestamp, in UTC if it has a time zone; its fraction of a second is dropped, because the
document's form has none and every unit of Parquet has one. A native date is a date. They are not converted to each
other;
- a list is a native list of structs, a native map if these have a key and a value, or JSON in text;
- bytes that are not declared as text, times of day and durations are not valid for any field.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from functools import cache
from math import isfinite
from os import SEEK_END
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.checking.sketch import SIZE, Sketch
from traits_sandbox.bulk.formats.expressions import Types, in_calendar, is_moment_of, is_plain, sure_rows
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.bulk.values import BulkValue, Task, TaskResult
from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Field
from traits_sandbox.derive.formats import TextFormat, format_of
from traits_sandbox.derive.places import on_line
from traits_sandbox.derive.sentences import excerpt, plain_name
from traits_sandbox.errors import UsageError
from traits_sandbox.handlers.csv.columns import json_value

if TYPE_CHECKING:
    from polars import DataFrame, DataType, Expr, LazyFrame

KIND: Final = "parquet"

# A batch has about this many bytes of columns; as values, rows need many times as much memory.
_BATCH_BYTES: Final = 2**25
_FIRST_BATCH, _LARGEST_BATCH = 2**12, 2**18
_ROWS_AT_ONCE: Final = 2000
# Nearly equal rows need less than a bit each in Parquet.
_FREE_ROWS: Final = 2**24
_MOST_ROWS_A_BYTE: Final = 16

_MOMENT_FORM, _DATE_FORM = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"
_HASHES: Final = 2**32
_MARK: Final = b"PAR1"

ConvertCell = Callable[[Any], Any]


class ParquetProblem(StrEnum):
    """Why a file cannot be read as Parquet; the value is the rest of a sentence."""

    OTHER = "is not Parquet: it does not begin with PAR1"
    CUT = "is cut off: it does not end with PAR1 as Parquet does"
    DAMAGED = "is damaged, or uses a part of Parquet that the reader does not know"
    CRASH = "is damaged: its reader failed"
    MEMORY = "needs more memory than there is"


class ParquetRequest(BulkValue, frozen=True, kw_only=True):
    """A local file to judge; `keep` is the number of bad rows to return.

    `path` and `spool`, which is the task's, are in the encoding of this system's file names.
    """

    path: bytes
    spool: bytes
    task: Task
    edition: str
    keep: int


class ParquetAnswer(BulkValue, frozen=True, kw_only=True):
    """The result so far; `mistake` is an error that the user must correct first."""

    outcome: TaskResult
    mistake: str = ""


def answers(request: bytes) -> Iterator[bytes]:
    """Yield the result after each batch of a file, the last one with the reason if the rest could not be read."""
    asked = msgspec.msgpack.decode(request, type=ParquetRequest)
    task, place = msgspec.structs.replace(asked.task, spool=os.fsdecode(asked.spool)), asked.task.place
    stats = FileStats(task, keep=asked.keep)
    try:
        for _ in judged(openable(asked.path), asked.task.stored.size, _category(asked.edition, place.folder), stats):
            yield msgspec.msgpack.encode(ParquetAnswer(outcome=stats.partial_outcome()))
        last = ParquetAnswer(outcome=stats.outcome())
    except Unreadable as error:
        last = ParquetAnswer(outcome=stats.outcome(str(error), error.kind))
    except UsageError as error:
        last = ParquetAnswer(outcome=stats.partial_outcome(), mistake=str(error))
    yield msgspec.msgpack.encode(last)


def openable(path: bytes) -> str:
    """Return a path that Polars can open: if a folder in it is not UTF-8, this process goes there."""
    try:
        return path.decode()
    except UnicodeDecodeError:
        folder, name = os.path.split(path)
        os.chdir(folder)
        return name.decode()


def judged(path: str, size: int, category: CategoryRules, stats: FileStats) -> Iterator[None]:
    """Judge a file's rows; yield after each batch.

    Raises:
        Unreadable: it is not a Parquet file of this category, or is damaged.
        UsageError: the bad rows cannot be written to their spool.

    """
    with reporting_damage(path):
        for table, batch in tables(path, size, category):
            table.judge(batch, stats)
            yield


def tables(path: str, size: int, category: CategoryRules) -> Iterator[tuple["ParquetTable", "DataFrame"]]:
    """Yield a file's rows in batches, each with its reader; raises any error of the library."""
    import polars as pl

    scan = _with_listed_maps(pl.scan_parquet(path, glob=False, hive_partitioning=False))
    table = ParquetTable(category, dict(scan.collect_schema()))
    for batch in _batches(scan.select(table.names), size):
        yield table, batch


@contextmanager
def reporting_damage(path: str) -> Iterator[None]:
    """Convert errors of the library to Unreadable; errors of the user are not changed."""
    import polars as pl

    try:
        yield
    except (Unreadable, UsageError):
        raise
    except pl.exceptions.PanicException:  # its message is internal, and different each time
        raise Unreadable(KIND, ParquetProblem.CRASH) from None
    except MemoryError:
        raise Unreadable(KIND, ParquetProblem.MEMORY) from None
    except Exception:  # its message is about the insides of the reader
        raise Unreadable(KIND, problem_of_file(path)) from None


class ParquetTable:
    """Reads the rows of files with the same columns; `names` are the columns that are fields."""

    def __init__(self, category: CategoryRules, types: Types) -> None:
        """Prepare to judge; raises Unreadable if a required column is missing."""
        fields = [field for field in category.record.fields if field.name in types]
        self.names = [field.name for field in fields]
        self._require(category, types)
        self._category, self._columns = category, list(types)
        self._sure = sure_rows(category.document, {name: types[name] for name in self.names})
        formats = {name: format_of(field) for name, field in category.document["properties"].items()}
        readings = [_reading(field, formats[field.name], types[field.name]) for field in fields]
        self._readable = [readable for readable, _ in readings]
        self._converters = [convert for _, convert in readings]

    def judge(self, batch: "DataFrame", stats: FileStats) -> None:
        """Judge rows that follow the counted ones."""
        before = stats.rows
        stats.rows = stats.lines = before + batch.height
        stats.add_columns(self._columns, self._category.unknown(self._columns), rows=batch.height)
        _add_to_sketch(batch, stats.sketch)
        doubted = (~batch.select(sure=self._sure).to_series()).arg_true()
        for start in range(0, len(doubted), _ROWS_AT_ONCE):
            places = doubted.slice(start, _ROWS_AT_ONCE)
            self._judge_one_by_one(list(self.rows(batch[places])), [before + place for place in places], stats)

    def rows(self, batch: "DataFrame") -> Iterator[dict[str, Any]]:
        """Yield rows as JSON values."""
        for row in batch.select(self._readable).iter_rows():
            filled = zip(self.names, self._converters, row, strict=True)
            yield {name: convert(value) for name, convert, value in filled if value is not None}

    def _judge_one_by_one(self, rows: list[dict[str, Any]], places: list[int], stats: FileStats) -> None:
        refused = self._category.refused(rows, lambda index: on_line(places[index] + 1), range(len(rows)))
        for index, found in sorted(refused.items()):
            stats.refuse(as_json(rows[index]), found)

    @staticmethod
    def _require(category: CategoryRules, types: Types) -> None:
        missing = [field.name for field in category.record.fields if field.required and field.name not in types]
        spellings = {plain_name(name): name for name in types}
        if missing and all(plain_name(name) in spellings for name in missing):
            changed = ", ".join(f"{name} instead of {excerpt(spellings[plain_name(name)])}" for name in missing)
            raise Unreadable("columns", f"must spell the names of its columns as documented: {changed}")
        if missing:
            raise Unreadable("columns", f"lacks {' and '.join(missing)}: columns that every row needs")


def as_json(row: dict[str, Any]) -> str:
    """Return a row as JSON, numbers of any size included."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _with_listed_maps(scan: "LazyFrame") -> "LazyFrame":
    """Return rows with native maps as lists of structs, as older versions of Polars read them."""
    import polars as pl

    types: Any = getattr(pl, "Map", ())
    maps = [name for name, of_type in scan.collect_schema().items() if isinstance(of_type, types)]
    return scan.with_columns(pl.col(name).map.entries() for name in maps)


def _batches(scan: "LazyFrame", size: int) -> Iterator["DataFrame"]:
    """Yield the rows in order, in batches whose columns have about _BATCH_BYTES."""
    import polars as pl

    total, start, height = scan.select(pl.len()).collect().item(), 0, _FIRST_BATCH
    if total > _FREE_ROWS and total > _MOST_ROWS_A_BYTE * size:
        raise Unreadable("bomb", f"claims {total} rows, more than {_MOST_ROWS_A_BYTE} for each of its bytes")
    while start < total:
        batch = scan.slice(start, height).collect()
        if batch.is_empty():
            raise Unreadable(KIND, f"is damaged: it claims {total} rows and has {start}")
        yield batch
        start += batch.height
        height = _BATCH_BYTES * batch.height // max(1, int(batch.estimated_size()))
        height = max(1, min(height, _LARGEST_BATCH))


def _reading(field: Field, text_format: TextFormat | None, of_type: "DataType") -> tuple["Expr", ConvertCell]:
    """Return an expression that reads a column, and a function that makes JSON values of it; null stays null."""
    import polars as pl

    value = pl.col(field.name)
    if is_moment_of(text_format, of_type):
        return _as_text(value, of_type).alias(field.name), _same
    if field.type == "list" and isinstance(of_type, pl.String):
        return value, json_value
    if is_plain(of_type):
        return value, _plain
    # A value that is not valid for any field, and cannot always be shown.
    there = pl.when(value.is_not_null()).then(pl.lit(value=True)).alias(field.name)
    words = _type_words(of_type)
    return there, lambda _: {"type": words}


def _type_words(of_type: "DataType") -> str:
    """Return words for a type that no field can have."""
    import polars as pl

    words = {
        pl.Binary: "bytes, not text",
        pl.Time: "time of day",
        pl.Duration: "duration",
        pl.Date: "date",
        pl.Datetime: "date and time",
        pl.List: "list",
        pl.Array: "list",
        pl.Struct: "struct",
    }
    return words.get(of_type.base_type(), "other")


def _as_text(value: "Expr", of_type: "DataType") -> "Expr":
    """Return dates and moments in the document's form, if they are in the years 0001 to 9999."""
    import polars as pl

    fits, moment = in_calendar(value, of_type), value
    if isinstance(of_type, pl.Datetime) and of_type.time_zone:
        moment = value.dt.convert_time_zone("UTC")
    form = _MOMENT_FORM if isinstance(of_type, pl.Datetime) else _DATE_FORM
    text = pl.when(fits).then(moment).otherwise(None).dt.strftime(form)
    return pl.when(fits).then(text).otherwise(value.to_physical().cast(pl.String))


def _same(value: Any) -> Any:
    return value


def _plain(value: Any) -> Any:
    match value:
        case float() if not isfinite(value):
            return {"number": str(value)}
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case list():
            return [_plain(element) for element in value]
        case dict():
            return {name: _plain(member) for name, member in value.items() if member is not None}
    return value


def _add_to_sketch(batch: "DataFrame", sketch: Sketch) -> None:
    import polars as pl

    try:
        hashes = batch.hash_rows() % _HASHES
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):  # a type that cannot be hashed
        return
    sketch.add_hashes(hashes.filter(hashes < sketch.bound).unique().bottom_k(SIZE))


def problem_of_file(path: str) -> ParquetProblem:
    """Return why a file could not be read as Parquet, by its first and last bytes."""
    try:
        with Path(path).open("rb") as file:
            begin = file.read(len(_MARK))
            size = file.seek(0, SEEK_END)
            file.seek(max(0, size - len(_MARK)))
            end = file.read()
    except OSError:
        return ParquetProblem.DAMAGED
    if begin != _MARK:
        return ParquetProblem.OTHER
    return ParquetProblem.DAMAGED if end == _MARK else ParquetProblem.CUT


@cache
def _category(edition: str, folder: str) -> CategoryRules:
    return CategoryRules(load(edition), folder)
