"""Realistic files of object storage, generated from a seed; a large file repeats the rows of a small one."""

import csv
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson

from benchmarks.bodies import SEED, START, USERS, body, push
from traits_sandbox.bulk.formats.tables import require_polars

Row = dict[str, Any]
Write = Callable[[Path, list[Row]], None]
PLATFORMS = ("Steam", "Apple", "Android")
_BATCH = 1000


def purchases(count: int) -> list[Row]:
    """Return rows without lists."""
    random = Random(SEED)
    return [
        {
            "timestamp": str(START + timedelta(seconds=number)),
            "user_id": str(100_000 + random.randrange(USERS)),
            "item_id": str(random.randrange(5000)),
            "count": random.randrange(1, 9),
            "price": round(random.uniform(0.01, 100), 2),
            "platform": random.choice(PLATFORMS),
        }
        for number in range(count)
    ]


def actions(count: int) -> list[Row]:
    """Return rows that contain a list of objects."""
    return [row for batch in range(count // _BATCH) for row in _pushed(batch)]


def _pushed(batch: int) -> list[Row]:
    operation = push()
    assert operation.body is not None
    rows: list[Row] = orjson.loads(body(_BATCH, batch=batch))[operation.body.collection]
    return rows


def write_ndjson(path: Path, rows: list[Row]) -> None:
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))


def write_csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)


def write_parquet(path: Path, rows: list[Row]) -> None:
    require_polars()
    import polars as pl

    pl.DataFrame(rows).write_parquet(path)


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, list) else value


WRITERS: Mapping[str, Write] = {"ndjson": write_ndjson, "csv": write_csv, "parquet": write_parquet}


def grow(path: Path, size: int) -> None:
    """Repeat the rows of a file until it has about `size` bytes."""
    times = max(1, round(size / path.stat().st_size))
    grown = path.with_name(f"{path.name}.grown")
    if path.suffix == ".parquet":
        _grow_parquet(path, times, grown)
    else:
        _grow_text(path, times, grown)
    grown.replace(path)


def _grow_text(path: Path, times: int, grown: Path) -> None:
    content = path.read_bytes()
    rows = content.partition(b"\n")[2] if path.suffix == ".csv" else content
    with grown.open("wb") as file:
        file.write(content)
        for _ in range(times - 1):
            file.write(rows)


def _grow_parquet(path: Path, times: int, grown: Path) -> None:
    import polars as pl

    pl.concat([pl.scan_parquet(path)] * times).sink_parquet(grown, row_group_size=2**18, statistics=False)


def room_for(size: int, folder: Path) -> bool:
    """Return whether a folder has room for two files of `size` bytes, which growing a file needs."""
    return shutil.disk_usage(folder).free > 3 * size
