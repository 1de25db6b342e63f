"""Lines for a terminal or a log."""

from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

StyledText = str | tuple[str, str]
"""A text, or a text with its style."""

NONE: Final = "·"
"""Shown in tables in place of 0."""


def print_line(console: Console, *pieces: StyledText, indent: int = 0) -> None:
    """Print one line, which is never wrapped, so that it can be copied and searched for."""
    line = Text(" " * indent).append_text(Text.assemble(*pieces))
    console.print(line, soft_wrap=True, highlight=False)


def print_plain(console: Console, text: str) -> None:
    """Print a text as it is, without styles and without wrapping."""
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def count_table(first: str, *others: str) -> Table:
    """Return an empty table whose first column has names and whose other columns have counts."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def styled_count(text: str, style: str, *, is_zero: bool) -> Text:
    """Return a count for a table, a dot if it is 0."""
    return Text(NONE, "dim") if is_zero else Text(text, style)
