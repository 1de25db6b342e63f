"""The examples of the document's bulk section, as they are and broken in each way that the contract knows."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bulk.loading import CONTRACT, checked, put
from traits_sandbox.bulk.values import FileReport
from traits_sandbox.contract.model import Category, Field, Record

CATEGORIES = pytest.mark.parametrize("category", CONTRACT.categories, ids=lambda category: category.folder)

# What is of another type, by the document's word for a type.
WRONG_TYPES: dict[str, list[Any]] = {
    "string": [5, True, None, ["x"], {}],
    "int": ["5", 1.5, True, None, []],
    "float": ["5", True, None, {}],
    "Timestamp": [1546355045, None, []],
    "list": ["[]", {}, None],
}
NO_TIMES = ("", "2019-01-01T15:04:05Z", "2019-02-30 15:04:05", "2019-01-01 25:04:05", "2019-01-01", "x")
NONSENSE = "nonsense?"


@dataclass(frozen=True)
class Broken:
    """An example that breaks the contract at one field."""

    field: str
    why: str
    row: Any


def values_that_break(field: Field) -> Iterator[tuple[str, Any]]:
    """Yield values that a field must not have, each with the reason."""
    for value in WRONG_TYPES[field.type]:
        yield "wrong type", value
    if field.type == "Timestamp":
        yield from (("bad timestamp", value) for value in NO_TIMES)
    if field.min_length and not field.may_be_empty:
        yield "too short", "x" * (field.min_length - 1)
    if field.minimum is not None:
        yield "too small", field.minimum - 1
    if field.exclusive_minimum is not None:
        yield "not above the least", field.exclusive_minimum
    if field.maximum is not None:
        yield "too large", field.maximum + 1
    if field.exclusive_maximum is not None:
        yield "not below the most", field.exclusive_maximum
    if field.allowed or field.format:
        yield "not one of the known", NONSENSE


def broken(record: Record, example: dict[str, Any]) -> Iterator[Broken]:
    """Yield an example in each broken form."""
    for field in record.fields:
        if field.required:
            yield Broken(field.name, "left out", {name: value for name, value in example.items() if name != field.name})
        for why, value in values_that_break(field):
            yield Broken(field.name, why, example | {field.name: value})
        if field.item and example.get(field.name):
            first, *rest = example[field.name]
            for each in broken(CONTRACT.record(field.item), first):
                place = f"{field.name}[0].{each.field}" if each.field else f"{field.name}[0]"
                yield Broken(place, each.why, example | {field.name: [each.row, *rest]})
            yield Broken(f"{field.name}[0]", "wrong type", example | {field.name: ["x", *rest]})


def judged(root: Path, category: Category, rows: list[Any]) -> FileReport:
    put(root, f"{category.folder}/date=1/examples.ndjson", rows)
    (file,) = checked(root, keep=len(rows)).files
    return file


def examples(category: Category) -> list[Any]:
    return [example.value for example in category.examples]


def test_every_category_has_examples() -> None:
    assert CONTRACT.categories
    assert all(category.examples for category in CONTRACT.categories)


@CATEGORIES
def test_the_documented_examples_pass(tmp_path: Path, category: Category) -> None:
    file = judged(tmp_path, category, examples(category))
    assert (file.rows, file.bad_rows, file.notices) == (len(category.examples), 0, ())


@CATEGORIES
def test_each_broken_example_fails_at_its_line_and_field(tmp_path: Path, category: Category) -> None:
    record = CONTRACT.record(category.record)
    ways = [way for example in examples(category) for way in broken(record, example)]
    good = examples(category)[0]
    file = judged(tmp_path, category, [row for way in ways for row in (good, way.row)])
    found = [(bad.line, [each.name for each in bad.violations]) for bad in file.bad]
    assert found == [(2 * number, [way.field]) for number, way in enumerate(ways, 1)]
    assert {way.why for way in ways} >= {"left out", "wrong type"}


@CATEGORIES
@pytest.mark.parametrize("line", ["[]", "1", '"x"', "null", "{", '{"a": 1}{"b": 2}', '{"a": NaN}', "\x00", "x,y"])
def test_a_value_that_is_not_an_object_fails_at_its_line(tmp_path: Path, category: Category, line: str) -> None:
    good = examples(category)[0]
    file = judged(tmp_path, category, [good, "", line, good])
    assert (file.rows, [bad.line for bad in file.bad]) == (3, [3])
