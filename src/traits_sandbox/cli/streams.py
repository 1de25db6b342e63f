"""The standard streams: every text can be written to them, whatever their encoding is."""

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def escape_unencodable_text() -> None:
    r"""Make stdout and stderr write characters that are not in their encoding as escapes such as `\u2026`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard_pending_output() -> None:
    """Discard output that stdout could not write; otherwise Python tries again at exit, and fails again."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def console(*, err: bool) -> "Console":
    """Return a console for stdout, or for stderr with `err`."""
    from rich.console import Console

    return Console(file=sys.stderr if err else sys.stdout)
