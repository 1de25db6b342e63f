"""What is odd about files side by side: the same content twice, mixed columns, loads that look like full ones."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from traits_sandbox.bulk.checking.sketch import share, unpacked
from traits_sandbox.bulk.storage.layout import PARTITION, untimed
from traits_sandbox.bulk.values import UNLISTED, At, FileReport, Notice
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.sentences import short

# A load is taken for a full one that holds nine in ten of the rows of another with at least so many.
MIN_ROWS: Final = 100
_NINE_IN_TEN: Final = 0.9
# Fewer hashes than these could be there by chance, or be of rows that every load holds.
_MIN_HASHES: Final = 16
_PROBES: Final = 8
_CANDIDATES: Final = 4
_NAMES: Final = 10

Sketches = Mapping[At, Iterable[bytes]]
"""The sketches of the parts of each file."""


class LoadFiles(msgspec.Struct, frozen=True):
    """What was loaded at once: a flat file, or all files of a partition. `name` is the path of either."""

    name: str
    root: str
    rows: int
    sketch: frozenset[int]


def about_file(file: FileReport) -> Iterator[Notice]:
    """Yield what is odd about one file."""
    if file.error_kind != UNLISTED and (notice := untimed(file.key)):
        yield msgspec.structs.replace(notice, root=file.root)
    if not file.rows and not file.error:
        yield Notice(kind="empty-file", message="it has no rows", key=file.key, root=file.root)
    for name, count in file.unknown.items():
        message = f"{short(name)} is no field of this category ({count} {'row' if count == 1 else 'rows'})"
        yield Notice(kind="unknown-field", message=message, key=file.key, root=file.root)


def nothing_found(files: Sequence[FileReport], contract: Contract) -> Iterator[Notice]:
    """Yield a notice if there is no file: a check of the wrong folder should not look like a good one."""
    if not files:
        known = ", ".join(sorted(category.folder for category in contract.categories))
        message = f"no file to check was found; give the folder that holds the category folders ({known})"
        yield Notice(kind="no-files", message=message)


def about_files(files: Iterable[FileReport], sketches: Sketches) -> Iterator[Notice]:
    """Yield what is odd about the files of a load, folder by folder."""
    by_folder: defaultdict[str, list[FileReport]] = defaultdict(list)
    for file in files:
        by_folder[file.folder].append(file)
    for folder in sorted(by_folder):
        copies = list(_same_content(by_folder[folder]))
        yield from copies
        yield from _mixed_columns(folder, by_folder[folder])
        told = {(notice.root, notice.key) for notice in copies}
        yield from _full_loads([file for file in by_folder[folder] if file.at not in told], sketches)


def _same_content(files: list[FileReport]) -> Iterator[Notice]:
    seen: dict[tuple[str, int], FileReport] = {}
    for file in files:
        if not file.rows or file.error:
            continue
        first = seen.setdefault((file.digest, file.size), file)
        if first is not file:
            place = f"{first.root.rstrip('/')}/{first.key}" if first.root != file.root else first.key
            message = f"it has the same content as {place}; loads are incremental, and its rows would count twice"
            yield Notice(kind="same-content", message=message, key=file.key, root=file.root)


def _mixed_columns(folder: str, files: list[FileReport]) -> Iterator[Notice]:
    """Compare the columns of tables; in NDJSON each row may have names of its own."""
    usual: frozenset[str] | None = None
    for file in files:
        if file.format == "ndjson" or not file.columns:
            continue
        columns = frozenset(file.columns)
        if usual is None:
            usual = columns
        elif columns != usual:
            differing = ", ".join(map(short, sorted(columns ^ usual)[:_NAMES]))
            message = f"its columns are not those of the first file in {folder}: {differing}"
            yield Notice(kind="mixed-columns", message=message, key=file.key, root=file.root)


def _full_loads(files: list[FileReport], sketches: Sketches) -> Iterator[Notice]:
    """Find loads that hold the rows of smaller ones; for each, the largest of these is named."""
    loads = sorted(_loads(files, sketches), key=lambda load: (load.rows, load.name))
    # A load that holds another's rows holds the first of its hashes too. Of loads that are all alike, a few will do.
    with_hash: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=_CANDIDATES))
    for number, load in enumerate(loads):
        met = {candidate for found in load.sketch & with_hash.keys() for candidate in with_hash[found]}
        for candidate in sorted(met, reverse=True)[:_CANDIDATES]:
            if _holds(load.sketch, loads[candidate].sketch):
                yield _full_load(load, loads[candidate])
                break
        for found in sorted(load.sketch)[:_PROBES] if load.rows >= MIN_ROWS else ():
            with_hash[found].append(number)


def _loads(files: list[FileReport], sketches: Sketches) -> Iterator[LoadFiles]:
    grouped: defaultdict[tuple[str, str], list[FileReport]] = defaultdict(list)
    for file in files:
        if file.rows and not file.error:
            grouped[file.root, _load_name(file.key)].append(file)
    for (root, name), members in grouped.items():
        sketch = unpacked(*(part for file in members for part in sketches[file.at]))
        yield LoadFiles(name, root, sum(file.rows for file in members), sketch)


def _load_name(key: str) -> str:
    """Return what a file was loaded with: its folder if that is a partition, else itself alone."""
    folder = key.rpartition("/")[0]
    return f"{folder}/" if PARTITION.fullmatch(folder.rpartition("/")[2]) else key


def _holds(sketch: frozenset[int], other: frozenset[int]) -> bool:
    found, comparable = share(other, sketch)
    return comparable >= _MIN_HASHES and found >= _NINE_IN_TEN * comparable


def _full_load(load: LoadFiles, other: LoadFiles) -> Notice:
    message = (
        f"it holds nearly all rows of {other.name}, as a full load does; loads are incremental, and rows count twice"
    )
    return Notice(kind="full-load", message=message, key=load.name, root=load.root)
