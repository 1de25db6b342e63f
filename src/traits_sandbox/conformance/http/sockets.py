"""Tests with raw sockets what an HTTP client does not show: bytes after the reply to HEAD, and old TLS."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx

from traits_sandbox.conformance.http.exchange import Reply

# Seconds to wait for more bytes: a server that sends them does so at once.
_MORE_WITHIN: Final = 0.25
_MOST: Final = 2**16

# Reasons of OpenSSL when this machine does not have such an old version.
_NOT_OFFERED: Final = frozenset({"NO_PROTOCOLS_AVAILABLE", "NO_CIPHERS_AVAILABLE"})


async def reply_to_head(request: httpx.Request, trust: ssl.SSLContext | None) -> Reply:
    """Send a HEAD request over a new connection; return the reply, with all bytes after the headers as its body.

    An HTTP client leaves such bytes in the connection, where they would be read as the next reply.

    Raises:
        httpx.TransportError: there is no connection, or the server does not answer in HTTP.

    """
    host, port = address(request.url)
    async with _connection(host, port, trust) as (reader, writer):
        writer.write(_written(request))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        return _parsed(head, await _rest(reader))


async def accepts_old_tls(host: str, port: int) -> bool | None:
    """Return whether a server accepts TLS 1.1 or older; None if it cannot be tested. Nothing is sent over it."""
    if not ssl.HAS_TLSv1_1:
        return None
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=_old())
    except ssl.SSLError as error:
        return None if error.reason in _NOT_OFFERED else False
    except (ConnectionResetError, ConnectionAbortedError):  # Windows has both for it
        return False
    except OSError:
        return None
    writer.transport.abort()
    return True


def address(url: httpx.URL) -> tuple[str, int]:
    """Return the host and the port of a URL."""
    return url.host, url.port or (443 if url.scheme == "https" else 80)


@asynccontextmanager
async def _connection(
    host: str, port: int, trust: ssl.SSLContext | None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    try:
        reader, writer = await asyncio.open_connection(host, port, ssl=trust)
    except OSError as error:
        raise httpx.ConnectError(str(error)) from error
    try:
        yield reader, writer
    except asyncio.LimitOverrunError as error:
        raise httpx.RemoteProtocolError("the head of the reply is too long") from error
    except (OSError, EOFError) as error:
        raise httpx.ReadError(str(error)) from error
    finally:
        writer.transport.abort()


def _written(request: httpx.Request) -> bytes:
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"connection"]
    lines = [b"%b: %b" % each for each in (*headers, (b"Connection", b"close"))]
    return b"\r\n".join([b"%b %b HTTP/1.1" % (request.method.encode(), request.url.raw_path), *lines, b"", b""])


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(_MORE_WITHIN):
            return await reader.read(_MOST)
    except TimeoutError:
        return b""


def _parsed(head: bytes, rest: bytes) -> Reply:
    status_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, _, status = status_line.partition(" ")
    if not version.startswith("HTTP/1.") or not status[:3].isdecimal():
        raise httpx.RemoteProtocolError("the reply does not begin with a status line")
    headers = [line.partition(":") for line in lines]
    return Reply(int(status[:3]), tuple((name, value.strip()) for name, _, value in headers), rest)


def _old() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # TLS-002 checks the certificate, and nothing secret is sent here.
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python warns about the old versions that are tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context
