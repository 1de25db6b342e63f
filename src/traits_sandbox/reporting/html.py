"""Reports in HTML: one file that needs no network, readable on a phone, on paper and without scripts.

Templates escape every value, and a Content-Security-Policy allows the file's own style and script only: nothing that a
file or a server contains can become markup.
"""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from traits_sandbox.reporting.words import number, plural, printable_lines, size

if TYPE_CHECKING:
    from jinja2 import Environment

_PAGE: Final = "report.html.j2"


def render_html(package: str, /, **values: Any) -> bytes:
    """Return a report as HTML.

    `package` has the template `templates/report.html.j2`, which extends `page.html.j2`, with `report.css` and
    `report.js` beside it. `values` are what the template uses; every text is escaped, and control characters in it are
    written as escapes.
    """
    style = _text(__package__, "page.css") + _text(package, "report.css")
    script = _text(package, "report.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    page = _environment(package).get_template(_PAGE).render(style=style, script=script, policy=policy, **values)
    return page.encode(errors="replace")


@cache
def _environment(package: str) -> "Environment":
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(number=number, plural=plural, size=size)
    return environment


def _finalize(value: Any) -> Any:
    # Markup is made by the templates themselves.
    return printable_lines(value) if type(value) is str else value


def _text(package: str, name: str) -> str:
    return files(package).joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
