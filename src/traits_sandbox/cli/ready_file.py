"""The ready file of `serve`: it names a sandbox that answers requests, and is never left over from another one."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from traits_sandbox.errors import UsageError
from traits_sandbox.system import create_private, os_reason, remove
from traits_sandbox.web.tls import TlsFiles

Write = Callable[[str, str, TlsFiles | None], None]
"""Writes the ready file, given the base URL, the API key and the files of the certificate."""

_KEYS: Final = {"url", "api_key", "pid"}
_MOST: Final = 2**16  # no ready file is larger


@contextmanager
def ready_file(path: Path | None, log: Callable[[str], None]) -> Iterator[Write]:
    """Yield a writer for the ready file; on exit, remove the file if it is still that of this sandbox.

    Raises:
        UsageError: the file cannot be written.

    """
    written: list[bytes] = []

    def write(url: str, key: str, tls: TlsFiles | None) -> None:
        if path:
            content: dict[str, Any] = {"url": url, "api_key": key, "pid": os.getpid()}
            written.append(orjson.dumps(content | ({"ca_file": str(tls.ca_file)} if tls and tls.ca_file else {})))
            _write_atomically(path, written[-1])

    try:
        yield write
    finally:
        if path and written:
            _remove_own(path, written[-1], log)


def remove_stale(path: Path) -> None:
    """Remove the ready file of another sandbox, and check that a new one can be written.

    Raises:
        UsageError: it cannot be removed, or is not a ready file and must not be replaced.

    """
    try:
        if path.is_symlink() or path.exists():
            _check_replaceable(path)
            remove(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write the ready file {path}: its folder is missing or read-only")


def _check_replaceable(path: Path) -> None:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise UsageError(f"cannot write the ready file {path}: there is something that is not a regular file")
    with path.open("rb") as file:
        content = file.read(_MOST + 1)
    if (content.strip() or len(content) > _MOST) and not _is_ready_file(content):
        raise UsageError(
            f"cannot write the ready file {path}: there is a file with other content; move it, or choose another "
            "--ready-file"
        )


def _is_ready_file(content: bytes) -> bool:
    if len(content) > _MOST:
        return False
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(found, dict) and found.keys() >= _KEYS


def _remove_own(path: Path, content: bytes, log: Callable[[str], None]) -> None:
    """Remove the file, unless a sandbox that was started later has replaced it."""
    try:
        if stat.S_ISREG(path.lstat().st_mode) and path.read_bytes() == content:
            remove(path)
    except FileNotFoundError:
        return
    except OSError as error:
        log(f"the ready file {path} could not be removed: {os_reason(error)}")


def _write_atomically(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; a reader never sees an incomplete one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        remove(draft)
        create_private(draft, content)
        draft.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"cannot write the ready file {path}: {os_reason(error)}")
