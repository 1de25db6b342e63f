"""A client's connection, for responses that end it or are delayed on it."""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from starlette.types import Scope

from traits_sandbox.system import NO_LINGER

EXTENSION: Final = "traits_sandbox.connection"

# Seconds for a client to read what it received before it sees the reset.
_SETTLE = 0.05
_FLUSHED_WITHIN = 5.0
_FLUSH_TICK = 0.005


class Connection:
    """One transport. A pause on it ends early when the client disconnects or the server shuts down."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def lost(self) -> bool:
        """Return whether nothing can be sent any more."""
        return self._lost.is_set()

    def note_lost(self) -> None:
        """Note that the connection is lost."""
        self._lost.set()
        self._hurry.set()

    def note_shutdown(self) -> None:
        """Note that the server shuts down, which ends all pauses."""
        self._hurry.set()

    async def pause(self, seconds: float) -> None:
        """Wait for this many seconds at most."""
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._hurry.wait()

    def close(self) -> None:
        """Close the connection after everything that was written is sent."""
        self._transport.close()

    async def flush(self) -> None:
        """Wait until the client could read what was written."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSHED_WITHIN):
                # What was written gets into a buffer only at the next turn of the event loop.
                await asyncio.sleep(_SETTLE)
                # A transport does not report when its buffer is empty.
                while self._transport.get_write_buffer_size() and not self.lost:  # noqa: ASYNC110
                    await asyncio.sleep(_FLUSH_TICK)

    async def reset(self) -> None:
        """Close the connection at once, so that the client sees a reset."""
        if not self.lost:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self._transport.abort()
            await self._lost.wait()


class NoConnection(Connection):
    """A connection without a transport, for an app that is called without a server."""

    def __init__(self) -> None:
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()

    def close(self) -> None:
        """Fail as a client's socket would."""
        raise ConnectionError("the sandbox has closed the connection: a fault was planned")

    async def flush(self) -> None:
        """Do nothing: everything that was sent has arrived."""

    async def reset(self) -> None:
        """Fail as a client's socket would."""
        raise ConnectionResetError("the sandbox has reset the connection: a fault was planned")


def connection_of(scope: Scope) -> Connection:
    """Return the connection of a request."""
    extensions = scope.get("extensions") or {}
    return extensions.get(EXTENSION) or NoConnection()
