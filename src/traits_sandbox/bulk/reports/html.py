"""The report as one HTML file: the bad files with their rows first, filters by standing, folder and text."""

from collections.abc import Iterable, Iterator
from importlib.resources import files as resources
from typing import Final

from traits_sandbox import __version__
from traits_sandbox.bulk.reports.words import (
    HEADLINES,
    by_kind,
    name_of,
    number,
    plural,
    printable,
    size,
    verdict,
    verdict_line,
    where,
)
from traits_sandbox.bulk.values import BadRow, FileReport, LoadReport, Notice
from traits_sandbox.reporting.page import Markup, document, element

DETAILED: Final = 300
"""How many files are shown with their bad rows and notices."""

LISTED: Final = 3000
"""How many files are shown at all, the bad ones first; the other reports have them all."""

OPEN: Final = 3
"""How many bad files stand open at first."""

ROWS: Final = 20
"""How many bad rows of a file are shown, and how many notices of a kind."""

_TEXT: Final = 400
_STANDINGS: Final = {"bad": "Bad", "unread": "Not read", "noted": "Notice", "good": "Good"}


def render(report: LoadReport) -> bytes:
    """Return a report as HTML."""
    headline = HEADLINES[verdict(report)].capitalize()
    style, script = (resources(__package__).joinpath(name).read_text("utf-8") for name in ("report.css", "report.js"))
    title = printable(f"{headline}: {' '.join(report.uris)}")
    return document(title, *_body(report, headline), style=style, script=script)


def _body(report: LoadReport, headline: str) -> Iterator[Markup]:
    yield element(
        "header",
        element("h1", headline),
        element("p", verdict_line(report)),
        _about(report),
        class_=f"verdict {verdict(report)}",
    )
    yield from _folders(report)
    yield from _notices(report)
    yield from _files(report)
    yield element(
        "footer",
        element("p", f"traits-sandbox {__version__}. Unofficial; not affiliated with 12traits."),
        class_="soft",
    )


def _about(report: LoadReport) -> Markup:
    rows = {
        "Files": number(len(report.files)),
        "Rows": number(sum(folder.rows for folder in report.folders)),
        "Size": size(sum(folder.bytes for folder in report.folders)),
        "Time": f"{report.seconds:.1f} s",
        "Document": f"edition {report.edition}",
    }
    checked = element("div", element("dt", "Checked"), element("dd", printable(" ".join(report.uris))), class_="wide")
    items = (element("div", element("dt", name), element("dd", text)) for name, text in rows.items())
    return element("dl", checked, *items, class_="about")


def _folders(report: LoadReport) -> Iterator[Markup]:
    if not report.folders:
        return
    head = [element("th", name, scope="col") for name in ("Folder", "Files", "Bad files", "Rows", "Bad rows", "Size")]
    rows = [
        element(
            "tr",
            element("td", folder.folder),
            element("td", number(folder.files)),
            _count(folder.bad_files),
            element("td", number(folder.rows)),
            _count(folder.bad_rows),
            element("td", size(folder.bytes)),
        )
        for folder in report.folders
    ]
    table = element("table", element("thead", element("tr", *head)), element("tbody", *rows))
    yield element("h2", "Folders")
    yield element("div", table, class_="scroll")


def _count(count: int) -> Markup:
    return element("td", number(count) if count else "·", class_="count bad" if count else "zero")


def _notices(report: LoadReport) -> Iterator[Markup]:
    kinds = by_kind(report)
    if kinds:
        yield element("h2", "Notices")
        yield element("div", *(_kind(report, kind, notices) for kind, notices in kinds.items()), class_="kinds noted")


def _kind(report: LoadReport, kind: str, notices: list[Notice]) -> Markup:
    told = [element("li", *_notice(name_of(report, notice), notice)) for notice in notices[:ROWS]]
    return element(
        "details",
        element("summary", element("span", number(len(notices)), class_="count"), element("span", kind, class_="id")),
        element("div", element("ul", *told), _more(len(notices) - ROWS, "notice")),
        class_="case",
    )


def _notice(name: str, notice: Notice) -> Iterator[Markup | str]:
    if name:
        yield element("code", name)
        yield ": "
    yield printable(notice.message)


def _more(count: int, noun: str) -> Markup | None:
    return element("p", f"and {plural(count, f'more {noun}')}", class_="soft") if count > 0 else None


def _files(report: LoadReport) -> Iterator[Markup]:
    ranked = sorted(report.files, key=lambda file: list(_STANDINGS).index(_standing(file)))
    if not ranked:
        return
    yield element("h2", "Files")
    yield _filters(report, ranked[:LISTED])
    entries = (_file(report, file, place) for place, file in enumerate(ranked[:LISTED]))
    yield element("main", *entries)
    if rest := ranked[LISTED:]:
        bad = sum(not file.good for file in rest)
        text = f"{plural(len(rest), 'more file')}, {number(bad)} of them bad: all of them are in the JSON report."
        yield element("p", text, class_="soft")


def _standing(file: FileReport) -> str:
    return "unread" if file.error else "bad" if file.bad_rows else "noted" if file.notices else "good"


def _filters(report: LoadReport, listed: Iterable[FileReport]) -> Markup:
    seen = set(map(_standing, listed))
    chips = [
        element("label", element("input", type="checkbox", name="standing", value=name), title, class_=f"chip {name}")
        for name, title in _STANDINGS.items()
        if name in seen
    ]
    options = [element("option", folder.folder, value=folder.folder) for folder in report.folders]
    return element(
        "form",
        element("input", type="search", name="text", placeholder="Search names, fields, rows", aria_label="Search"),
        element("select", element("option", "All folders", value=""), *options, name="folder", aria_label="Folder"),
        element("fieldset", element("legend", "Standing"), *chips),
        element("span", id="shown", class_="soft", role="status", data_all=number(len(report.files))),
        class_="filters",
        hidden=True,
    )


def _file(report: LoadReport, file: FileReport, place: int) -> Markup:
    standing = _standing(file)
    bad = f"{number(file.bad_rows)} bad of " if file.bad_rows else ""
    head = (
        element("span", _STANDINGS[standing], class_="badge"),
        element("span", name_of(report, file), class_="id"),
        element("span", f"{bad}{plural(file.rows, 'row')}", class_=f"number{' bad' if bad else ''}"),
        element("span", size(file.size), class_="number size"),
    )
    about: dict[str, str | bool | None] = {
        "class_": f"entry {standing}",
        "data_standing": standing,
        "data_folder": file.folder,
    }
    if place >= DETAILED or standing == "good":
        return element("div", *head, **about)
    inside = element("div", *_inside(file), class_="inside")
    return element("details", element("summary", *head), inside, open=place < OPEN and not file.good, **about)


def _inside(file: FileReport) -> Iterator[Markup | None]:
    if file.error:
        yield element("p", printable(file.error))
    if file.bad:
        yield element("ul", *(_row(file, bad) for bad in file.bad[:ROWS]))
    yield _more(file.bad_rows - min(len(file.bad), ROWS), "bad row")
    if file.notices:
        told = (element("li", printable(notice.message)) for notice in file.notices[:ROWS])
        yield element("ul", *told, class_="noted")


def _row(file: FileReport, bad: BadRow) -> Markup:
    faults = [element("div", printable(fault.sentence)) for fault in bad.violations[:ROWS]]
    text = printable(bad.text[:_TEXT]) + ("…" if len(bad.text) > _TEXT else "")
    return element("li", element("strong", where(file, bad)), *faults, element("pre", text))
