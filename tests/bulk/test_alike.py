"""The same rows get the same verdicts in NDJSON, CSV and Parquet, compressed or not, as in an upload."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import polars as pl
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.bulk.files import Finding, category, findings, gzipped, judged
from tests.bulk.loading import CONTRACT
from tests.examples import examples
from traits_sandbox.bulk.loading.ingested_rows import judge
from traits_sandbox.contract.model import Field, Operation, Record
from traits_sandbox.derive.bodies import PushSchema
from traits_sandbox.derive.places import on_line
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.errors import ROW, BadRequest, Violation
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


PUSHES = {each.body.record: each for each in CONTRACT.operations if each.body and each.body.collection}


def pushed(record: Record, rows: list[Any]) -> list[Finding]:
    """Return the number of the row, the field, the rule and the message of each violation, as a push finds them."""
    operation = PUSHES[record.heading]
    assert operation.body
    try:
        PushSchema(CONTRACT, operation).records(orjson.dumps({operation.body.collection: rows}))
    except BadRequest as refused:
        return [finding(each, each.record, operation.body.collection) for each in refused.violations]
    return []


def ingested(record: Record, rows: list[Any]) -> list[Finding]:
    """Return the same as an ingestion of the rows finds it."""
    numbered = list(enumerate(rows, 1))
    found = judge(RecordSchema(CONTRACT, record), numbered, [])
    return [finding(each, (each.line or 0) - 1) for each in found.refused.kept]


def checked_as_ndjson(folder: str, rows: list[Any]) -> list[Finding]:
    """Return the same as a check of a file finds it."""
    with TemporaryDirectory() as root:
        report = judged(Path(root), f"{folder}/d=1/x.ndjson", b"".join(orjson.dumps(row) + b"\n" for row in rows))
    return [finding(each, (each.line or 0) - 1) for bad in report.bad for each in bad.violations]


def finding(violation: Violation, number: int | None, whole: str = ROW) -> Finding:
    field = ROW if violation.name == whole else violation.name
    return number or 0, field, violation.rule, violation.message, violation.value


@st.composite
def odd_loads(draw: st.DrawFn) -> tuple[Record, str, list[Any]]:
    """Draw rows that also have unknown fields, wrong types, deep values, or are not objects."""
    record, folder, rows = draw(loads().filter(lambda load: load[0].heading in PUSHES))
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, 5, "x", [], {}, [[]], {"a": {"b": []}}, True, 2**60, 1e300, -1]
    )
    names = st.sampled_from([field.name for field in record.fields] + ["colour", "", "a/b"])
    changed: list[Any] = [{**row, **draw(st.dictionaries(names, odd, max_size=2))} for row in rows]
    return record, folder, [*changed, *draw(st.lists(odd, max_size=1))]


@examples(150)
@given(odd_loads())
def test_a_push_an_ingestion_and_a_check_find_the_same_violations(load: tuple[Record, str, list[Any]]) -> None:
    record, folder, rows = load
    expected = pushed(record, rows)
    assert ingested(record, rows) == expected
    assert checked_as_ndjson(folder, rows) == expected


@pytest.mark.parametrize("depth", [200, 300, 900])
@pytest.mark.parametrize("field", ["colour", "price"])
def test_a_row_is_too_deep_on_every_route(depth: int, field: str) -> None:
    deep: Any = 1
    for _ in range(depth - 10):
        deep = [deep]
    row = {"user_id": "1", "item_id": "2", "count": 1, "price": 2.5, field: deep}
    text = json.dumps(row).encode()
    push = pushed_text(PUSHES["Purchase"], b'{"purchases": [' + text + b"]}")
    found = judge(category("purchases").schema, [(1, orjson.loads(text))], [])
    with TemporaryDirectory() as root:
        report = judged(Path(root), "purchases/d=1/x.ndjson", text + b"\n")
    assert (push, found.refused.count == 0, report.good) == (field == "colour" and depth == 200,) * 3


def pushed_text(operation: Operation, body: bytes) -> bool:
    try:
        PushSchema(CONTRACT, operation).records(body)
    except BadRequest:
        return False
    return True
