"""P9: the speed of checking files, compared with simple programs, and the memory that it needs for large files."""

import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import orjson

from benchmarks.bodies import contract
from benchmarks.figures import Effort, Figure, Result, Skipped, Target
from benchmarks.loads import WRITERS, Row, actions, grow, purchases, room_for
from benchmarks.processes import ROOT, children, running_seconds
from benchmarks.rounds import ratios
from traits_sandbox.bulk.checking.engine import InlineEngine
from traits_sandbox.bulk.checking.judging import CategoryRules
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.formats.tables import require_polars
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.errors import UsageError
from traits_sandbox.handlers.csv.columns import json_value, number

ROWS = 200_000
GROWTH = 5
FLAT, ENOUGH = Target(at_most=1.15), 400 * 2**20
CONVERTERS = {"int": number, "float": number, "list": json_value}


def a_line_at_a_time(path: Path, category: CategoryRules) -> int:
    """Count the valid rows of an NDJSON file."""
    is_valid, loads = category.schema.is_valid, orjson.loads
    with path.open("rb") as file:
        return sum(is_valid(loads(line)) for line in file)


def a_dictionary_at_a_time(path: Path, category: CategoryRules) -> int:
    """Count the valid rows of a CSV file."""
    is_valid = category.schema.is_valid
    converters = {field.name: CONVERTERS.get(field.type, str) for field in category.record.fields}
    with path.open(encoding="utf-8", newline="") as file:
        return sum(
            is_valid({name: converters[name](cell) for name, cell in row.items() if cell})
            for row in csv.DictReader(file)
        )


def a_row_at_a_time(path: Path, category: CategoryRules) -> int:
    """Count the valid rows of a Parquet file."""
    import polars as pl

    is_valid = category.schema.is_valid
    return sum(is_valid(row) for row in pl.read_parquet(path).iter_rows(named=True))


@dataclass(frozen=True, slots=True)
class Comparison:
    """A format, a simple program that counts its valid rows, and the targets of the ratio of speeds by folder."""

    suffix: str
    count_valid: Callable[[Path, CategoryRules], int]
    name: str
    targets: dict[str, Target]


COMPARISONS = (
    Comparison(
        "ndjson",
        a_line_at_a_time,
        "orjson + jsonschema-rs a line",
        {"purchases": Target(at_least=0.9), "actions": Target(at_least=0.9)},
    ),
    Comparison("csv", a_dictionary_at_a_time, "csv.DictReader + jsonschema-rs", {"purchases": Target(at_least=8)}),
    Comparison(
        "parquet",
        a_row_at_a_time,
        "Polars, a row at a time, + jsonschema-rs",
        {"purchases": Target(at_least=6), "actions": Target(at_least=6)},
    ),
)


def bulk(effort: Effort) -> Iterator[Result]:
    """Yield P9: the speeds on one core, then the peak memory."""
    try:
        require_polars()
    except UsageError as error:
        yield Skipped("P9", str(error))
        return
    if not Path("/proc/self/statm").exists():
        yield Skipped("P9", "it needs Linux's /proc")
        return
    for folder, rows in (("purchases", purchases(ROWS)), ("actions", actions(ROWS))):
        for comparison in COMPARISONS:
            yield _speed(comparison, folder, rows, effort)
    flat = purchases(ROWS)
    for comparison in COMPARISONS:
        yield from _memory(comparison.suffix, flat, effort)


def _speed(comparison: Comparison, folder: str, rows: list[Row], effort: Effort) -> Figure:
    with tempfile.TemporaryDirectory() as root:
        path = _written(Path(root), folder, comparison.suffix, rows)
        category, seconds = CategoryRules(contract(), folder), list[float]()

        def ours() -> float:
            seconds.append(_seconds(partial(_checked, root), min(3, effort.tries)))
            return ROWS / seconds[-1]

        def theirs() -> float:
            return ROWS / _seconds(lambda: comparison.count_valid(path, category), 1)

        found = ratios(ours, theirs, effort.rounds)
        note = f"{ROWS / min(seconds) / 1e6:.2f} million rows a second"
        what = f"{comparison.suffix} of {folder} ÷ {comparison.name}, speed"
        return Figure("P9", what, found, comparison.targets.get(folder), note)


def _checked(root: str) -> int:
    report = check((root,), contract(), InlineEngine(), access=Access(), keep=5, on_progress=lambda _: None)
    assert report.good
    return report.folders[0].rows


def _seconds(action: Callable[[], int], tries: int) -> float:
    """Return the least processor seconds of some tries, in this process and its children."""
    taken = []
    for _ in range(tries):
        begin = time.process_time() + sum(map(running_seconds, children()))
        assert action() == ROWS
        taken.append(time.process_time() + sum(map(running_seconds, children())) - begin)
    return min(taken)


def _memory(suffix: str, rows: list[Row], effort: Effort) -> Iterator[Result]:
    with tempfile.TemporaryDirectory() as root:
        if not room_for(GROWTH * effort.load_bytes, Path(root)):
            yield Skipped("P9", f"there is no room for {GROWTH * effort.load_bytes / 1e9:g} GB of {suffix}")
            return
        path = _written(Path(root), "purchases", suffix, rows)
        grow(path, effort.load_bytes)
        small, small_size = _peak(root), path.stat().st_size
        grow(path, GROWTH * path.stat().st_size)
        large, size = _peak(root), path.stat().st_size
    sizes = f"{size / 1e9:.2g} GB"
    note = f"{small['peak'] / 2**20:.0f} and {large['peak'] / 2**20:.0f} MiB, {large['seconds']:.0f} s"
    what = f"peak memory, {sizes} ÷ {small_size / 1e9:.2g} GB of {suffix}"
    yield Figure("P9", what, (large["peak"] / small["peak"],), FLAT, note)
    yield Figure("P9", f"peak memory, {sizes} of {suffix} ÷ 400 MiB", (large["peak"] / ENOUGH,), Target(at_most=1))


def _peak(root: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.checked", root]
    printed: dict[str, float] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return printed


def _written(root: Path, folder: str, suffix: str, rows: list[Row]) -> Path:
    path = root / folder / f"date=2019-01-01/rows.{suffix}"
    path.parent.mkdir(parents=True)
    WRITERS[suffix](path, rows)
    return path
