"""Single files for tests: written, judged by the whole machinery in this process, and their reports compared."""

import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from tests.bulk.loading import CONTRACT
from traits_sandbox.bulk.checking.engine import InlineEngine
from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.storage.sources import Access
from traits_sandbox.bulk.values import FilePlace, FileReport, Stored, Task

Finding = tuple[int, str, str, str, str]
"""Line, field, rule, message and excerpt of a fault."""


def report_of(root: Path, *, part: int | None = None, keep: int = 10_000) -> FileReport:
    """Return the report of the only file below a folder."""
    load = check(
        (str(root),), CONTRACT, InlineEngine(), part=part, access=Access(), keep=keep, on_progress=lambda _: None
    )
    (report,) = load.files
    return report


def written(root: Path, key: str, content: bytes) -> Path:
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def judged(root: Path, key: str, content: bytes, **options: Any) -> FileReport:
    written(root, key, content)
    return report_of(root, **options)


def findings(report: FileReport) -> list[Finding]:
    return [(bad.line, each.name, each.rule, each.message, each.value) for bad in report.bad for each in bad.violations]


def faults(report: FileReport) -> list[tuple[int, str]]:
    return [(line, field) for line, field, *_ in findings(report)]


def without_digest(report: FileReport) -> FileReport:
    return msgspec.structs.replace(report, digest="")


def category(folder: str) -> CategoryRules:
    return CategoryRules(CONTRACT, folder)


def stats(folder: str = "purchases", keep: int = 10_000) -> FileStats:
    stored, place = Stored(key=f"{folder}/x", size=0), FilePlace(folder=folder, format="csv")
    return FileStats(Task(root=".", stored=stored, place=place), keep=keep)


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, 1)


def lines(*rows: str, end: str = "\n") -> bytes:
    return "".join(f"{row}{end}" for row in rows).encode()


def joined(parts: Iterable[bytes]) -> bytes:
    return b"".join(parts)
