"""Lets somebody wait until something has arrived, without asking again and again."""

import asyncio


class Arrivals:
    """Wakes all who wait, each time that something arrives."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Wake everybody who waits now."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def next(self) -> None:
        """Return at the next arrival."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
