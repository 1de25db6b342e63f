"""The fast paths are built from the keywords of JSON Schema, and an unknown keyword disables them."""

import copy
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import orjson
import polars as pl
import pytest

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats.csv import judge_lines
from traits_sandbox.bulk.formats.expressions import sure_rows
from traits_sandbox.bulk.formats.lines import whole_lines
from traits_sandbox.bulk.formats.parquet_rows import ParquetTable
from traits_sandbox.bulk.formats.spelling import csv_row
from traits_sandbox.bulk.values import FilePlace, Stored, Task
from traits_sandbox.contract.model import Category, Contract, Field, Operation, Record, RequestBody, Response
from traits_sandbox.derive.bodies import PushSchema
from traits_sandbox.derive.decoding import typed_decoder
from traits_sandbox.derive.json_schema import Schema, closed_request_schema, record_document
from traits_sandbox.errors import BadRequest

TAG = Record(heading="Tag", kind="tag", fields=(Field(name="label", type="string", required=True),))
PUSH = Operation(
    id="push_things",
    title="Push things",
    method="POST",
    path="/v9/things",
    behaviour="push",
    effect="append",
    body=RequestBody(media_type="application/json", collection="things", record="Thing"),
    response=Response(status=201, message="{count} things stored"),
)
TYPES: dict[str, Any] = {"int": pl.Int64, "float": pl.Float64, "string": pl.String}


def contract_of(field: Field) -> Contract:
    """Return a contract with one push, whose records have one user and one field."""
    user = Field(name="user_id", type="string", required=True, min_length=1, role="user")
    tags = Field(name="tags", type="list", item="Tag", required=False)
    thing = Record(heading="Thing", kind="thing", fields=(user, field, tags))
    return Contract(
        edition="made-up",
        title="Made up",
        records=(thing, TAG),
        operations=(PUSH,),
        categories=(Category(folder="things", title="Things", record="Thing"),),
        min_records=1,
        max_records=1000,
    )


@dataclass(frozen=True)
class Bound:
    """A bound of a field, and values on both sides of it."""

    of: Field
    values: tuple[Any, ...]

    @property
    def name(self) -> str:
        facts = {name: getattr(self.of, name) for name in self.of.__struct_fields__}
        return " ".join(f"{name}={value}" for name, value in facts.items() if value and name != "required")


def bound(type_: Any, *values: Any, **facts: Any) -> Bound:
    return Bound(Field(name="f", type=type_, required=True, **facts), values)


BOUNDS = [
    bound("int", -1, 0, 1, 99, 100, 101, 250, minimum=0),
    bound("int", -1, 0, 1, 99, 100, 101, 250, maximum=100),
    bound("int", 0, 1, 5, 9, 10, minimum=1, maximum=9),
    bound("int", -1, 0, 1, exclusive_minimum=0),
    bound("int", 99, 100, 101, exclusive_maximum=100),
    bound("float", -0.5, 0.0, 0.5, 99.5, 100.0, 100.5, maximum=100),
    bound("float", -0.5, 0.0, 0.25, 0.5, 99.5, 100.0, minimum=0.5),
    bound("float", -0.5, 0.0, 0.5, 99.5, 100.0, exclusive_maximum=100, exclusive_minimum=0),
    bound("string", "a", "ab", "abc", "日本", "日本語", min_length=2),
    bound("string", "a", "ab", "abc", "日本", "日本語", max_length=2),
    bound("string", "ab", "abc", "abcd", "abcde", min_length=3, max_length=4),
    bound("string", "low", "high", "medium", "", allowed=("low", "high")),
    bound("string", "2018-11-14", "2018-02-30", "soon", "2018-11-14x", format="date"),
    bound("string", "US", "USA", "u1", format="country"),
    bound("Timestamp", "2019-01-01 15:04:05", "2019-01-01T15:04:05", "2019-13-01 00:00:00"),
]


def by_push(contract: Contract, value: Any) -> bool:
    body = {"things": [{"user_id": "1", "f": value}]}
    try:
        PushSchema(contract, PUSH).records(orjson.dumps(body))
    except BadRequest:
        return False
    return True


def totals() -> FileStats:
    place = FilePlace(folder="things", format="csv")
    return FileStats(Task(root="r", stored=Stored(key="things/x.csv", size=1), place=place), keep=10)


def by_csv(contract: Contract, value: Any) -> bool:
    found = totals()
    content = f"user_id,f\n1,{value}\n".encode()
    judge_lines(whole_lines(iter([content])), CategoryRules(contract, "things"), found)
    assert found.rows == 1
    return not found.bad_rows


def by_parquet(contract: Contract, value: Any) -> bool:
    field = contract.record("Thing").fields[1]
    frame = pl.DataFrame({"user_id": ["1"], "f": pl.Series([value], dtype=TYPES.get(field.type, pl.String))})
    table, found = ParquetTable(CategoryRules(contract, "things"), dict(frame.schema)), totals()
    table.judge(frame.select(table.names), found)
    return not found.bad_rows


ROUTES: dict[str, Callable[[Contract, Any], bool]] = {"push": by_push, "csv": by_csv, "parquet": by_parquet}


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("case", BOUNDS, ids=lambda case: case.name)
def test_a_bound_of_the_contract_holds_on_each_route(case: Bound, route: str) -> None:
    contract = contract_of(case.of)
    schema = jsonschema.Draft202012Validator(record_document(contract, contract.record("Thing")))
    # An empty cell is an absent value, so CSV cannot write an empty text.
    values = [value for value in case.values if value != "" or route != "csv"]
    expected = {value: schema.is_valid({"user_id": "1", "f": value}) for value in values}
    assert set(expected.values()) == {True, False}
    assert {value: ROUTES[route](contract, value) for value in values} == expected


PLAIN = contract_of(Field(name="f", type="int", required=True, minimum=0))
RECORD = ["$defs", "Thing"]


@pytest.mark.parametrize(
    "place",
    [
        [],
        ["properties", "things"],
        RECORD,
        [*RECORD, "properties", "f"],
        [*RECORD, "properties", "user_id"],
        ["$defs", "Tag"],
    ],
    ids="/".join,
)
@pytest.mark.parametrize("keyword", ["multipleOf", "not", "minProperties", "if", "x-invented"])
def test_an_unknown_keyword_disables_the_typed_decoder(place: list[str], keyword: str) -> None:
    schema = closed_request_schema(PLAIN, PUSH)
    assert typed_decoder(schema, "things", {})
    assert typed_decoder(with_keyword(schema, place, keyword), "things", {}) is None


@pytest.mark.parametrize("place", [[], ["properties", "f"], ["properties", "user_id"]], ids="/".join)
@pytest.mark.parametrize("keyword", ["multipleOf", "not", "minProperties", "if", "x-invented"])
def test_an_unknown_keyword_leaves_rows_of_files_to_the_schema(place: list[str], keyword: str) -> None:
    document = record_document(PLAIN, PLAIN.record("Thing"))
    changed = with_keyword(document, place, keyword)
    frame = pl.DataFrame({"user_id": ["1", "2", "3"], "f": [1, 2, 3]})
    types = dict(frame.schema)
    assert frame.select(sure=sure_rows(document, types))["sure"].to_list() == [True] * 3
    assert frame.select(sure=sure_rows(changed, types))["sure"].to_list() == [False] * 3
    assert pl.Series(["1,1"]).str.contains(csv_row(document, ["user_id", "f"])).to_list() == [True]
    assert csv_row(changed, ["user_id", "f"]) == ""


@pytest.mark.parametrize(
    "place", [["$defs", "Tag"], ["$defs", "Tag", "properties", "label"], ["properties", "tags"]], ids="/".join
)
@pytest.mark.parametrize("keyword", ["multipleOf", "minItems", "x-invented"])
def test_an_unknown_keyword_leaves_lists_to_the_schema(place: list[str], keyword: str) -> None:
    document = record_document(PLAIN, PLAIN.record("Thing"))
    changed = with_keyword(document, place, keyword)
    tags = [{"label": "a"}]
    native = pl.DataFrame({"user_id": ["1"] * 3, "f": [1] * 3, "tags": [tags] * 3})
    text = pl.DataFrame({"user_id": ["1"] * 3, "f": [1] * 3, "tags": [json.dumps(tags)] * 3})
    for frame in (native, text):
        types = dict(frame.schema)
        assert frame.select(sure=sure_rows(document, types))["sure"].to_list() == [True] * 3
        assert frame.select(sure=sure_rows(changed, types))["sure"].to_list() == [False] * 3
    line = io.StringIO('1,1,"[{""label"": ""a""}]"')
    lines = pl.Series([line.getvalue()])
    assert lines.str.contains(csv_row(document, ["user_id", "f", "tags"])).to_list() == [True]
    assert lines.str.contains(csv_row(changed, ["user_id", "f", "tags"])).to_list() == [False]


def with_keyword(schema: Schema, place: list[str], keyword: str) -> Schema:
    """Return a copy of a schema with one keyword more at a place."""
    changed = copy.deepcopy(schema)
    at = changed
    for step in place:
        at = at[step]
    at[keyword] = 2
    return changed
