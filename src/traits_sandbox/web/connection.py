"""A client's connection, for answers that must end it, or take their time on it."""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from starlette.types import Scope

from traits_sandbox.system import NO_LINGER

EXTENSION: Final = "traits_sandbox.connection"

# What a client needs to read what has arrived before the reset overtakes it.
_SETTLE = 0.05
_FLUSHED_WITHIN = 5.0
_FLUSH_TICK = 0.005


class Connection:
    """One transport. Waiting on it ends early when the client leaves, or when the server does."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def lost(self) -> bool:
        """Tell whether nothing can be sent any more."""
        return self._lost.is_set()

    def note_lost(self) -> None:
        """Take notice that the connection is gone."""
        self._lost.set()
        self._hurry.set()

    def note_shutdown(self) -> None:
        """Take notice that the server ends: nobody waits any longer."""
        self._hurry.set()

    async def pause(self, seconds: float) -> None:
        """Wait for so many seconds, at most."""
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._hurry.wait()

    def close(self) -> None:
        """End the connection in order, once what was written is sent."""
        self._transport.close()

    async def flush(self) -> None:
        """Give the client a chance to read what was written."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_FLUSHED_WITHIN):
                # First a moment, as what is written waits for the loop's next turn before it is in any buffer.
                await asyncio.sleep(_SETTLE)
                # Transports tell nobody when their buffer is empty.
                while self._transport.get_write_buffer_size() and not self.lost:  # noqa: ASYNC110
                    await asyncio.sleep(_FLUSH_TICK)

    async def reset(self) -> None:
        """End the connection at once, so that the client sees it reset."""
        if not self.lost:
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
            self._transport.abort()
            await self._lost.wait()


class NoConnection(Connection):
    """Stands for the transport where there is none: the app was called without a server."""

    def __init__(self) -> None:
        self._lost = asyncio.Event()
        self._hurry = asyncio.Event()

    def close(self) -> None:
        """Fail as a client's socket would."""
        raise ConnectionError("the sandbox has closed the connection: a fault was planned")

    async def flush(self) -> None:
        """Do nothing: whatever was sent has been taken."""

    async def reset(self) -> None:
        """Fail as a client's socket would."""
        raise ConnectionResetError("the sandbox has reset the connection: a fault was planned")


def connection_of(scope: Scope) -> Connection:
    """Return the connection that a request came on."""
    extensions = scope.get("extensions") or {}
    return extensions.get(EXTENSION) or NoConnection()
