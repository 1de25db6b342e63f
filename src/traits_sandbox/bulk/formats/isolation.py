"""Runs what may crash, bloat or hang in a process of its own, with limits: the worker goes on whatever comes.

A child serves one request after another. Requests and answers are bytes; each request has any number of answers.
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
    """How much a child may take: `memory` in bytes, and how many `seconds` until its next answer."""

    memory: int = 2 * 2**30
    seconds: float = 120.0


class Lost(TraitsSandboxError):
    """A child ended before it answered, or was ended; the message completes a sentence about what it worked on."""


class ChildProcess:
    """A process that runs a module which calls `serve`; it is started when it is needed, and anew after a loss."""

    def __init__(self, module: str, limits: ProcessLimits) -> None:
        self._module, self._limits = module, limits
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def ask(self, request: bytes) -> Iterator[bytes]:
        """Yield the answers to a request; one request at a time.

        Raises:
            Lost: it crashed, or took too much memory or time.

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
            # Not from the working directory: it is where somebody else's files may be.
            command = [sys.executable, "-P", "-m", self._module, str(self._limits.memory)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            weakref.finalize(self, _end, self._process)
        return self._process

    def _answer(self, process: "subprocess.Popen[bytes]") -> bytes:
        """Return the next answer, empty behind the last one."""
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

    def _lost(self, *, late: bool = False) -> Lost:
        if late:
            return Lost(f"takes more than {self._limits.seconds:g} seconds for a few rows, so it is given up")
        return Lost(f"needs more than {self._limits.memory // 2**20} MiB of memory, or makes its reader crash")

    def _end(self) -> None:
        if self._process:
            _end(self._process)
            self._process = None


def serve(answers: Callable[[bytes], Iterator[bytes]]) -> None:
    """Answer requests, in a child, until there are no more; its memory is limited where the system can do that."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for the parent, which ends this process
    limit_memory(int(sys.argv[1]))
    # Whatever a library prints must not come between the answers.
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
