"""The report as one HTML file: unreadable files first, then bad rows, filters by standing, folder and text."""

from collections.abc import Iterator
from typing import Any, Final

from traits_sandbox import __version__
from traits_sandbox.bulk.reports.words import HEADLINES, by_kind, name_of, verdict, verdict_line, where
from traits_sandbox.bulk.values import BadRow, FileReport, LoadReport
from traits_sandbox.reporting.html import render_html
from traits_sandbox.reporting.words import number, size

DETAILED: Final = 300
"""The number of files with bad rows or notices whose details are in the page."""

LISTED: Final = 3000
"""The number of files in the page, the bad ones first; the other reports have all files."""

OPEN: Final = 3
"""The number of bad files whose details are open at first."""

ROWS: Final = 20
"""The number of bad rows of a file in the page, and of notices of a kind."""

_TEXT: Final = 400
_STANDINGS: Final = {"unread": "Not read", "bad": "Bad", "noted": "Notice", "good": "Good"}


def render(report: LoadReport) -> bytes:
    """Return a report as HTML."""
    ranked = sorted(report.files, key=lambda file: list(_STANDINGS).index(_standing(file)))
    headline, uris = HEADLINES[verdict(report)].capitalize(), " ".join(report.uris)
    rest = ranked[LISTED:]
    return render_html(
        __package__,
        title=f"{headline}: {uris}",
        headline=headline,
        verdict=verdict(report),
        reason=verdict_line(report),
        uris=uris,
        facts=_facts(report),
        unchecked=report.unchecked,
        folders=report.folders,
        kinds=list(_kinds(report)),
        standings={name: text for name, text in _STANDINGS.items() if name in set(map(_standing, ranked[:LISTED]))},
        files=[_file(report, file, place) for place, file in enumerate(ranked[:LISTED])],
        all_files=len(report.files),
        left_out=len(rest),
        bad_left_out=sum(not file.good for file in rest),
        version=__version__,
    )


def _facts(report: LoadReport) -> dict[str, str]:
    return {
        "Files": number(len(report.files)),
        "Rows": number(sum(folder.rows for folder in report.folders)),
        "Size": size(sum(folder.bytes for folder in report.folders)),
        "Time": f"{report.seconds:.1f} s",
        "Document": f"edition {report.edition}",
    }


def _kinds(report: LoadReport) -> Iterator[dict[str, Any]]:
    for kind, notices in by_kind(report).items():
        shown = [{"name": name_of(report, each), "message": each.message} for each in notices[:ROWS]]
        yield {"name": kind, "count": len(notices), "notices": shown}


def _standing(file: FileReport) -> str:
    return "unread" if file.error else "bad" if file.bad_rows else "noted" if file.notices else "good"


def _file(report: LoadReport, file: FileReport, place: int) -> dict[str, Any]:
    standing = _standing(file)
    return {
        "standing": standing,
        "folder": file.folder,
        "name": name_of(report, file),
        "rows": file.rows,
        "bad_rows": file.bad_rows,
        "size": file.size,
        "details": place < DETAILED and standing != "good",
        "open": place < OPEN and not file.good,
        "error": file.error,
        "bad": [_row(file, bad) for bad in file.bad[:ROWS]],
        "notices": [notice.message for notice in file.notices[:ROWS]],
    }


def _row(file: FileReport, bad: BadRow) -> dict[str, Any]:
    return {
        "where": where(file, bad),
        "sentences": [violation.sentence for violation in bad.violations[:ROWS]],
        "text": bad.text[:_TEXT] + ("…" if len(bad.text) > _TEXT else ""),
    }
