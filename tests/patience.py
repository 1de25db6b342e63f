"""Waits for events. The time limit is long, and only ends tests that hang."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 600.0
"""The time limit in seconds. It is so long that no machine reaches it unless a test hangs."""

_PAUSE = 0.02


def eventually(ask: Callable[[], T]) -> T:
    """Call a function until its result is true, and return the result."""
    end = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < end, "the event has not happened"
        time.sleep(_PAUSE)
    return answer
