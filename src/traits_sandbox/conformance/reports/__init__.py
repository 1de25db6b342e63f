"""The reports of a run: for terminals, browsers, build servers and programs."""

from collections.abc import Callable
from typing import Final

from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.reports import html, json, junit
from traits_sandbox.conformance.reports.reproduction import Reproduction

RENDERERS: Final[dict[str, Callable[[Report, Reproduction], bytes]]] = {
    "junit": junit.render,
    "json": json.render,
    "html": html.render,
}
"""What makes a file of a report, by kind. The report has to be `masked` before."""
