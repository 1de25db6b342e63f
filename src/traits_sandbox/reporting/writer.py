"""Writes text to a stream in a thread, so that a stream that nobody reads never stops the program."""

import io
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from time import sleep
from types import TracebackType
from typing import Final, Protocol, Self, TextIO

from traits_sandbox.reporting.watched import WatchedStream
from traits_sandbox.system import WINDOWS

MOST_WAITING: Final = 4 * 2**20
"""The number of characters that may wait to be written; further texts are dropped."""

_END: Final = 1.0  # seconds to write what still waits at the end
_RETRY: Final = 0.05
_GAP: Final = ""  # in the queue, the place where texts were dropped
_NOTE: Final = "{} log entries were dropped here, because they could not be written in time\n"


class TextSink(Protocol):
    """What text is written to."""

    def write(self, text: str, /) -> object:
        """Write a text."""

    def flush(self) -> None:
        """Write what is buffered."""

    def isatty(self) -> bool:
        """Return whether this is a terminal."""


class LineWriter:
    """A stream whose `write` never waits and never fails, to be used in a `with` block.

    Texts that find no room are dropped, and a line with their number follows as soon as there is room. `on_error` is
    called in the thread with an error of the stream and the text that is lost by it.
    """

    def __init__(self, stream: TextIO, on_error: Callable[[OSError, str], None] | None = None) -> None:
        self._stream = stream
        self._emit = _emitter(stream)
        self._on_error = on_error
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = self._dropped = self._failed = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="traits-sandbox-writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._texts.put(None)
        # A thread that still waits for a reader after this time ends with the program.
        self._thread.join(_END)
        self._closed = True

    def write(self, text: str) -> None:
        """Queue a text, or drop it if too much waits already."""
        with self._lock:
            if self._closed or not text:
                return
            if self._waiting > MOST_WAITING:
                self._drop()
                return
            self._waiting += len(text)
        self._texts.put(text)

    def _drop(self) -> None:
        """Count a dropped text, and queue the place where the first of them is missing."""
        if not self._dropped:
            self._texts.put(_GAP)
        self._dropped += 1

    def flush(self) -> None:
        """Do nothing: texts are written as soon as possible anyway."""

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        return self._stream.isatty()

    def _run(self) -> None:
        more = True
        while more:
            text, last = self._next()
            self._try(text)
            with self._lock:
                self._waiting -= len(text)
            if last == _GAP:
                with self._lock:
                    dropped, self._dropped = self._dropped, 0
                self._try(_NOTE.format(dropped))
            more = last is not None

    def _next(self) -> tuple[str, str | None]:
        """Wait for a text; return all that waits up to a gap or the end, and the last of it."""
        texts: list[str] = []
        last = self._texts.get()
        while last:
            texts.append(last)
            try:
                last = self._texts.get_nowait()
            except Empty:
                break
        return "".join(texts), last

    def _try(self, text: str) -> None:
        if not text or self._closed:
            return
        try:
            self._emit(_NOTE.format(self._failed) + text if self._failed else text)
            self._failed = 0
        except BrokenPipeError as error:  # the reader will not come back
            self._closed = True
            self._lost(error, text)
        except OSError as error:
            self._failed += text.count("\n")
            self._lost(error, text)
        except ValueError:  # the stream was closed within this program
            self._closed = True

    def _lost(self, error: OSError, text: str) -> None:
        if self._on_error is not None:
            self._on_error(error, text)


def _emitter(stream: TextIO) -> Callable[[str], None]:
    """Return a function that writes a text to a stream, and waits if it must."""
    # A write to the stream itself would hold its lock, and Python could not end while the write waits. Other kinds of
    # streams, and those of Windows, where a console has its own encoding, are used as they are.
    if type(stream) not in (io.TextIOWrapper, WatchedStream) or WINDOWS:

        def emit(text: str) -> None:
            stream.write(text)
            stream.flush()

        return emit
    with suppress(OSError):
        stream.flush()
    descriptor, encoding, errors = stream.fileno(), stream.encoding, stream.errors
    return lambda text: _write_all(descriptor, text.encode(encoding, errors or "strict"))


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # another program has made the stream non-blocking
            sleep(_RETRY)
