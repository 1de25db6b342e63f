"""The report as JUnit XML, for build servers: a suite for each folder, a test case for each file."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from traits_sandbox.bulk.reports.words import name_of, plural, printable, where
from traits_sandbox.bulk.values import FileReport, LoadReport

NOTICES: Final = "notices"

# All that XML 1.0 has no way to say.
_UNSAYABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: LoadReport) -> bytes:
    """Return a report as JUnit XML: a bad row fails its file, a file that cannot be read is an error."""
    suites = Element("testsuites", name="traits-sandbox bulk check")
    of_folder: defaultdict[str, list[FileReport]] = defaultdict(list)
    for file in report.files:
        of_folder[file.folder].append(file)
    for folder, files in sorted(of_folder.items()):
        SubElement(suites, "testsuite", name=folder).extend(_case(report, file) for file in files)
    suites.extend(_notices(report))
    for suite in suites:
        _count(suite)
    _count(suites)
    suites.set("time", f"{report.seconds:.3f}")
    indent(suites)
    return bytes(tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _count(element: Element) -> None:
    for kind, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(kind, str(sum(1 for _ in element.iter(tag))))
    element.set("tests", str(sum(1 for _ in element.iter("testcase"))))


def _case(report: LoadReport, file: FileReport) -> Element:
    case = Element("testcase", classname=file.folder, name=_said(name_of(report, file)))
    if file.error:
        SubElement(case, "error", message=_said(file.error), type=file.error_kind)
    if file.bad_rows:
        message = f"{plural(file.bad_rows, 'bad row')} of {plural(file.rows, 'row')}"
        SubElement(case, "failure", message=message, type="rows").text = _said("\n".join(_lines(file)))
    if file.notices:
        told = (f"{notice.kind}: {printable(notice.message)}" for notice in file.notices)
        SubElement(case, "system-out").text = _said("\n".join(told))
    return case


def _lines(file: FileReport) -> Iterator[str]:
    for bad in file.bad:
        for fault in bad.violations:
            yield f"{where(file, bad)}: {printable(fault.sentence)}"
    if file.bad_rows > len(file.bad):
        yield f"and {plural(file.bad_rows - len(file.bad), 'more bad row')}"


def _notices(report: LoadReport) -> Iterator[Element]:
    """Yield the suite of what is not read, and of what is odd about files side by side: it fails nothing."""
    if not report.notices:
        return
    suite = Element("testsuite", name=NOTICES)
    for notice in report.notices:
        case = SubElement(suite, "testcase", classname=notice.kind, name=_said(name_of(report, notice) or notice.kind))
        SubElement(case, "skipped", message=_said(printable(notice.message)))
    yield suite


def _said(text: str) -> str:
    """Return a text that XML 1.0 can say."""
    return _UNSAYABLE.sub(lambda found: ascii(found[0])[1:-1], text)
