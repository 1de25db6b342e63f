"""Lets a coroutine wait for new arrivals without polling."""

import asyncio


class Arrivals:
    """Wakes all waiting coroutines at each arrival; `count` is the number of arrivals."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: set[asyncio.Future[None]] = set()

    def announce(self) -> None:
        """Count an arrival and wake all waiting coroutines."""
        self.count += 1
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def after(self, count: int) -> None:
        """Return as soon as `count` is higher than the value that was read; at once if it is already."""
        if self.count > count:
            return
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.add(waiting)
        try:
            await waiting
        finally:
            self._waiting.discard(waiting)
