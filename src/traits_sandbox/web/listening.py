"""The sockets that the server listens on: one for each address of a host, all with the same port."""

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from traits_sandbox.errors import UsageError
from traits_sandbox.system import os_reason

BACKLOG: Final = 2048

# With port 0, another program may have the port that the first address got, but on another address.
_ATTEMPTS: Final = 20

_ANY: Final = "::"
_LOCAL: Final = "localhost"
_LOOPBACK: Final = ((socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("::1", 0)))
_NO_ADDRESS: Final = "this machine has no such address"
_UNUSABLE: Final = {errno.EADDRNOTAVAIL: _NO_ADDRESS, errno.EAFNOSUPPORT: _NO_ADDRESS, errno.EINVAL: _NO_ADDRESS}
"""Errors about an address, not about a port."""

Address = tuple[int, tuple[Any, ...]]
"""A family and an address of it; the port is its second part."""


def bind(host: str, port: int) -> tuple[socket.socket, ...]:
    """Return a listening socket for each address of a host that this machine has.

    `::` is every address of this machine, those of IPv4 too. `localhost` is 127.0.0.1 and ::1, because clients try the
    latter first.

    Raises:
        UsageError: the host or the port cannot be used.

    """
    addresses = _addresses(host)
    for attempt in range(_ATTEMPTS):
        try:
            return _listen(addresses, port)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE or attempt == _ATTEMPTS - 1:
                raise _refused(host, port, error) from None
    raise AssertionError


def url_of(listener: socket.socket, *, secure: bool) -> str:
    """Return the base URL of a socket for clients on this machine."""
    address, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


@contextmanager
def closing_all(listeners: Sequence[socket.socket]) -> Iterator[Sequence[socket.socket]]:
    """Close the sockets at the end of the block."""
    with ExitStack() as stack:
        for each in listeners:
            stack.enter_context(each)
        yield listeners


def _addresses(host: str) -> list[Address]:
    """Return the addresses of a host, those of IPv4 first."""
    if host == _LOCAL:
        return list(_LOOPBACK)
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UsageError(f"cannot listen on {host}: there is no such host; choose another --host") from None
    addresses: list[Address] = [(family, address) for family, _, _, _, address in found]
    if host == _ANY and not socket.has_dualstack_ipv6():
        addresses.append((socket.AF_INET, ("", 0)))
    return sorted(dict.fromkeys(addresses), key=lambda each: each[0] != socket.AF_INET)


def _listen(addresses: Sequence[Address], port: int) -> tuple[socket.socket, ...]:
    """Listen on all addresses; skip those that this machine does not have, unless it has none."""
    missing: OSError | None = None
    with ExitStack() as stack:
        listeners: list[socket.socket] = []
        for family, address in addresses:
            try:
                listeners.append(stack.enter_context(_listener(family, address, port)))
            except OSError as error:
                if error.errno not in _UNUSABLE:
                    raise
                missing = error
            else:
                port = port or listeners[0].getsockname()[1]
        if not listeners and missing:
            raise missing
        stack.pop_all()
    return tuple(listeners)


def _listener(family: int, address: tuple[Any, ...], port: int) -> socket.socket:
    host, _, *rest = address
    both = family == socket.AF_INET6 and host == _ANY and socket.has_dualstack_ipv6()
    return socket.create_server((host, port, *rest), family=family, backlog=BACKLOG, dualstack_ipv6=both)


def _refused(host: str, port: int, error: OSError) -> UsageError:
    if reason := _UNUSABLE.get(error.errno or 0):
        return UsageError(f"cannot listen on {host} port {port}: {reason}; choose another --host")
    reason = os_reason(error).lower()
    return UsageError(f"cannot listen on {host} port {port}: {reason}; choose another --port, or 0")
