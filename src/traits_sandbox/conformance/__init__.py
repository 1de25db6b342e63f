"""The conformance kit: judges a server by the promises of the vendor's document, over HTTP alone."""

from traits_sandbox.conformance.options import Options
from traits_sandbox.conformance.report import Report
from traits_sandbox.conformance.run import run_conformance
from traits_sandbox.conformance.wire import Limits

__all__ = ["Limits", "Options", "Report", "run_conformance"]
