"""The same rows get the same verdicts in NDJSON, CSV and Parquet, compressed or not, as in an upload."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.bulk.files import category, findings, gzipped, judged
from tests.bulk.loading import CONTRACT
from tests.examples import examples
from traits_sandbox.contract.model import Field, Record
from traits_sandbox.derive.places import on_line
from traits_sandbox.handlers.intake import RecordIntake

Row = dict[str, Any]
FOLDERS = [category.folder for category in CONTRACT.categories]

TEXTS = st.sampled_from(
    [
        *("x", "1", "日本", '"', ",", "a\nb", "US", "USA", "en-US", "e", "x-", " ", "\ufffd", "=1+1", "NaN", "null"),
        *(
            "2018-11-14",
            "2018-02-30",
            "2020-02-29",
            "2019-01-01 15:04:05",
            "2019-01-01 24:00:00",
            "0000-01-01 00:00:00",
        ),
    ]
)
GOOD = {"string": "abc", "int": 12, "float": 2.5, "list": [], "Timestamp": "2019-01-01 15:04:05"}
FORMATTED = {"date": "2018-11-14", "country": "US", "language": "en-US"}
MEMBERS = st.dictionaries(st.sampled_from(["key", "value"]), TEXTS, max_size=2)
ANY: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "Timestamp": TEXTS,
    "int": st.integers(-3, 3) | st.integers(-(2**53), 2**53),
    "float": st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, 1.0, 1e-300]),
    "list": st.lists(st.just({"key": "a", "value": "b"}) | MEMBERS, max_size=3),
}
COLUMNS = {"string": pl.String, "Timestamp": pl.String, "int": pl.Int64, "float": pl.Float64}
PARAMS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Return values of the right type, many of them with the wrong content; None for an absent one."""
    good = st.just(FORMATTED.get(field.format, GOOD[field.type]))
    return good | good | good | ANY[field.type] | st.none()


@st.composite
def loads(draw: st.DrawFn) -> tuple[Record, str, list[Row]]:
    folder = draw(st.sampled_from(FOLDERS))
    record = category(folder).record
    row = st.fixed_dictionaries({field.name: values_of(field) for field in record.fields})
    rows = draw(st.lists(row, min_size=1, max_size=4))
    return record, folder, [{name: value for name, value in row.items() if value is not None} for row in rows]


def ndjson(_: Record, rows: list[Row]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def as_csv(record: Record, rows: list[Row]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, [field.name for field in record.fields], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({n: orjson.dumps(v).decode() if isinstance(v, list) else v for n, v in row.items()})
    return file.getvalue().encode()


def parquet(record: Record, rows: list[Row], *, native: bool = True) -> bytes:
    lists = PARAMS if native else pl.String
    frame = {}
    for field in record.fields:
        values = [row.get(field.name) for row in rows]
        if field.type == "list" and not native:
            values = [None if value is None else orjson.dumps(value).decode() for value in values]
        frame[field.name] = pl.Series(values, dtype=COLUMNS.get(field.type, lists))
    file = io.BytesIO()
    pl.DataFrame(frame).write_parquet(file)
    return file.getvalue()


FORMATS: dict[str, Callable[[Record, list[Row]], bytes]] = {
    "ndjson": ndjson,
    "ndjson.gz": lambda record, rows: gzipped(ndjson(record, rows)),
    "csv": as_csv,
    "csv.zst": lambda record, rows: zstandard.compress(as_csv(record, rows)),
    "parquet": parquet,
    "json.parquet": lambda record, rows: parquet(record, rows, native=False),
}


def uploaded(record: Record, rows: list[Row]) -> list[tuple[int, str, str]]:
    """Return the number of the row, the field and the rule of each violation, as an upload finds them."""
    _, violations = RecordIntake(CONTRACT, record).accept(rows, on_line)
    return [(each.line or 0, each.name, each.rule) for each in violations]


def in_rows(found: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Number bad rows from 0 by their order, as a row of CSV may take several lines; fields have any order."""
    order = {line: number for number, line in enumerate(dict.fromkeys(line for line, *_ in found))}
    return sorted((order[line], field, rule) for line, field, rule in found)


@examples(150)
@given(loads())
def test_all_formats_get_the_verdicts_of_an_upload(load: tuple[Record, str, list[Row]]) -> None:
    record, folder, rows = load
    expected = in_rows(uploaded(record, rows))
    for suffix, written in FORMATS.items():
        with TemporaryDirectory() as root:
            report = judged(Path(root), f"{folder}/d=1/x.{suffix}", written(record, rows))
        found = in_rows([(line, field, rule) for line, field, rule, *_ in findings(report)])
        assert (suffix, report.rows, report.error, found) == (suffix, len(rows), "", expected)
