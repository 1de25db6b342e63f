"""The differences between operating systems: signals, limits, processors. No other module asks for the system."""

import errno
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
"""The value of SO_LINGER that makes the kernel send RST instead of FIN when a socket is closed."""

# Windows cannot wait for more processes at the same time (WaitForMultipleObjects).
MOST_PROCESSES: Final = 61 if WINDOWS else 10_000

START_METHOD: Final = "spawn"
"""The start method of a process pool: the only one that every system has and that is safe with threads."""

# Soft limits of open files to try if the hard limit is not accepted. macOS has an infinite hard limit, but accepts at
# most kern.maxfilesperproc, or in older versions OPEN_MAX, which is 10240.
_FILES: Final = (65_536, 24_576, 10_240, 4_096, 2_048)

_RETRY: Final = 0.05

_NO_ROOM: Final = (errno.ENOSPC, errno.EFBIG, *(getattr(errno, name) for name in ("EDQUOT",) if hasattr(errno, name)))


def existing_signals(*names: str) -> tuple[signal.Signals, ...]:
    """Return the signals with these names that this system has."""
    return tuple(signal.Signals[name] for name in names if name in signal.Signals.__members__)


def ending_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that ask a program to end; on Windows, SIGBREAK takes the place of SIGTERM for a child.

    SIGHUP, which says that the terminal is gone, is not among them in a program that was started to outlive it (nohup).
    """
    return tuple(
        each
        for each in existing_signals("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN
    )


@contextmanager
def sigint_blocked() -> Iterator[None]:
    """Block SIGINT in processes that are started in the body, if the system can; this process gets it afterwards."""
    if sys.platform == "win32":
        yield
    else:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def processors() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def raise_open_files() -> int | None:
    """Raise the limit of open files, because each connection is one; return the new limit, or None without a limit."""
    limits = _resource()
    if limits is None:
        return None
    try:
        soft, hard = limits.getrlimit(limits.RLIMIT_NOFILE)
    except (OSError, ValueError):  # a system that does not allow the question
        return None
    return raised(soft, hard, lambda wanted: limits.setrlimit(limits.RLIMIT_NOFILE, (wanted, hard)))


def raised(soft: int, hard: int, set_soft: Callable[[int], object]) -> int | None:
    """Raise a soft limit to the hard limit, or as far as the system allows; return the new soft limit.

    Limits below 0 are infinite; for an infinite soft limit, None is returned. `set_soft` raises an OSError or a
    ValueError for a limit that the system does not accept.
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
    """Write a new file that only its owner can read; on Windows, the folder decides who can read it."""

    def opener(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600)

    with open(path, "xb", opener=opener) as file:
        file.write(content)


def remove(path: Path, *, within: float = 1.0) -> None:
    """Remove a file if it exists; try again for `within` seconds, because Windows cannot remove an open file.

    Raises:
        OSError: the file cannot be removed.

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
    """Limit the memory of this process to `most` bytes and turn core dumps off, if the system can."""
    limits = _resource()
    if limits is None:
        return
    # Linux counts written memory only. Other systems count all mapped memory, or have no limit.
    memory = limits.RLIMIT_DATA if sys.platform == "linux" else limits.RLIMIT_AS
    for limit, value in ((memory, most), (limits.RLIMIT_CORE, 0)):
        with suppress(OSError, ValueError):
            limits.setrlimit(limit, (value, limits.getrlimit(limit)[1]))


def machine_error(error: BaseException) -> str | None:
    """Return a sentence about an error that the machine causes, such as a full disk; None for any other error."""
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if not isinstance(error, OSError):
        return None
    file = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
    if error.errno in _NO_ROOM:
        return f"there is no space left ({os_reason(error)}){file}; free some, or set TMPDIR to another folder"
    if not file and error.errno == errno.ENOENT and not has_temporary_folder():
        return "no folder for temporary files can be written; set TMPDIR to one that can be"
    return f"this machine refuses what is needed: {os_reason(error)}{file}"


def os_reason(error: OSError) -> str:
    """Return the system's own words for the number of an error; the text that a library has added is left out."""
    if error.errno and error.errno in errno.errorcode and type(error).__module__ == "builtins":
        return os.strerror(error.errno)
    return "an error that the system does not explain"


def has_temporary_folder() -> bool:
    """Return whether there is a folder for temporary files."""
    import tempfile

    try:
        return bool(tempfile.gettempdir())
    except FileNotFoundError:
        return False


def _resource() -> Any:
    """Return the module `resource`, or None on Windows, which does not have it."""
    try:
        return import_module("resource")
    except ImportError:
        return None
