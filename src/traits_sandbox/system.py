"""What differs between operating systems: signals, limits, processors. No other module asks which one this is."""

import os
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

WINDOWS: Final = sys.platform == "win32"

NO_LINGER: Final = struct.pack("hh" if WINDOWS else "ii", 1, 0)
"""The value of SO_LINGER with which the kernel sends RST instead of FIN when a socket is closed."""

# Windows cannot wait for more processes at once (WaitForMultipleObjects).
MOST_PROCESSES: Final = 61 if WINDOWS else 10_000

START_METHOD: Final = "spawn"
"""How processes of a pool start: the only way that every system has, and the one that is safe beside threads."""

# Soft limits of open files to try where the hard one cannot be had: macOS has an infinite hard limit, and refuses more
# than its kern.maxfilesperproc, or in older versions more than OPEN_MAX, which is 10240.
_FILES: Final = (65_536, 24_576, 10_240, 4_096, 2_048)

_RETRY: Final = 0.05


def existing_signals(*names: str) -> tuple[signal.Signals, ...]:
    """Return those of the signals that this system has."""
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that ask a program to end. SIGBREAK is what Windows sends to a child instead of SIGTERM."""
    return existing_signals("SIGINT", "SIGTERM", "SIGBREAK")


@contextmanager
def sigint_blocked() -> Iterator[None]:
    """Keep SIGINT from processes that start here, where the system can do that; this one gets it a moment later."""
    if sys.platform == "win32":
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def raise_open_files() -> int | None:
    """Raise the limit of open files, each connection being one; return what it is then, None where there is none."""
    limits = _resource()
    if limits is None:
        return None
    soft, hard = limits.getrlimit(limits.RLIMIT_NOFILE)
    return raised(soft, hard, lambda wanted: limits.setrlimit(limits.RLIMIT_NOFILE, (wanted, hard)))


def raised(soft: int, hard: int, set_soft: Callable[[int], object]) -> int | None:
    """Raise a soft limit to the hard one, or as far as the system lets it; return what it is then.

    Limits below 0 are infinite, and so is the answer None. A refusal of `set_soft` is an OSError or a ValueError.
    """
    if soft < 0:
        return None
    for wanted in (hard, *(each for each in _FILES if each < hard or hard < 0)):
        if wanted > soft:
            with suppress(OSError, ValueError):
                set_soft(wanted)
                return wanted
    return soft


def create_private(path: Path, content: bytes) -> None:
    """Write a new file that its owner alone may read, where files have modes; on Windows its folder decides."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    with open(path, "xb", opener=opener) as file:
        file.write(content)


def remove(path: Path, *, within: float = 1.0) -> None:
    """Remove a file that may be missing; where it is open elsewhere, which hinders Windows, try again for some seconds.

    Raises:
        OSError: it cannot be removed.

    """
    deadline = monotonic() + within
    while True:
        try:
            path.unlink(missing_ok=True)
            return
        except PermissionError:
            if monotonic() >= deadline:
                raise
            sleep(_RETRY)


def limit_memory(most: int) -> None:
    """Limit the memory of this process to `most` bytes and turn core dumps off, where the system can do that."""
    limits = _resource()
    if limits is None:
        return
    # What is written to counts on Linux, not what is mapped; elsewhere all counts, where it counts at all.
    memory = limits.RLIMIT_DATA if sys.platform == "linux" else limits.RLIMIT_AS
    for limit, value in ((memory, most), (limits.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):
            limits.setrlimit(limit, (value, limits.getrlimit(limit)[1]))


def _resource() -> Any:
    """Return the module about limits of processes; None on Windows, which has neither."""
    try:
        return import_module("resource")
    except ImportError:
        return None
