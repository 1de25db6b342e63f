"""Loads for tests: files written below a folder, and a check of them in this process."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from traits_sandbox.bulk.checking.engine import Engine, InlineEngine
from traits_sandbox.bulk.checking.quarantine import Quarantine
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import LoadReport, Notice
from traits_sandbox.contract.load import editions, load

CONTRACT = load(editions()[-1])


def purchase(number: int, **more: Any) -> dict[str, Any]:
    return {"user_id": str(number), "item_id": "2002", "count": 1, "price": 25.5} | more


def put(root: Path, key: str, rows: Iterable[Any] | bytes) -> Path:
    """Write a file of NDJSON; rows that are text stand in it as they are."""
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(rows, bytes):
        lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        rows = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(rows)
    return path


def checked(
    *roots: Path, keep: int = 20, engine: Engine | None = None, quarantine: Quarantine | None = None
) -> LoadReport:
    uris = tuple(map(str, roots))
    return check(
        uris,
        CONTRACT,
        engine or InlineEngine(),
        access=Access(),
        keep=keep,
        on_progress=lambda _: None,
        quarantine=quarantine,
    )


def every_notice(report: LoadReport) -> list[Notice]:
    return [*report.notices, *(notice for file in report.files for notice in file.notices)]
