"""Words of all reports of a check: the verdict with its reason, names of files, notices by kind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from traits_sandbox.bulk.values import BadRow, FileReport, LoadReport, Notice, UncheckedRoot
from traits_sandbox.reporting.words import number, plural, printable

HEADLINES: Final = {
    "good": "GOOD",
    "bad": "NOT GOOD",
    "nothing": "NOTHING CHECKED",
    "partly": "NOT ALL CHECKED",
    "empty": "EMPTY",
}


def verdict(report: LoadReport) -> str:
    """Return the verdict of a check.

    It is `good`, `bad`, `nothing` if no row was checked, `partly` if this is so below some URIs, or `empty` if a load
    without rows was accepted.
    """
    if not all(file.good for file in report.files):
        return "bad"
    if not report.unchecked or len(report.unchecked) < len(report.uris):
        return "partly" if report.missing else "good"
    return "nothing" if report.missing else "empty"


def verdict_line(report: LoadReport) -> str:
    """Return the reason for the verdict, without a full stop."""
    unchecked = f"no row was checked below {number(len(report.unchecked))} of {plural(len(report.uris), 'URI')}"
    match verdict(report):
        case "nothing":
            return report.missing[0].message if len(report.unchecked) == 1 else unchecked
        case "empty":
            return "there are no rows, as --allow-empty accepts"
        case "partly":
            return f"{unchecked}; {_good(report)}"
        case "good":
            return _good(report)
    return f"{_bad(report)}; {unchecked}" if report.unchecked else _bad(report)


def _good(report: LoadReport) -> str:
    return f"{_rows(report)} in {plural(len(report.files), 'file')} keep the contract"


def _bad(report: LoadReport) -> str:
    bad = [file for file in report.files if file.bad_rows]
    unread = sum(bool(file.error) for file in report.files)
    reasons = [f"{plural(unread, 'file')} not read to the end"] if unread else []
    reasons += [f"{plural(sum(file.bad_rows for file in bad), 'bad row')} in {plural(len(bad), 'file')}"] if bad else []
    return f"{' and '.join(reasons)}, of {_rows(report)} in {plural(len(report.files), 'file')}"


def _rows(report: LoadReport) -> str:
    return plural(sum(folder.rows for folder in report.folders), "row")


def why_unchecked(root: UncheckedRoot) -> str:
    """Return why nothing was checked below a URI, and the next step."""
    return f"{root.message}; {root.next_step}"


def name_of(report: LoadReport, at: FileReport | Notice) -> str:
    """Return the name of a file: its path below the root, with the root if there are several."""
    if len(report.uris) < 2 or not at.root:
        return printable(at.key)
    return printable(f"{at.root.rstrip('/')}/{at.key}")


def unreadable_first(files: Iterable[FileReport]) -> list[FileReport]:
    """Return files in their order, but first those that could not be read: the least is known about them."""
    return sorted(files, key=lambda file: not file.error)


def bad_files(report: LoadReport) -> list[FileReport]:
    """Return the files that are bad, the unreadable ones first."""
    return unreadable_first(file for file in report.files if not file.good)


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
