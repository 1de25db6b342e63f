"""The reports of a check: for terminals, browsers, build servers and programs."""

from collections.abc import Callable
from typing import Final

from traits_sandbox.bulk.reports import html, json, junit
from traits_sandbox.bulk.values import LoadReport

RENDERERS: Final[dict[str, Callable[[LoadReport], bytes]]] = {
    "json": json.render,
    "junit": junit.render,
    "html": html.render,
}
"""What makes a file of a report, by kind."""
