"""Runs a watch beside what the main thread does, which must never wait long for a storage."""

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Work in a thread that dies with the process: a storage may take ten seconds to say nothing."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._thread = Thread(target=self._run, daemon=True)
        self._result: T | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def over(self, within: float) -> bool:
        """Wait for the end at most so many seconds; return whether it has come."""
        self._thread.join(within)
        return not self._thread.is_alive()

    @property
    def result(self) -> T | None:
        """Return what the work returned, None before its end; raises what it raised."""
        if self._error:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
