"""Notices about the files of a load: duplicated content, mixed columns, full loads, unknown fields, missing times."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from traits_sandbox.bulk.checking.sketch import share, unpacked
from traits_sandbox.bulk.storage.layout import PARTITION, untimed
from traits_sandbox.bulk.values import UNLISTED, At, FileReport, Notice
from traits_sandbox.derive.sentences import short

# A load with this share of the rows of another load, which has at least MIN_ROWS rows, is reported as a full load.
MIN_ROWS: Final = 100
_FULL_LOAD_SHARE: Final = 0.9
# Fewer equal hashes can occur by chance, or come from rows that every load has.
_MIN_HASHES: Final = 16
# Limits of the search: hashes of a load to look up, loads to compare with, and field names in a notice.
_PROBES: Final = 8
_CANDIDATES: Final = 4
_NAMES: Final = 10

FileSketches = Mapping[At, Iterable[bytes]]
"""The packed sketches of the parts of each file."""


class LoadFiles(msgspec.Struct, frozen=True):
    """The files of one load: all files of a partition, or one file outside of partitions. `name` is its path."""

    name: str
    root: str
    rows: int
    sketch: frozenset[int]


def about_file(file: FileReport) -> Iterator[Notice]:
    """Yield the notices about a single file."""
    if file.error_kind != UNLISTED and (notice := untimed(file.key)):
        yield msgspec.structs.replace(notice, root=file.root)
    if not file.rows and not file.error:
        yield Notice(kind="empty-file", message="it has no rows", key=file.key, root=file.root)
    for name, count in file.unknown.items():
        message = f"{short(name)} is not a field of this category ({count} {'row' if count == 1 else 'rows'})"
        yield Notice(kind="unknown-field", message=message, key=file.key, root=file.root)


def about_files(files: Iterable[FileReport], sketches: FileSketches) -> Iterator[Notice]:
    """Yield the notices about files of the same folder, folder by folder."""
    by_folder: defaultdict[str, list[FileReport]] = defaultdict(list)
    for file in files:
        by_folder[file.folder].append(file)
    for folder in sorted(by_folder):
        copies = list(_same_content(by_folder[folder]))
        yield from copies
        yield from _mixed_columns(folder, by_folder[folder])
        reported = {(notice.root, notice.key) for notice in copies}
        yield from _full_loads([file for file in by_folder[folder] if file.at not in reported], sketches)


def _same_content(files: list[FileReport]) -> Iterator[Notice]:
    seen: dict[tuple[str, int], FileReport] = {}
    for file in files:
        if not file.rows or file.error:
            continue
        first = seen.setdefault((file.digest, file.size), file)
        if first is not file:
            place = f"{first.root.rstrip('/')}/{first.key}" if first.root != file.root else first.key
            message = f"it has the same content as {place}; loads are incremental, so its rows would be counted twice"
            yield Notice(kind="same-content", message=message, key=file.key, root=file.root)


def _mixed_columns(folder: str, files: list[FileReport]) -> Iterator[Notice]:
    """Compare the columns of files with the first file's; in NDJSON each row may have other names, so it is skipped."""
    usual: frozenset[str] | None = None
    for file in files:
        if file.format == "ndjson" or not file.columns:
            continue
        columns = frozenset(file.columns)
        if usual is None:
            usual = columns
        elif columns != usual:
            differing = ", ".join(map(short, sorted(columns ^ usual)[:_NAMES]))
            message = f"its columns differ from those of the first file in {folder}: {differing}"
            yield Notice(kind="mixed-columns", message=message, key=file.key, root=file.root)


def _full_loads(files: list[FileReport], sketches: FileSketches) -> Iterator[Notice]:
    """Find loads that have the rows of a smaller load; the notice names the largest such load."""
    loads = sorted(_loads(files, sketches), key=lambda load: (load.rows, load.name))
    # A load with the rows of another one has its first hashes too. If many loads are alike, a few are compared.
    with_hash: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=_CANDIDATES))
    for number, load in enumerate(loads):
        similar = {candidate for found in load.sketch & with_hash.keys() for candidate in with_hash[found]}
        for candidate in sorted(similar, reverse=True)[:_CANDIDATES]:
            if _includes(load.sketch, loads[candidate].sketch):
                yield _full_load(load, loads[candidate])
                break
        for found in sorted(load.sketch)[:_PROBES] if load.rows >= MIN_ROWS else ():
            with_hash[found].append(number)


def _loads(files: list[FileReport], sketches: FileSketches) -> Iterator[LoadFiles]:
    grouped: defaultdict[tuple[str, str], list[FileReport]] = defaultdict(list)
    for file in files:
        if file.rows and not file.error:
            grouped[file.root, _load_name(file.key)].append(file)
    for (root, name), members in grouped.items():
        sketch = unpacked(*(part for file in members for part in sketches[file.at]))
        yield LoadFiles(name, root, sum(file.rows for file in members), sketch)


def _load_name(key: str) -> str:
    """Return the name of a file's load: its folder if that is a partition, else the key of the file."""
    folder = key.rpartition("/")[0]
    return f"{folder}/" if PARTITION.fullmatch(folder.rpartition("/")[2]) else key


def _includes(sketch: frozenset[int], other: frozenset[int]) -> bool:
    found, comparable = share(other, sketch)
    return comparable >= _MIN_HASHES and found >= _FULL_LOAD_SHARE * comparable


def _full_load(load: LoadFiles, other: LoadFiles) -> Notice:
    message = (
        f"it has nearly all rows of {other.name}, so it looks like a full load; loads are incremental, so these rows "
        "would be counted twice"
    )
    return Notice(kind="full-load", message=message, key=load.name, root=load.root)
