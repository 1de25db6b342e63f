"""The clock. Time is a parameter everywhere, so that tests can set it."""

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns seconds since the epoch."""


def system_clock() -> float:
    """Return the current time in seconds since the epoch."""
    return time.time()
