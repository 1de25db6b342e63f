"""Judges Parquet in a separate process, because a hostile file may crash its reader or use too much memory."""

import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats.content import naming_content
from traits_sandbox.bulk.formats.isolation import ChildProcess, ProcessLimits, ProcessLost
from traits_sandbox.bulk.formats.parquet_rows import ParquetAnswer, ParquetRequest
from traits_sandbox.bulk.formats.tables import LIBRARIES, require_polars
from traits_sandbox.bulk.storage.paths import local_path, on_disk
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import Unreadable, blocks
from traits_sandbox.bulk.values import Task
from traits_sandbox.errors import UsageError

_MODULE: Final = "traits_sandbox.bulk.formats.parquet_rows"


def judge(task: Task, source: FileSource, category: CategoryRules, stats: FileStats) -> None:
    """Judge the rows of a file, in the process that is kept for all files."""
    require_polars()
    with naming_content(task, source, category):
        judge_with(_child(), task, source, category, stats)


def judge_with(child: ChildProcess, task: Task, source: FileSource, category: CategoryRules, stats: FileStats) -> None:
    """Judge the rows of a file in a separate process.

    Raises:
        Unreadable: it is not a Parquet file of this category, is damaged, or needed too much memory or time.
        UsageError: the bad rows cannot be written to their spool.
        StorageError, ObjectGone: it cannot be read.

    """
    if not task.stored.size:
        return
    answer = None
    with (
        _on_this_machine(task, source, stats) as (path, rest),
        closing(_asked(child, path, task, category, stats)) as answers,
    ):
        for answer in answers:
            stats.adopt(answer.outcome)
            # The rest is read here while the other process continues.
            stats.read(next(rest, b""))
        for block in rest:
            stats.read(block)
    if answer and answer.mistake:
        raise UsageError(answer.mistake)
    if answer and answer.outcome.error:
        raise Unreadable(answer.outcome.error_kind, answer.outcome.error)


def _asked(
    child: ChildProcess, path: Path, task: Task, category: CategoryRules, stats: FileStats
) -> Generator[ParquetAnswer, None, None]:
    request = ParquetRequest(
        path=os.fsencode(path),
        spool=os.fsencode(task.spool),
        task=msgspec.structs.replace(task, spool=""),
        edition=category.contract.edition,
        keep=stats.keep,
    )
    try:
        for answer in child.ask(msgspec.msgpack.encode(request)):
            yield msgspec.msgpack.decode(answer, type=ParquetAnswer)
    except ProcessLost as lost:
        raise Unreadable(lost.cause, str(lost)) from None


@contextmanager
def _on_this_machine(task: Task, source: FileSource, stats: FileStats) -> Iterator[tuple[Path, Iterator[bytes]]]:
    """Yield the path of a file, and its content that was not read yet.

    A file in a cloud is downloaded to the folder for temporary files, and removed at the end.
    """
    folder, content = local_path(task.root), blocks(source, task.stored, "")
    if folder is not None and (path := folder.resolve() / on_disk(task.stored.key)).is_file():
        yield path, content
        return
    with tempfile.TemporaryDirectory(prefix="traits-sandbox-", ignore_cleanup_errors=True) as temporary:
        path = Path(temporary, "file.parquet")
        _fetch(content, stats, path)
        yield path, content


def _fetch(content: Iterator[bytes], stats: FileStats, path: Path) -> None:
    try:
        with path.open("wb") as file:
            for block in content:
                stats.read(block)
                file.write(block)
    except OSError as error:
        message = f"cannot be copied to this machine: {error.strerror or type(error).__name__}"
        raise Unreadable("disk", message) from None


@cache
def _child() -> ChildProcess:
    return ChildProcess(_MODULE, ProcessLimits(), LIBRARIES)
