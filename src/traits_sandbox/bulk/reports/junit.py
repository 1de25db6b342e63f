"""The report as JUnit XML, for build servers: a suite for each folder, a test case for each file."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final, Literal

from traits_sandbox.bulk.reports.words import name_of, unreadable_first, where, why_unchecked
from traits_sandbox.bulk.values import FileReport, LoadReport
from traits_sandbox.reporting.junit import JUnitCase, JUnitProblem, JUnitSuite, junit
from traits_sandbox.reporting.words import plural, printable

NOTICES: Final = "notices"
UNCHECKED: Final = "nothing checked"


def render(report: LoadReport) -> bytes:
    """Return a report as JUnit XML: a bad row fails its file, a file or URI that cannot be checked is an error."""
    return junit("traits-sandbox bulk check", _suites(report), seconds=report.seconds)


def _suites(report: LoadReport) -> Iterator[JUnitSuite]:
    of_folder: defaultdict[str, list[FileReport]] = defaultdict(list)
    for file in unreadable_first(report.files):
        of_folder[file.folder].append(file)
    yield JUnitSuite(UNCHECKED, tuple(_unchecked(report)))
    for folder, files in sorted(of_folder.items(), key=lambda each: (not each[1][0].error, each[0])):
        yield JUnitSuite(folder, tuple(_case(report, file) for file in files))
    # Notices about files that are not checked, and about several files, never fail.
    yield JUnitSuite(NOTICES, tuple(_notices(report)))


def _case(report: LoadReport, file: FileReport) -> JUnitCase:
    problems = []
    if file.error:
        problems.append(JUnitProblem("error", file.error, file.error_kind))
    if file.bad_rows:
        message = f"{plural(file.bad_rows, 'bad row')} of {plural(file.rows, 'row')}"
        problems.append(JUnitProblem("failure", message, "rows", "\n".join(_lines(file))))
    notices = "\n".join(f"{notice.kind}: {printable(notice.message)}" for notice in file.notices)
    return JUnitCase(file.folder, name_of(report, file), tuple(problems), notices)


def _lines(file: FileReport) -> Iterator[str]:
    for bad in file.bad:
        for violation in bad.violations:
            yield f"{where(file, bad)}: {printable(violation.sentence)}"
    if file.bad_rows > len(file.bad):
        yield f"and {plural(file.bad_rows - len(file.bad), 'more bad row')}"


def _unchecked(report: LoadReport) -> Iterator[JUnitCase]:
    for root in report.unchecked:
        tag: Literal["error", "skipped"] = "error" if root in report.missing else "skipped"
        problem = JUnitProblem(tag, printable(why_unchecked(root)), root.reason)
        yield JUnitCase(root.reason, printable(root.root), (problem,))


def _notices(report: LoadReport) -> Iterator[JUnitCase]:
    for notice in report.notices:
        skipped = JUnitProblem("skipped", printable(notice.message))
        yield JUnitCase(notice.kind, name_of(report, notice) or notice.kind, (skipped,))
