"""All time and chance: handed in, so that tests and seeds decide."""

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Returns seconds since the epoch."""


def system_clock() -> float:
    """Return the present moment in seconds since the epoch."""
    return time.time()
