"""Why a sandbox cannot be reached: reasons of ours for the errors of sockets and of httpx."""

import errno
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import Final


class NetworkReason(StrEnum):
    """Why a server cannot be reached."""

    UNTRUSTED = "its certificate is not trusted: give the certificate of its CA with --ca-file"
    WRONG_NAME = "its certificate is for another host name"
    EXPIRED = "its certificate has expired"
    NO_TLS = "TLS failed: perhaps the server only speaks http"
    UNKNOWN_HOST = "unknown host"
    REFUSED = "connection refused"
    CLOSED = "the connection was closed"
    UNREACHABLE = "the network cannot reach it"
    TIMEOUT = "timed out"
    NO_HTTP = "it closed the connection, or does not speak HTTP"
    TOO_MANY_FILES = "this process has too many open files"
    UNKNOWN = "for a reason that traits-sandbox does not know"


# The codes of OpenSSL for a certificate that is for another host or address, and for one whose time is over.
_OTHER_HOST: Final = (62, 64)
_TIME_OVER: Final = (9, 10)

_SYSTEM: Final = {
    errno.ECONNREFUSED: NetworkReason.REFUSED,
    errno.ECONNRESET: NetworkReason.CLOSED,
    errno.EPIPE: NetworkReason.CLOSED,
    errno.ENETUNREACH: NetworkReason.UNREACHABLE,
    errno.EHOSTUNREACH: NetworkReason.UNREACHABLE,
    errno.ENETDOWN: NetworkReason.UNREACHABLE,
    errno.EADDRNOTAVAIL: NetworkReason.UNREACHABLE,
    errno.ETIMEDOUT: NetworkReason.TIMEOUT,
    errno.EMFILE: NetworkReason.TOO_MANY_FILES,
    errno.ENFILE: NetworkReason.TOO_MANY_FILES,
}


def reason_of(error: BaseException) -> NetworkReason:
    """Return why a request of httpx has failed; the cause that is nearest to the system decides."""
    found = [reason for each in _causes(error) if (reason := _reason(each)) is not NetworkReason.UNKNOWN]
    return found[-1] if found else NetworkReason.UNKNOWN


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        yield following
        seen.append(following)
        following = following.__cause__ or following.__context__


def _reason(error: BaseException) -> NetworkReason:
    import httpx

    match error:
        case ssl.SSLCertVerificationError():
            return _reason_of_certificate(error.verify_code)
        case ssl.SSLError():
            return NetworkReason.NO_TLS
        case socket.gaierror():
            return NetworkReason.UNKNOWN_HOST
        case httpx.TimeoutException() | TimeoutError():
            return NetworkReason.TIMEOUT
        case OSError():
            return _SYSTEM.get(error.errno or 0, NetworkReason.UNKNOWN)
        case httpx.RemoteProtocolError():
            return NetworkReason.NO_HTTP
        case httpx.ReadError() | httpx.WriteError():
            return NetworkReason.CLOSED
        case _:
            return NetworkReason.UNKNOWN


def _reason_of_certificate(code: int) -> NetworkReason:
    if code in _OTHER_HOST:
        return NetworkReason.WRONG_NAME
    return NetworkReason.EXPIRED if code in _TIME_OVER else NetworkReason.UNTRUSTED
