"""A standard stream that remembers that it could not be written."""

import io
from collections.abc import Iterator
from contextlib import contextmanager


class WatchedStream(io.TextIOWrapper):
    """A text stream that knows whether it has failed, which an OSError alone does not tell."""

    failed = False

    def write(self, text: str) -> int:
        """Write a text."""
        with self._watched():
            return super().write(text)

    def flush(self) -> None:
        """Write what is buffered."""
        with self._watched():
            super().flush()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except OSError:
            self.failed = True
            raise
