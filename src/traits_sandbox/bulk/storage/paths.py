"""Paths on this machine: the folder that a URI names, and the conversion between paths and object keys."""

import os
import re
import sys
from pathlib import Path, PurePath
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from traits_sandbox.errors import UsageError
from traits_sandbox.reporting.words import printable
from traits_sandbox.system import WINDOWS

_UTF_8: Final = "utf-8"

# A single letter before the colon is a drive, not a scheme.
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE: Final = re.compile(r"file:(?=[/\\])", re.IGNORECASE)
# How Python writes bytes that are not UTF-8 in text.
_ESCAPED: Final = re.compile("[\udc80-\udcff]+")
_DRIVE: Final = re.compile(r"[A-Za-z][:|]")


def as_text(argument: str) -> str:
    """Return a URI or path of the command line as UTF-8, even if Python decoded it otherwise (LC_ALL=C).

    A path with bytes that are not UTF-8 becomes a `file://` URI with these bytes as %E9, which every report, log and
    ledger can show, and which names the same folder.

    Raises:
        UsageError: the URI of a cloud has such bytes.

    """
    text = argument
    if sys.getfilesystemencoding() != _UTF_8:
        text = os.fsencode(argument).decode(_UTF_8, "surrogateescape")
    return without_surrogates(text)


def without_surrogates(text: str) -> str:
    """Return a URI or path as `as_text` does, if it was decoded as UTF-8 already."""
    if not _ESCAPED.search(text):
        return text
    if _FILE.match(text):
        return _ESCAPED.sub(lambda found: quote_from_bytes(found[0].encode(_UTF_8, "surrogateescape")), text)
    if _SCHEME.match(text):
        raise UsageError(f"{printable(text)} is not UTF-8, as the names of buckets and objects are")
    return f"file://{quote_from_bytes(os.fsencode(os.path.abspath(on_disk(text))))}"


def local_path(uri: str) -> Path | None:
    """Return the folder that a URI names on this machine, or None if the URI has the scheme of another storage.

    Raises:
        UsageError: as `path_of`.

    """
    path = path_of(uri, windows=WINDOWS)
    return None if path is None else Path(on_disk(path))


def path_of(uri: str, *, windows: bool) -> str | None:
    """Return the local path that a URI names, or None if the URI has the scheme of another storage.

    A `file:` URI is read by the rules of Windows if `windows`, else by those of POSIX.

    Raises:
        UsageError: it is a file:// URI of another machine, which only Windows can read.

    """
    if _FILE.match(uri):
        return _path_of_file_uri(uri, windows=windows)
    return None if _SCHEME.match(uri) else uri


def as_key(relative: PurePath) -> str:
    """Return the key of a file below a folder: its path with slashes, as UTF-8.

    Bytes that are not UTF-8 become replacement characters.
    """
    return os.fsencode(relative.as_posix()).decode(_UTF_8, "replace")


def on_disk(key: str) -> str:
    """Return the path of a key in the encoding of this system's file names."""
    if sys.getfilesystemencoding() == _UTF_8:
        return key
    return os.fsdecode(key.encode(_UTF_8, "surrogateescape"))


def _path_of_file_uri(uri: str, *, windows: bool) -> str:
    rest = uri[len("file:") :].replace("\\", "/") if windows else uri[len("file:") :]
    host, path = "", rest
    if rest.startswith("//"):
        host, slash, below = rest[2:].partition("/")
        path = slash + below
        if windows and _DRIVE.fullmatch(host):  # file://C:/load has one slash too few
            host, path = "", f"/{host}{path}"
    path = unquote_to_bytes(path.encode(_UTF_8, "surrogateescape")).decode(_UTF_8, "surrogateescape")
    if host.lower() not in ("", "localhost"):
        if windows:
            return f"//{host}{path}"
        raise UsageError(f"{uri} is on another machine, {host!r}; for a folder on this one write file:///PATH or PATH")
    if windows and _DRIVE.match(path, 1):
        return f"{path[1]}:{path[3:] or '/'}"
    return path or "/"
