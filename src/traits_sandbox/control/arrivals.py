"""Lets somebody wait until something has arrived, without asking again and again."""

import asyncio


class Arrivals:
    """Wakes all who wait, each time that something arrives; `count` tells how often something has."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Wake everybody who waits now."""
        self.count += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def after(self, count: int) -> None:
        """Return as soon as something has arrived since `count` was read: at once, if it has already."""
        if self.count > count:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
