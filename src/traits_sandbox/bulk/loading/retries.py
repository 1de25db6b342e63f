"""When a watch tries again after a failure: each time it waits longer, up to a limit."""

import traceback
from collections.abc import Container
from pathlib import Path
from typing import Final

# The longest pause of a watch, in seconds, if its interval is not longer.
_LONGEST: Final = 60.0
# An object that cannot be read is tried again after this many polls at most.
_MOST_POLLS: Final = 64


def pause(interval: float, failures: int) -> float:
    """Return the seconds until the next poll, after a number of polls that failed in a row."""
    return min(interval * 2.0 ** min(failures, 16), max(interval, _LONGEST))


class Retries:
    """Which objects could not be sent, how often, and for how many polls they wait."""

    def __init__(self) -> None:
        self._failures, self._polls = dict[str, int](), dict[str, int]()

    def add(self, key: str) -> None:
        """Count a failure: the first one waits for no poll, each further one for twice as many as the one before."""
        failures = self._failures.get(key, 0) + 1
        self._failures[key], self._polls[key] = failures, min(2 ** (failures - 1), _MOST_POLLS) - 1

    def waits(self, key: str) -> bool:
        """Return whether an object waits in this poll, and count the poll."""
        left = self._polls.get(key, 0)
        if left:
            self._polls[key] = left - 1
        return left > 0

    def forget(self, key: str) -> None:
        """Forget the failures of an object."""
        self._failures.pop(key, None)
        self._polls.pop(key, None)

    def keep(self, keys: Container[str]) -> None:
        """Forget the objects that no longer exist."""
        for key in [key for key in self._failures if key not in keys]:
            self.forget(key)


def describe_bug(error: BaseException) -> str:
    """Return one line about an error that nobody expects, with the last places in the code."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    return f"this is a bug in traits-sandbox, please report it ({type(error).__name__} at {places})"
