"""Runs work in a second thread, so that the main thread never waits long for a storage."""

from collections.abc import Callable
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Work in a thread that ends with the process, because a storage can take ten seconds to answer."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._thread = Thread(target=self._run, daemon=True)
        self._result: T | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Start the work."""
        self._thread.start()

    def over(self, within: float) -> bool:
        """Wait at most `within` seconds for the end of the work; return whether it has ended."""
        self._thread.join(within)
        return not self._thread.is_alive()

    @property
    def result(self) -> T | None:
        """Return the result of the work, or None before its end; raise the exception that the work raised."""
        if self._error:
            raise self._error
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as error:
            self._error = error
