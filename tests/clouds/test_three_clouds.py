"""One data set in three clouds and three formats has the same violations as pushes of its rows."""

import io
import json
from collections.abc import Iterator
from csv import DictWriter
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clouds.servers import Cloud
from tests.wire.served import Served, serving
from traits_sandbox.bulk.checking.engine import LocalEngine
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.loading.sending import RemoteSandbox
from traits_sandbox.bulk.loading.watching import Watch
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.values import FileReport
from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Category, Field, Operation
from traits_sandbox.derive.json_schema import field_schema

CONTRACT = load("2020-09")
PUSHES = {o.body.record: o for o in CONTRACT.operations if o.behaviour == "push" and o.body}

# Categories whose rows have the same shape as pushed records.
CATEGORIES = [category for category in CONTRACT.categories if category.record in PUSHES]
NONSENSE = "certainly nonsense"

Row = dict[str, Any]
Violations = set[str]
"""The invalid fields of a row; none if the row is valid."""


def fields(category: Category) -> tuple[Field, ...]:
    return CONTRACT.record(category.record).fields


def data_set(category: Category) -> list[Row]:
    """Return valid rows, and rows that break the contract in each way that all formats can express."""
    examples = [dict(example.value) for example in category.examples]
    whole = {**examples[0], **{field.name: good(field) for field in fields(category)}}
    changes = [change for field in fields(category) for change in breaks(whole, field)]
    several = [one | other for one, other in pairwise(changes)]
    return [*examples, whole, *(without_absent(whole | change) for change in (*changes, *several))]


def without_absent(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}


def good(field: Field) -> Any:
    """Return a valid value of a field."""
    match field.type:
        case "int":
            return number(field, 7, 1)
        case "float":
            return number(field, 7.5, 0.25)
        case "list":
            return [{each.name: good(each) for each in CONTRACT.record(field.item).fields}]
        case "Timestamp":
            return "2019-01-01 15:04:05"
    schema = field_schema(field)
    texts = (*schema.get("enum", ()), 'ünd, "quoted" text', "2019-01-01", "de", NONSENSE)
    return next(text for text in texts if fits(text, schema))


def number(field: Field, usual: float, step: float) -> float:
    """Return a number within the bounds of a field: the usual one, or one at or beside a bound."""
    beside = [field.minimum, field.maximum]
    beside += [None if field.exclusive_minimum is None else field.exclusive_minimum + step]
    beside += [None if field.exclusive_maximum is None else field.exclusive_maximum - step]
    numbers = (usual, *(each for each in beside if each is not None))
    return next(each for each in numbers if fits(each, field_schema(field)))


def fits(value: Any, schema: Row) -> bool:
    import jsonschema

    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


def breaks(row: Row, field: Field) -> Iterator[Row]:
    """Yield changes that make a row bad; None removes the field. There is no empty text, which CSV cannot express."""
    schema = field_schema(field)
    if field.required:
        yield {field.name: None}
    if "minimum" in schema:
        yield {field.name: schema["minimum"] - 1}
    if "exclusiveMinimum" in schema:
        yield {field.name: schema["exclusiveMinimum"]}
    if "maximum" in schema:
        yield {field.name: schema["maximum"] + 1}
    if "exclusiveMaximum" in schema:
        yield {field.name: schema["exclusiveMaximum"]}
    if field.type == "list":
        *others, _ = [each.name for each in CONTRACT.record(field.item).fields if each.required]
        yield {field.name: [*row[field.name], dict.fromkeys(others, "alone")]}
    if "pattern" in schema or "enum" in schema:
        yield {field.name: NONSENSE}


def ndjson(_: Category, rows: list[Row]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def csv(category: Category, rows: list[Row]) -> bytes:
    text = io.StringIO()
    writer = DictWriter(text, [field.name for field in fields(category)], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()})
    return text.getvalue().encode()


def parquet(category: Category, rows: list[Row]) -> bytes:
    import polars as pl

    types: dict[str, Any] = {"int": pl.Int64, "float": pl.Float64}

    def of(field: Field) -> Any:
        if field.type != "list":
            return types.get(field.type, pl.String)
        return pl.List(pl.Struct({each.name: of(each) for each in CONTRACT.record(field.item).fields}))

    file = io.BytesIO()
    pl.DataFrame(rows, schema={field.name: of(field) for field in fields(category)}).write_parquet(file)
    return file.getvalue()


# The writer of each format, and the number of lines before its first row.
FORMATS = {"ndjson": (ndjson, 0), "csv": (csv, 1), "parquet": (parquet, 0)}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox"), "--log-format", "none") as served:
        yield served


@pytest.fixture(scope="module")
def pushed(sandbox: Served) -> dict[str, list[Violations]]:
    """The violations of pushes with one row each, by folder."""
    with sandbox.client() as client:
        return {
            category.folder: [push(client, PUSHES[category.record], row) for row in data_set(category)]
            for category in CATEGORIES
        }


def push(client: httpx.Client, operation: Operation, row: Row) -> Violations:
    assert operation.body is not None
    reply = client.post(operation.path, json={operation.body.collection: [row]})
    assert reply.status_code in (201, 400), reply.text
    if reply.status_code == 201:
        return set()
    entry = client.get(f"/_sandbox/requests/{reply.headers['sandbox-request-id']}").json()
    # Each violation is written as `purchases[0].price: must be ...`.
    return {text.partition(": ")[0].partition(".")[2] for text in entry["violations"]}


def fill(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    for category in CATEGORIES:
        for suffix, (write, _) in FORMATS.items():
            cloud.put(bucket, f"game/{category.folder}/x.{suffix}", write(category, data_set(category)))


def violations(file: FileReport, rows: int) -> list[Violations]:
    before = FORMATS[file.format][1]
    found: list[Violations] = [set() for _ in range(rows)]
    for bad in file.bad:
        found[bad.line - 1 - before] = {each.name for each in bad.violations}
    return found


def test_the_data_set_has_good_rows_and_bad_rows_of_every_kind(pushed: dict[str, list[Violations]]) -> None:
    assert {"actions", "logins", "purchases"} <= pushed.keys()
    for category in CATEGORIES:
        found = pushed[category.folder]
        assert found.count(set()) == len(category.examples) + 1
        assert {field.name for field in fields(category) if field.required} <= set().union(*found)
        assert max(map(len, found)) >= 2


def test_every_format_in_every_cloud_has_the_violations_of_pushes(
    cloud: Cloud, bucket: str, pushed: dict[str, list[Violations]]
) -> None:
    fill(cloud, bucket)
    uri = f"{cloud.scheme}://{bucket}/game"
    report = check((uri,), CONTRACT, LocalEngine(1), access=cloud.access, keep=1000, on_progress=lambda _: None)
    assert len(report.files) == len(CATEGORIES) * len(FORMATS)
    for file in report.files:
        expected = pushed[file.folder]
        assert (file.error, file.rows) == ("", len(expected)), file.key
        assert violations(file, file.rows) == expected, file.key


def test_ingested_files_have_the_violations_of_pushes(
    cloud: Cloud, bucket: str, sandbox: Served, pushed: dict[str, list[Violations]]
) -> None:
    fill(cloud, bucket)
    key = f"{sandbox.key}/{bucket}"
    source = FileSource(f"{cloud.scheme}://{bucket}/game", cloud.access)
    with RemoteSandbox(sandbox.url, api_key=key) as remote, sandbox.client(key) as client:
        watch = Watch(source, CONTRACT, remote, interval=1.0, clock=lambda: 0.0, log=lambda _: None)
        assert watch.poll().waiting == len(CATEGORIES) * len(FORMATS)
        assert watch.poll().sent == len(CATEGORIES) * len(FORMATS)
        uploads = client.get("/_sandbox/uploads").json()["uploads"]
    assert len(uploads) == len(CATEGORIES) * len(FORMATS)
    for upload in uploads:
        before = FORMATS[Path(upload["object"]["key"]).suffix[1:]][1]
        found: list[Violations] = [set() for _ in pushed[upload["object"]["folder"]]]
        for refused in upload["refused"]:
            found[refused["line"] - 1 - before].add(refused["field"])
        assert found == pushed[upload["object"]["folder"]], upload["object"]["key"]
        assert upload["records"] == found.count(set())
