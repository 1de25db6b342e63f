"""The standard streams: present, whatever started the program, and able to write every text."""

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TextIO

from traits_sandbox.reporting.colours import is_dumb, wants_colours

if TYPE_CHECKING:
    from rich.console import Console

_NAMES: Final = ("standard input", "standard output", "standard error")


class AbsentStream(io.TextIOWrapper):
    """Takes the place of a standard stream that was closed when the program started, and discards all text."""


def prepare_streams() -> None:
    r"""Replace closed streams, and write characters that the encoding does not have as escapes such as `\u2026`.

    Without a replacement, the first file or socket that is opened would take the number of a closed stream.
    """
    sys.stdin = sys.stdin or _absent(0, "r")
    sys.stdout = sys.stdout or _absent(1, "w")
    sys.stderr = sys.stderr or _absent(2, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_absent(stream: TextIO) -> bool:
    """Return whether a standard stream was closed when the program started."""
    return isinstance(stream, AbsentStream)


def failing_stream() -> str | None:
    """Return the name of the standard stream that cannot be written, or None; discard what waits for it."""
    failing = None
    for number, stream in ((2, sys.stderr), (1, sys.stdout)):
        try:
            stream.flush()
        except (OSError, ValueError):
            _discard(stream)
            failing = _NAMES[number]
    return failing


def discard_pending_output() -> None:
    """Discard output that stdout could not write; otherwise Python tries again at exit, and fails again."""
    _discard(sys.stdout)


def console(*, err: bool) -> "Console":
    """Return a console for stdout, or for stderr with `err`."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    if not wants_colours(stream):
        return Console(file=stream, color_system=None, force_terminal=False)
    plain = is_dumb() or not stream.isatty()
    return Console(file=stream, color_system="standard" if plain else "auto", force_terminal=True, no_color=False)


def _absent(number: int, mode: str) -> AbsentStream:
    return AbsentStream(io.FileIO(_null(number), mode, closefd=False), encoding="utf-8")


def _null(number: int) -> int:
    """Open the null device under the number of a standard stream, or under another one if that is in use."""
    descriptor = os.open(os.devnull, os.O_RDWR)
    if descriptor != number:
        with suppress(OSError):
            os.fstat(number)
            return descriptor
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.set_inheritable(number, True)
    return number


def _discard(stream: TextIO) -> None:
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
