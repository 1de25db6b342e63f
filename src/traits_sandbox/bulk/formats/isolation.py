"""Runs code that may crash, hang or use too much memory in a separate process, with limits.

The process serves one request after another. Requests and answers are bytes; a request has any number of answers.
"""

import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Lock, Timer
from typing import IO, Final

import msgspec

from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.system import limit_memory

_LENGTH_BYTES: Final = 4
_GRACE_SECONDS: Final = 5.0


class ProcessLimits(msgspec.Struct, frozen=True):
    """The limits of a process: `memory` in bytes, and `seconds` until its next answer."""

    memory: int = 2 * 2**30
    seconds: float = 120.0


class ProcessLost(TraitsSandboxError):
    """A process ended or was ended before it answered; the message completes a sentence about its input."""


class ChildProcess:
    """A process that runs a module which calls `serve`; it is started at its first use, and again after a loss."""

    def __init__(self, module: str, limits: ProcessLimits) -> None:
        self._module, self._limits = module, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def ask(self, request: bytes) -> Iterator[bytes]:
        """Yield the answers to a request; one request at a time.

        Raises:
            ProcessLost: it crashed, or needed too much memory or time.

        """
        with self._lock:
            process, done = self._running(), False
            try:
                _write(process.stdin, request)
                while answer := self._answer(process):
                    yield answer
                done = True
            except OSError:
                raise self._lost() from None
            finally:
                if not done:
                    self._end()

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            # Not from the current folder, which may have files of others.
            command = [sys.executable, "-P", "-m", self._module, str(self._limits.memory)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            weakref.finalize(self, _end, self._process)
        return self._process

    def _answer(self, process: "subprocess.Popen[bytes]") -> bytes:
        """Return the next answer; empty after the last one."""
        late = Event()

        def give_up() -> None:
            late.set()
            process.kill()

        patience = Timer(self._limits.seconds, give_up)
        patience.daemon = True
        patience.start()
        try:
            answer = _read(process.stdout)
        finally:
            patience.cancel()
        if answer is None:
            raise self._lost(late=late.is_set())
        return answer

    def _lost(self, *, late: bool = False) -> ProcessLost:
        if late:
            return ProcessLost(
                f"takes more than {self._limits.seconds:g} seconds for a few rows, so reading was stopped"
            )
        return ProcessLost(f"needs more than {self._limits.memory // 2**20} MiB of memory, or makes its reader crash")

    def _end(self) -> None:
        if self._process:
            _end(self._process)
            self._process = None


def serve(answers: Callable[[bytes], Iterator[bytes]]) -> None:
    """Answer requests in a separate process until there are no more; its memory is limited where the system can."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it, and ends this process
    limit_memory(int(sys.argv[1]))
    # Output of libraries must not get between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with suppress(BrokenPipeError):
        while request := _read(sys.stdin.buffer):
            for answer in answers(request):
                _write(out, answer)
            _write(out, b"")


def _write(stream: IO[bytes] | None, message: bytes) -> None:
    assert stream is not None
    stream.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
    stream.flush()


def _read(stream: IO[bytes] | None) -> bytes | None:
    """Return a message, None at the end of the stream."""
    assert stream is not None
    length = stream.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    message = stream.read(size := int.from_bytes(length, "big"))
    return message if len(message) == size else None


def _end(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(OSError):
                stream.close()
    with suppress(OSError):
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
