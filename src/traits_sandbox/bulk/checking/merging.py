"""Makes one report of a file from the results of its parts, in any order."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from traits_sandbox.bulk.checking.judging import MAX_COLUMNS, first_names
from traits_sandbox.bulk.checking.notices import about_file
from traits_sandbox.bulk.values import CONTENT, BadRow, FileReport, FolderReport, Task, TaskResult


def file_report(task: Task, outcomes: list[TaskResult], keep: int) -> FileReport:
    """Return the report of the file that a task is part of."""
    parts = sorted(outcomes, key=lambda outcome: outcome.part)
    failed = next((part for part in parts if part.error), None)
    if failed and failed.error_kind == CONTENT:
        # The whole content counts as one bad row.
        parts = [msgspec.structs.replace(part, rows=part.bad_rows, columns=(), unknown={}) for part in parts]
    file = FileReport(
        key=task.stored.key,
        root=task.root,
        folder=task.place.folder,
        format=task.place.format,
        compression=task.place.compression,
        size=task.stored.size,
        etag=task.stored.etag,
        rows=sum(part.rows for part in parts),
        bad_rows=sum(part.bad_rows for part in parts),
        fault_count=sum(part.fault_count for part in parts),
        bad=_first_bad(parts, keep),
        columns=tuple(dict.fromkeys(name for part in parts for name in part.columns))[:MAX_COLUMNS],
        unknown=first_names(sum((Counter(part.unknown) for part in parts), Counter[str]())),
        digest=_digest(parts),
        error=failed.error if failed else "",
        error_kind=failed.error_kind if failed else "",
    )
    return msgspec.structs.replace(file, notices=tuple(about_file(file)))


def folder_reports(files: Iterable[FileReport]) -> tuple[FolderReport, ...]:
    """Return the sums of each folder."""
    by_folder: defaultdict[str, list[FileReport]] = defaultdict(list)
    for file in files:
        by_folder[file.folder].append(file)
    return tuple(_folder_report(folder, members) for folder, members in sorted(by_folder.items()))


def _folder_report(folder: str, files: list[FileReport]) -> FolderReport:
    return FolderReport(
        folder=folder,
        files=len(files),
        bad_files=sum(not file.good for file in files),
        rows=sum(file.rows for file in files),
        bad_rows=sum(file.bad_rows for file in files),
        bytes=sum(file.size for file in files),
    )


def _first_bad(parts: list[TaskResult], keep: int) -> tuple[BadRow, ...]:
    """Return the first bad rows of all parts, numbered by the lines of the file."""
    found: list[BadRow] = []
    before = 0
    for part in parts:
        found += (moved(bad, before) for bad in part.bad[: keep - len(found)])
        before += part.lines
    return tuple(found)


def moved(bad: BadRow, lines: int) -> BadRow:
    """Return a bad row with its number in the file; `lines` precede its part."""
    if not lines:
        return bad
    replace = msgspec.structs.replace
    return replace(
        bad,
        line=bad.line + lines,
        violations=tuple(replace(each, line=bad.line + lines) for each in bad.violations),
    )


def _digest(parts: list[TaskResult]) -> str:
    """Return the digest of the content: files of the same size are split in the same way."""
    if len(parts) == 1:
        return parts[0].digest.hex()
    return hashlib.blake2b(b"".join(part.digest for part in parts), digest_size=16).hexdigest()
