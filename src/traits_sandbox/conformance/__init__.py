"""The conformance kit: judges a server by the promises of the vendor's document, over HTTP alone."""

from traits_sandbox.conformance.http.client import WireLimits
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import run_conformance, run_conformance_in_loop

__all__ = ["Options", "Report", "WireLimits", "run_conformance", "run_conformance_in_loop"]
