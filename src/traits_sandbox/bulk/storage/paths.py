"""Paths of this machine: what a URI means, and how the keys of files below a folder are written on disk."""

import os
import re
import sys
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import unquote_to_bytes

from traits_sandbox.errors import UsageError
from traits_sandbox.system import WINDOWS

_UTF_8: Final = "utf-8"

# A single letter before the colon is a drive, never a scheme.
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE: Final = re.compile(r"file:(?=[/\\])", re.IGNORECASE)
_DRIVE: Final = re.compile(r"[A-Za-z][:|]")


def as_text(argument: str) -> str:
    """Return a word of the command line as the UTF-8 that it is, where Python reads it in another encoding (LC_ALL=C).

    What is no UTF-8 stays marked, as Python has it.
    """
    if sys.getfilesystemencoding() == _UTF_8:
        return argument
    return os.fsencode(argument).decode(_UTF_8, "surrogateescape")


def local_path(uri: str) -> Path | None:
    """Return the folder that a URI means, None if it means one in a cloud; raises UsageError as `path_of` does."""
    path = path_of(uri, windows=WINDOWS)
    return None if path is None else Path(on_disk(path))


def path_of(uri: str, *, windows: bool) -> str | None:
    """Return the path that a URI means on Windows or elsewhere, None if it means something in a cloud.

    Raises:
        UsageError: it is a file:// URI of another machine, which only Windows can read.

    """
    if _FILE.match(uri):
        return _of_file_uri(uri, windows=windows)
    return None if _SCHEME.match(uri) else uri


def as_key(relative: PurePath) -> str:
    """Return the key of a file below a folder: its path with slashes, as UTF-8.

    A name that is not UTF-8 can be shown, but not written: it keeps a mark in its place.
    """
    return os.fsencode(relative.as_posix()).decode(_UTF_8, "replace")


def on_disk(key: str) -> str:
    """Return a key as this system writes it in a path, whatever the encoding of its file names is."""
    if sys.getfilesystemencoding() == _UTF_8:
        return key
    return os.fsdecode(key.encode(_UTF_8, "surrogateescape"))


def _of_file_uri(uri: str, *, windows: bool) -> str:
    rest = uri[len("file:") :].replace("\\", "/") if windows else uri[len("file:") :]
    host, path = "", rest
    if rest.startswith("//"):
        host, slash, below = rest[2:].partition("/")
        path = slash + below
        if windows and _DRIVE.fullmatch(host):  # file://C:/load, one slash too few
            host, path = "", f"/{host}{path}"
    path = unquote_to_bytes(path).decode(_UTF_8, "surrogateescape")
    if host.lower() not in ("", "localhost"):
        if windows:
            return f"//{host}{path}"
        raise UsageError(f"{uri} names the machine {host!r}; a folder of this one is file:///PATH, or just its path")
    if windows and _DRIVE.match(path, 1):
        return f"{path[1]}:{path[3:] or '/'}"
    return path or "/"
