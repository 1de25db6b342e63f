"""Words of all reports of a check: the verdict with its reason, names of files, notices by kind."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from traits_sandbox.bulk.values import BadRow, FileReport, LoadReport, Notice
from traits_sandbox.reporting.words import plural, printable

HEADLINES: Final = {"good": "GOOD", "bad": "NOT GOOD", "nothing": "NOTHING CHECKED"}


def verdict(report: LoadReport) -> str:
    """Return the verdict of a check: `good`, `bad`, or `nothing` if no file was checked."""
    return "nothing" if not report.files else "good" if report.good else "bad"


def verdict_line(report: LoadReport) -> str:
    """Return the reason for the verdict, without a full stop."""
    rows = sum(folder.rows for folder in report.folders)
    if not report.files:
        return "no file of a known category and format was found"
    if report.good:
        return f"{plural(rows, 'row')} in {plural(len(report.files), 'file')} keep the contract"
    bad = [file for file in report.files if file.bad_rows]
    unread = sum(bool(file.error) for file in report.files)
    reasons = [f"{plural(sum(file.bad_rows for file in bad), 'bad row')} in {plural(len(bad), 'file')}"] if bad else []
    reasons += [f"{plural(unread, 'file')} not read to the end"] if unread else []
    return f"{' and '.join(reasons)}, of {plural(rows, 'row')} in {plural(len(report.files), 'file')}"


def name_of(report: LoadReport, at: FileReport | Notice) -> str:
    """Return the name of a file: its path below the root, with the root if there are several."""
    if len(report.uris) < 2 or not at.root:
        return printable(at.key)
    return printable(f"{at.root.rstrip('/')}/{at.key}")


def bad_files(report: LoadReport) -> list[FileReport]:
    """Return the files that are bad, in the order of the report."""
    return [file for file in report.files if not file.good]


def notices(report: LoadReport) -> Iterator[Notice]:
    """Yield all notices: those about the load, and those about single files."""
    yield from report.notices
    for file in report.files:
        yield from file.notices


def by_kind(report: LoadReport) -> dict[str, list[Notice]]:
    """Return all notices by their kind."""
    kinds: defaultdict[str, list[Notice]] = defaultdict(list)
    for notice in notices(report):
        kinds[notice.kind].append(notice)
    return dict(sorted(kinds.items()))


def where(file: FileReport, bad: BadRow) -> str:
    """Return the place of a row: its line, or its row in Parquet, with its byte if that is known."""
    place = f"{'row' if file.format == 'parquet' else 'line'} {bad.line}"
    return place if bad.offset is None else f"{place} (byte {bad.offset})"
