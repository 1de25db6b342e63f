"""The standard streams: present, whatever started the program, and able to write every text."""

import io
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from traits_sandbox.reporting.colours import is_dumb, wants_colours
from traits_sandbox.reporting.watched import WatchedStream

if TYPE_CHECKING:
    from rich.console import Console


class AbsentStream(io.TextIOWrapper):
    """Takes the place of a standard stream that was closed when the program started, and discards all text."""


def prepare_streams() -> None:
    r"""Replace closed streams, and write characters that the encoding does not have as escapes such as `\u2026`.

    Without a replacement, the first file or socket that is opened would take the number of a closed stream.
    """
    sys.stdin = sys.stdin or _absent(0, "r")
    sys.stdout = sys.stdout or _absent(1, "w")
    sys.stderr = sys.stderr or _absent(2, "w")
    if type(sys.stdout) is io.TextIOWrapper:
        sys.stdout = _watched(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_absent(stream: TextIO) -> bool:
    """Return whether a standard stream was closed when the program started."""
    return isinstance(stream, AbsentStream)


def stdout_failed() -> bool:
    """Return whether stdout could not be written, and then discard what waits for it."""
    failed = isinstance(sys.stdout, WatchedStream) and sys.stdout.failed
    if failed:
        discard_pending_output()
    return failed


def discard_pending_output() -> None:
    """Discard output that stdout could not write; otherwise Python tries again at exit, and fails again."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


def console(*, err: bool) -> "Console":
    """Return a console for stdout, or for stderr with `err`."""
    from rich.console import Console

    stream = sys.stderr if err else sys.stdout
    if not wants_colours(stream):
        return Console(file=stream, color_system=None, force_terminal=False)
    plain = is_dumb() or not stream.isatty()
    return Console(file=stream, color_system="standard" if plain else "auto", force_terminal=True, no_color=False)


def _watched(stream: io.TextIOWrapper) -> WatchedStream:
    return WatchedStream(
        stream.buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


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
