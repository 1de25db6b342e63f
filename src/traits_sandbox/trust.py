"""Which servers a client trusts: the certificates of this machine, and those of a given file."""

import os
import ssl
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Final

from traits_sandbox.errors import UsageError

KEY_LOG: Final = "SSLKEYLOGFILE"


def trust(ca_file: str = "", *, warn: Callable[[str], None] | None = None) -> ssl.SSLContext:
    """Return the TLS settings of a client that trusts the usual certificates, and those in a file.

    The secrets of connections are written to the file in SSLKEYLOGFILE, as usual. If it cannot be opened, `warn` gets
    a sentence (it is printed to standard error by default), and they are not written.

    Raises:
        UsageError: the file has no readable certificates.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if sys.version_info >= (3, 13):  # as ssl.create_default_context, which fails if SSLKEYLOGFILE cannot be opened
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    if ca_file:
        _add(context, ca_file)
    if (path := os.environ.get(KEY_LOG)) and not sys.flags.ignore_environment:
        _log_keys(context, path, warn or _print_once)
    return context


def _add(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one too
        reason = "it has no PEM certificates" if isinstance(error, ssl.SSLError) else _reason(error)
        raise UsageError(f"--ca-file has no readable PEM certificates: {ca_file} ({reason})") from error


def certificates(ca_file: str) -> bytes:
    """Return the PEM certificates of a file, for clients that are not Python's.

    Raises:
        UsageError: the file has no readable certificates.

    """
    _add(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file)
    return Path(ca_file).read_bytes()


def _log_keys(context: ssl.SSLContext, path: str, warn: Callable[[str], None]) -> None:
    try:
        context.keylog_filename = path
    except (OSError, ValueError) as error:
        reason = _reason(error) if isinstance(error, OSError) else "it is not a path"
        warn(f"{KEY_LOG} names {path}, which cannot be opened ({reason}): no TLS secrets are written")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


@cache
def _print_once(sentence: str) -> None:
    if sys.stderr:
        print(f"traits-sandbox: {sentence}", file=sys.stderr, flush=True)
