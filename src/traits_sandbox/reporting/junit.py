"""JUnit XML, which build servers read: suites of test cases."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

# What XML 1.0 cannot contain, and what turns text around or controls a terminal.
_UNSAFE: Final = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
_COUNTED: Final = {"failures": "failure", "errors": "error", "skipped": "skipped"}


@dataclass(frozen=True, slots=True)
class JUnitProblem:
    """Why a test case did not pass: it failed, could not be judged, or was skipped."""

    tag: Literal["failure", "error", "skipped"]
    message: str
    type: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class JUnitCase:
    """A test case. `seconds` is how long it took, None if that is not known; `output` is shown in any case."""

    group: str
    name: str
    problems: tuple[JUnitProblem, ...] = ()
    output: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class JUnitSuite:
    """A suite with its cases, and facts about it by name; `started` is UTC in ISO 8601, empty if it is not known."""

    name: str
    cases: tuple[JUnitCase, ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    started: str = ""


def junit(name: str, suites: Iterable[JUnitSuite], *, seconds: float) -> bytes:
    """Return suites as JUnit XML; suites without cases are left out, as build servers refuse them."""
    root = Element("testsuites", name=safe(name))
    root.extend(_suite(each) for each in suites if each.cases)
    for element in (root, *root):
        _count(element)
    root.set("time", f"{seconds:.3f}")
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def safe(text: str) -> str:
    """Return a text that XML 1.0 can contain: other characters are written as escapes."""
    return _UNSAFE.sub(lambda found: ascii(found[0])[1:-1], text)


def _suite(suite: JUnitSuite) -> Element:
    element = Element("testsuite", name=safe(suite.name))
    if suite.started:
        element.set("timestamp", suite.started)
    if suite.properties:
        properties = SubElement(element, "properties")
        for name, value in suite.properties.items():
            SubElement(properties, "property", name=name, value=safe(value))
    element.extend(map(_case, suite.cases))
    return element


def _case(case: JUnitCase) -> Element:
    element = Element("testcase", classname=safe(case.group), name=safe(case.name))
    if case.seconds is not None:
        element.set("time", f"{case.seconds:.3f}")
    for problem in case.problems:
        attributes = {"message": safe(problem.message)} | ({"type": safe(problem.type)} if problem.type else {})
        SubElement(element, problem.tag, attributes).text = safe(problem.text) or None
    if case.output:
        SubElement(element, "system-out").text = safe(case.output)
    return element


def _count(element: Element) -> None:
    for name, tag in _COUNTED.items():
        element.set(name, str(sum(1 for _ in element.iter(tag))))
    element.set("tests", str(sum(1 for _ in element.iter("testcase"))))
