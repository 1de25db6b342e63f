"""An event loop in which waiting takes no time.

Its clock stands still while anything is being done, and jumps to the next timer once everything waits. So a reply is
late only where none would come, however busy the machine is. It is for what happens within the loop alone: bytes from
a socket or a thread's result would be overtaken by the timers.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):
    """Everything waits for something that cannot happen any more."""


class _Unwaiting(selectors.DefaultSelector):
    """Lets time pass instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if ready := super().select(0):
            return ready
        if timeout is None:
            raise Stuck
        self.now += max(timeout, 0.0)
        return []


class TimelessLoop(asyncio.SelectorEventLoop):
    """The event loop."""

    def __init__(self) -> None:
        self._clock = _Unwaiting()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the seconds that have passed in the loop."""
        return self._clock.now


def run(awaited: Coroutine[Any, Any, T]) -> T:
    """Do what `asyncio.run` does, without waiting."""
    with asyncio.Runner(loop_factory=TimelessLoop) as runner:
        return runner.run(awaited)
