"""Waiting for events: a test waits for as long as it takes, and only a run that hangs is ended."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 600.0
"""Seconds after which whatever hangs is ended. No test's verdict depends on it: no machine needs nearly as long."""

_PAUSE = 0.02


def eventually(ask: Callable[[], T]) -> T:
    """Return the first answer that is true; ask again until then."""
    end = time.monotonic() + PATIENCE
    while not (answer := ask()):
        assert time.monotonic() < end, "what was waited for has not happened"
        time.sleep(_PAUSE)
    return answer
