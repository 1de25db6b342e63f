"""Parquet: the meaning of each type, and that even hostile files are harmless."""

import datetime as dt
import io
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bulk.files import category, faults, findings, judged, report_of, stats, written
from tests.bulk.loading import CONTRACT, checked
from tests.examples import examples
from traits_sandbox.bulk.checking.scan import list_load
from traits_sandbox.bulk.formats.isolation import ChildProcess, ProcessLimits
from traits_sandbox.bulk.formats.parquet import judge_with
from traits_sandbox.bulk.formats.parquet_rows import ParquetTable, reporting_damage
from traits_sandbox.bulk.storage.sources import Access, FileSource
from traits_sandbox.bulk.storage.streams import Unreadable
from traits_sandbox.bulk.values import FileReport
from traits_sandbox.contract.model import Field

FOLDERS = [category.folder for category in CONTRACT.categories]
PURCHASE: dict[str, list[Any]] = {"user_id": ["1"], "item_id": ["2"], "count": [3], "price": [4.5]}
LOGIN: dict[str, list[Any]] = {"user_id": ["1"]}
ACTION: dict[str, list[Any]] = {"user_id": ["1"], "action_id": ["2"], "action_name": ["x"]}
NOON = dt.datetime(2019, 1, 1, 12, 0, 0)


def parquet(frame: pl.DataFrame, **options: Any) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file, **options)
    return file.getvalue()


def of(tmp_path: Path, folder: str, columns: dict[str, Any]) -> FileReport:
    return judged(tmp_path, f"{folder}/d=1/x.parquet", parquet(pl.DataFrame(columns, strict=False)))


def typed(values: list[Any], of_type: Any) -> pl.Series:
    return pl.Series(values, dtype=of_type, strict=False)


MAP: Any = getattr(pl, "Map", None)
STRUCTS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))
PARAM = {"key": "a", "value": "b"}

GOOD: list[tuple[str, dict[str, Any]]] = [
    ("purchases", PURCHASE),
    *(
        ("purchases", PURCHASE | {"count": typed([3], of_type)})
        for of_type in (pl.Int8, pl.Int64, pl.UInt8, pl.UInt64, pl.Float32, pl.Float64, pl.Decimal(38, 0))
    ),
    *(
        ("purchases", PURCHASE | {"price": typed([4], of_type)})
        for of_type in (pl.Int16, pl.UInt32, pl.Float32, pl.Decimal(10, 2))
    ),
    ("purchases", PURCHASE | {"item_id": typed(["2"], pl.Categorical)}),
    ("purchases", PURCHASE | {"platform": typed([None], pl.Null)}),
    ("logins", LOGIN | {"timestamp": ["2019-01-01 12:00:00"]}),
    *(("logins", LOGIN | {"timestamp": typed([NOON], pl.Datetime(unit))}) for unit in ("ms", "us", "ns")),
    ("logins", LOGIN | {"timestamp": [dt.datetime(2019, 1, 1, 12, 0, 0, 999_999)]}),
    ("logins", LOGIN | {"timestamp": typed([NOON], pl.Datetime("us", "Europe/Berlin"))}),
    ("logins", LOGIN | {"register_date": [dt.date(2018, 11, 14)]}),
    ("actions", ACTION | {"action_params": typed([[PARAM, PARAM]], STRUCTS)}),
    ("actions", ACTION | {"action_params": typed([[]], STRUCTS)}),
    ("actions", ACTION | {"action_params": typed([None], STRUCTS)}),
    *([("actions", ACTION | {"action_params": typed([{"a": "b"}], MAP(pl.String, pl.String))})] if MAP else []),
    ("actions", ACTION | {"action_params": ['[{"key":"a","value":"b"}]']}),
    ("actions", ACTION | {"action_params": ['[ {"value":"b", "key":"a"} ]']}),
]


@pytest.mark.parametrize(("folder", "columns"), GOOD)
def test_each_type_that_can_hold_a_value_does(folder: str, columns: dict[str, Any], tmp_path: Path) -> None:
    report = of(tmp_path, folder, columns)
    assert (report.good, report.rows, report.error) == (True, 1, "")


BAD: list[tuple[str, dict[str, Any], str, str]] = [
    ("purchases", PURCHASE | {"user_id": [1]}, "user_id", "must be a string"),
    ("purchases", PURCHASE | {"user_id": [""]}, "user_id", "must not be empty"),
    ("purchases", PURCHASE | {"user_id": typed([None], pl.String)}, "user_id", "is required"),
    ("purchases", PURCHASE | {"user_id": [b"1"]}, "user_id", "must be a string"),
    ("purchases", PURCHASE | {"user_id": [True]}, "user_id", "must be a string"),
    ("purchases", PURCHASE | {"user_id": [NOON]}, "user_id", "must be a string"),
    ("purchases", PURCHASE | {"user_id": [float("nan")]}, "user_id", "must be a string"),
    ("purchases", PURCHASE | {"count": ["3"]}, "count", "must be an integer"),
    ("purchases", PURCHASE | {"count": [True]}, "count", "must be an integer"),
    ("purchases", PURCHASE | {"count": [2.5]}, "count", "must be an integer"),
    ("purchases", PURCHASE | {"count": [0]}, "count", "must be 1 or more"),
    ("purchases", PURCHASE | {"price": [float("nan")]}, "price", "must be a number"),
    ("purchases", PURCHASE | {"price": [float("inf")]}, "price", "must be a number"),
    ("purchases", PURCHASE | {"price": typed([Decimal("-0.01")], pl.Decimal(10, 2))}, "price", "must be a positive"),
    ("purchases", PURCHASE | {"price": [dt.timedelta(1)]}, "price", "must be a number"),
    ("logins", LOGIN | {"timestamp": [dt.date(2019, 1, 1)]}, "timestamp", "a date and time as"),
    ("logins", LOGIN | {"timestamp": ["2019-02-30 12:00:00"]}, "timestamp", "a date and time as"),
    ("logins", LOGIN | {"timestamp": [dt.time(12)]}, "timestamp", "must be"),
    ("logins", LOGIN | {"timestamp": typed([2**62], pl.Datetime("us"))}, "timestamp", "a date and time as"),
    ("logins", LOGIN | {"register_date": [NOON]}, "register_date", "must be"),
    ("logins", LOGIN | {"register_date": typed([2**30], pl.Date)}, "register_date", "a date as"),
    ("actions", ACTION | {"action_params": ["nonsense"]}, "action_params", "must be a list"),
    ("actions", ACTION | {"action_params": [""]}, "action_params", "must be a list"),
    ("actions", ACTION | {"action_params": [["a"]]}, "action_params[0]", "must be an object"),
    ("actions", ACTION | {"action_params": typed([[PARAM, None]], STRUCTS)}, "action_params[1]", "must be an object"),
    ("actions", ACTION | {"action_params": [[{"key": "a"}]]}, "action_params[0].value", "is required"),
    *(
        [
            (
                "actions",
                ACTION | {"action_params": typed([{"a": None}], MAP(pl.String, pl.String))},
                "action_params[0].value",
                "is required",
            )
        ]
        if MAP
        else []
    ),
    ("actions", ACTION | {"action_params": [[{"key": "a", "value": 1}]]}, "action_params[0].value", "must be a string"),
]


@pytest.mark.parametrize(("folder", "columns", "field", "message"), BAD)
def test_a_value_that_does_not_fit_its_field_is_reported(
    folder: str, columns: dict[str, Any], field: str, message: str, tmp_path: Path
) -> None:
    report = of(tmp_path, folder, columns)
    ((line, found, _, told, _),) = findings(report)
    assert (line, found, report.error) == (1, field, "")
    assert message in told


def values_of(field: Field) -> st.SearchStrategy[pl.Series]:
    """Return columns of four values of many types, mostly such as the field wants."""
    texts = st.sampled_from(
        [
            *("x", "", "1", "US", "en-US", "日本", "\x00", "\ufffd"),
            *("2018-11-14", "2018-02-30", "2019-01-01 15:04:05", "2019-01-01 24:00:00"),
            *("[]", '[{"key":"a","value":"b"}]', '[{"key":"a"}]', '[{"key":"a","value":"\\ud800"}]'),
        ]
    )
    whole = st.sampled_from([0, 1, -1, 5, 127])
    floats = st.sampled_from([0.0, -0.0, 1.0, 2.5, -1.0, 1e300, 2.0**53, 2.0**60, float("nan"), float("inf")])
    moments = st.sampled_from([0, -1, 10**9, -(2**62), 2**62, -62135596800000000, 253402300799999999])
    param = st.fixed_dictionaries({"key": texts | st.none(), "value": texts | st.none()})
    structs = pl.List(pl.Struct({"key": pl.String, "value": pl.String, "more": pl.Int64}))
    odd = pl.List(pl.Struct({"key": pl.String, "value": pl.String, "more": pl.Binary}))
    kinds: list[tuple[Any, st.SearchStrategy[Any]]] = [
        (pl.String, texts),
        (pl.Categorical, texts),
        (pl.Binary, st.binary(max_size=2)),
        (pl.Boolean, st.booleans()),
        *((of_type, whole) for of_type in (pl.Int8, pl.Int64, pl.UInt8, pl.UInt64)),
        *((of_type, floats) for of_type in (pl.Float32, pl.Float64)),
        (pl.Decimal(20, 2), st.sampled_from([Decimal("0.00"), Decimal("0.01"), Decimal("5.00"), Decimal("-1.00")])),
        *((pl.Datetime(unit, zone), moments) for unit in ("ms", "us", "ns") for zone in (None, "UTC", "Asia/Tokyo")),
        (pl.Date, st.sampled_from([0, -1, 2**30, -(2**30), -719162, -719163, 2932896, 2932897])),
        (pl.Time, st.integers(0, 10**12)),
        (pl.Duration("us"), whole),
        (pl.Null, st.none()),
        (pl.List(pl.String), st.lists(texts, max_size=2)),
        *((of_type, st.lists(param | st.none(), max_size=3)) for of_type in (structs, odd)),
        (pl.List(pl.List(pl.Int8)), st.lists(st.lists(whole, max_size=1), max_size=2)),
    ]
    wanted = {"string": kinds[:1], "Timestamp": [kinds[0], *kinds[11:20]], "int": kinds[4:10], "float": kinds[4:11]}
    choices = st.sampled_from(wanted.get(field.type, kinds[-4:-1] + kinds[:1])) | st.sampled_from(kinds)
    return choices.flatmap(
        lambda kind: st.lists(kind[1] | st.none(), min_size=4, max_size=4).map(lambda values: typed(values, kind[0]))
    )


@st.composite
def frames(draw: st.DrawFn) -> tuple[str, pl.DataFrame]:
    folder = draw(st.sampled_from(FOLDERS))
    fields = category(folder).record.fields
    kept = [field for field in fields if field.required or draw(st.booleans())]
    return folder, pl.DataFrame({field.name: draw(values_of(field)) for field in kept} | {"more": [1, 2, 3, 4]})


@examples(300)
@given(frames())
def test_both_ways_of_judging_find_the_same(drawn: tuple[str, pl.DataFrame]) -> None:
    folder, frame = drawn
    frame = pl.read_parquet(parquet(frame))
    kind, counted = category(folder), stats(folder)
    table = ParquetTable(kind, dict(frame.schema))
    table.judge(frame.select(table.names), counted)
    expected = [
        (line, violation.name, violation.rule, violation.message, violation.value)
        for line, row in enumerate(table.rows(frame), 1)
        if not kind.schema.is_valid(row)
        for violation in kind.schema.violations(row)
    ]
    found = [
        (each.line, each.name, each.rule, each.message, each.value)
        for bad in counted.outcome().bad
        for each in bad.violations
    ]
    assert (counted.rows, found) == (4, expected)


def test_rows_are_numbered_through_all_batches(tmp_path: Path) -> None:
    rows = 20_000
    frame = pl.DataFrame({name: values * rows for name, values in PURCHASE.items()})
    bad = [0, 4095, 4096, 9_999, 19_999]
    frame = frame.with_columns(count=pl.Series([0 if row in bad else 1 for row in range(rows)]))
    report = judged(tmp_path, "purchases/d=1/x.parquet", parquet(frame, row_group_size=3000))
    assert (report.rows, faults(report)) == (rows, [(row + 1, "count") for row in bad])
    assert report.bad[0].text == '{"user_id":"1","item_id":"2","count":0,"price":4.5}'


def test_columns_that_are_no_fields_are_counted(tmp_path: Path) -> None:
    report = of(tmp_path, "purchases", {"more": [b"x"]} | PURCHASE)
    assert (report.good, report.unknown) == (True, {"more": 1})
    assert report.columns == ("more", *PURCHASE)


def test_a_file_without_a_column_that_every_row_needs_is_a_finding(tmp_path: Path) -> None:
    report = of(tmp_path, "purchases", {"user_id": ["1"], "x": [1]})
    assert (report.error_kind, report.rows) == ("columns", 0)
    assert report.error == "lacks item_id and count and price: columns that every row needs"


@pytest.mark.parametrize("rows", [0, 1])
def test_a_file_without_rows_is_a_notice(rows: int, tmp_path: Path) -> None:
    content = parquet(pl.DataFrame(PURCHASE).head(0)) if rows else b""
    report = judged(tmp_path, "purchases/d=1/x.parquet", content)
    assert report.good
    assert "empty-file" in [notice.kind for notice in report.notices]


def test_partitions_and_odd_names_are_no_columns_and_no_patterns(tmp_path: Path) -> None:
    report = judged(tmp_path, "purchases/price=x/[a]*/x y#%20.parquet", parquet(pl.DataFrame(PURCHASE)))
    assert (report.good, report.rows) == (True, 1)


@pytest.mark.parametrize("content", [b"x", b"PAR1", b"PAR1" * 2, b"PAR1" + bytes(1000) + b"PAR1", b"\xff" * 5000])
def test_a_file_that_is_not_parquet_is_a_finding(content: bytes, tmp_path: Path) -> None:
    report = judged(tmp_path, "purchases/d=1/x.parquet", content)
    assert report.error_kind == "parquet"
    assert str(tmp_path) not in report.error


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut a file short, or change some of its bytes, mostly in the footer."""
    changed = bytearray(content)
    if not chance.randrange(5):
        return bytes(changed[: chance.randrange(len(changed))])
    for _ in range(chance.choice((1, 1, 2, 8, 50))):
        at = chance.randrange(len(changed)) if chance.randrange(2) else -1 - chance.randrange(800)
        changed[at] = chance.choice((0, 0xFF, 0x7F, chance.randrange(256)))
    return bytes(changed)


def test_a_panic_of_the_reader_is_reported_the_same_each_time() -> None:
    with pytest.raises(Unreadable, match=r"^is damaged: its reader failed$"), reporting_damage("x"):
        raise pl.exceptions.PanicException("JoinError::Panic(Id(617))")


def test_damaged_files_are_findings_and_all_others_are_judged(tmp_path: Path) -> None:
    whole = parquet(pl.DataFrame({name: values * 500 for name, values in (PURCHASE | ACTION).items()}))
    chance = random.Random(5)
    for number in range(80):
        written(tmp_path, f"purchases/d=1/{number:03}.parquet", damaged(whole, chance))
        written(tmp_path, f"purchases/d=2/{number:03}.parquet", whole)
    files = checked(tmp_path).files
    assert all(file.good and file.rows == 500 for file in files if "d=2" in file.key)
    assert {file.error_kind for file in files if "d=1" in file.key} <= {"", "parquet", "columns", "bomb"}
    assert sum(file.error_kind == "parquet" for file in files) > 20


def error_with(child: ChildProcess, root: Path) -> str:
    (task,) = list_load([str(root)], CONTRACT, Access()).tasks
    with pytest.raises(Unreadable) as caught:
        judge_with(child, task, FileSource(task.root), category(task.place.folder), stats())
    return str(caught.value)


def test_a_file_that_needs_too_much_memory_is_a_finding(tmp_path: Path) -> None:
    frame = pl.DataFrame(PURCHASE | {"platform": ["x" * 150_000_000]})
    content = parquet(frame, compression="zstd", statistics=False)
    assert len(content) < 10**6
    child = ChildProcess("traits_sandbox.bulk.formats.parquet_rows", ProcessLimits(memory=160 * 2**20))
    try:
        written(tmp_path, "purchases/d=1/x.parquet", content)
        assert "160 MiB" in error_with(child, tmp_path)
    finally:
        child.close()


def test_a_file_that_needs_too_much_time_is_a_finding(tmp_path: Path) -> None:
    written(tmp_path, "purchases/d=1/x.parquet", parquet(pl.DataFrame(PURCHASE)))
    child = ChildProcess("traits_sandbox.bulk.formats.parquet_rows", ProcessLimits(seconds=0.001))
    try:
        assert "more than 0.001 seconds" in error_with(child, tmp_path)
    finally:
        child.close()


def test_a_claim_of_too_many_rows_is_a_finding(tmp_path: Path) -> None:
    ones = pl.repeat(1, 20_000_000, dtype=pl.Int8, eager=True)
    frame = pl.DataFrame(dict.fromkeys(PURCHASE, ones))
    report = judged(tmp_path, "purchases/d=1/x.parquet", parquet(frame, row_group_size=10**9, statistics=False))
    assert report.size < 10**6
    assert (report.error_kind, report.rows) == ("bomb", 0)


def test_a_child_serves_on_after_a_finding(tmp_path: Path) -> None:
    for number, content in enumerate((b"x", parquet(pl.DataFrame(PURCHASE)), b"y", parquet(pl.DataFrame(PURCHASE)))):
        written(tmp_path, f"purchases/d=1/{number}.parquet", content)
    assert [file.good for file in checked(tmp_path).files] == [False, True, False, True]
    assert not report_of(written(tmp_path / "one", "items/x.parquet", b"x").parents[1]).good
