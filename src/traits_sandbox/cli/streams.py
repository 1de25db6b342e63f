"""The standard streams: every text can be written to them, whatever their encoding has letters for."""

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def take_every_text() -> None:
    """Have standard output and standard error spell out what their encoding has no letters for, as `\\u2026`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_what_is_left() -> None:
    """Discard what standard output cannot take; else Python writes it again at exit, and fails again."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def console(*, err: bool) -> "Console":
    """Return a console for a standard stream."""
    from rich.console import Console

    return Console(file=sys.stderr if err else sys.stdout)
