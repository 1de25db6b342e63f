"""Options that several commands share, with the same names and the same help texts."""

from collections.abc import Callable, Collection
from typing import Any

import click

from traits_sandbox.contract.load import editions

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
"""Adds an option to a click command."""


def edition_option() -> Decorator:
    """Return the option `--edition`; its default is the newest edition."""
    return click.option(
        "--edition",
        type=click.Choice(editions()),
        default=editions()[-1],
        show_default=True,
        help="Edition of the vendor's document.",
    )


def ca_file_option() -> Decorator:
    """Return the option `--ca-file`, which every command that calls a server has."""
    return click.option("--ca-file", metavar="FILE", default="", help="More CA certificates to trust (PEM).")


def report_option(kinds: Collection[str]) -> Decorator:
    """Return the option `--report`, which `report_files.wanted` reads."""
    *others, last = (f"{kind}=PATH" for kind in kinds)
    return click.option(
        "--report",
        multiple=True,
        metavar="KIND=PATH",
        help=f"Write a report: {', '.join(others)} or {last}. Repeatable, or separated by commas.",
    )


def json_option(what: str) -> Decorator:
    """Return the flag `--json`, which the command gets as `as_json`; `what` is printed."""
    return click.option("--json", "as_json", is_flag=True, help=f"Print {what} as JSON, and nothing else on stdout.")
