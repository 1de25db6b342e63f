"""The words that all reports share: a verdict in a sentence, names and numbers for people, notices by kind."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from traits_sandbox.bulk.values import BadRow, FileReport, LoadReport, Notice

HEADLINES: Final = {"good": "GOOD", "bad": "NOT GOOD", "nothing": "NOTHING CHECKED"}


def verdict(report: LoadReport) -> str:
    """Return what came of a check: `good`, `bad` or `nothing`."""
    return "nothing" if not report.files else "good" if report.good else "bad"


def verdict_line(report: LoadReport) -> str:
    """Return the reason for the verdict, as what follows it."""
    rows = sum(folder.rows for folder in report.folders)
    if not report.files:
        return "no file of a known category and format was found"
    if report.good:
        return f"{plural(rows, 'row')} in {plural(len(report.files), 'file')} keep the contract"
    bad = [file for file in report.files if file.bad_rows]
    unread = sum(bool(file.error) for file in report.files)
    told = [f"{plural(sum(file.bad_rows for file in bad), 'bad row')} in {plural(len(bad), 'file')}"] if bad else []
    told += [f"{plural(unread, 'file')} not read to the end"] if unread else []
    return f"{' and '.join(told)}, of {plural(rows, 'row')} in {plural(len(report.files), 'file')}"


def name_of(report: LoadReport, at: FileReport | Notice) -> str:
    """Return what a file is called: its path below the root, with the root where there are several."""
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
    """Return where a row of a file begins."""
    place = f"{'row' if file.format == 'parquet' else 'line'} {bad.line}"
    return place if bad.offset is None else f"{place} (byte {bad.offset})"


def printable(text: str) -> str:
    """Return a text in which everything that is not seen, or would rule a terminal, is spelt out."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def size(count: float) -> str:
    """Return a number of bytes for people."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def number(count: float) -> str:
    """Return a number with its thousands apart."""
    return f"{count:,.0f}"


def plural(count: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"
