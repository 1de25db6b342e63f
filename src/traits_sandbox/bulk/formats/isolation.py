"""Runs code that may crash, hang or use too much memory in a separate process, with limits.

What happens to the process has one of two meanings. It was lost while it read a file: that is a finding about the
file. It could not even start: that is an error of this machine, and says nothing about any file.
"""

import signal
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from threading import Event, Lock, Thread, Timer
from typing import IO, Final

import msgspec

from traits_sandbox.bulk.formats.child import OUT_OF_MEMORY, program, read_message, write_message
from traits_sandbox.errors import TraitsSandboxError, UsageError
from traits_sandbox.reporting.words import printable

_GRACE_SECONDS: Final = 5.0
_START_SECONDS: Final = 120.0
_LONGEST_LINE: Final = 2**13
_LONGEST_DETAIL: Final = 200
# Rust prints this before it aborts; there is no other sign that memory was the cause.
_ALLOCATION_FAILED: Final = b"memory allocation of "


class ProcessLimits(msgspec.Struct, frozen=True):
    """The limits of a process: `memory` in bytes, and `seconds` until its next answer."""

    memory: int = 2 * 2**30
    seconds: float = 120.0


class LossCause(StrEnum):
    """Why a process was lost while it answered a request."""

    MEMORY = "memory"
    TIME = "time"
    KILLED = "killed"
    CRASH = "crash"


class ProcessLost(TraitsSandboxError):
    """A process ended or was ended before it answered; the message completes a sentence about its input."""

    def __init__(self, cause: LossCause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class ProcessNotStarted(UsageError):
    """A process cannot start on this machine, which says nothing about its input."""


class ChildProcess:
    """A process that serves the `answers` of a module; it is started at its first use, and again after a loss.

    `libraries` are modules that it needs; they are imported before the first request.
    """

    def __init__(self, module: str, limits: ProcessLimits, libraries: tuple[str, ...] = ()) -> None:
        self._module, self._limits, self._libraries = module, limits, libraries
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: _ErrorOutput | None = None
        self._lock = Lock()

    def ask(self, request: bytes) -> Iterator[bytes]:
        """Yield the answers to a request; one request at a time.

        Raises:
            ProcessLost: it crashed, or needed too much memory or time.
            ProcessNotStarted: it cannot start on this machine.

        """
        with self._lock:
            process, done = self._running(), False
            try:
                with suppress(OSError):  # If it has just ended, there is no answer either.
                    write_message(process.stdin, request)
                while answer := self._answer(process):
                    yield answer
                done = True
            finally:
                if not done:
                    self._end()

    def close(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = process = self._started()
            self._errors = _ErrorOutput(process)
            weakref.finalize(self, _end, process)
            try:
                self._await_start(process)
            except BaseException:
                self._end()
                raise
        return self._process

    def _started(self) -> "subprocess.Popen[bytes]":
        # -P: not from the current folder, which may have files of others.
        command = [sys.executable, "-P", "-c", program(self._module, self._libraries, self._limits.memory)]
        pipe = subprocess.PIPE
        try:
            return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise ProcessNotStarted(f"cannot start a process to read Parquet files: {reason}") from None

    def _await_start(self, process: "subprocess.Popen[bytes]") -> None:
        missing, _ = _read_within(process, _START_SECONDS)
        if missing == b"":
            return
        assert self._errors is not None
        if missing is None:
            why = f"cannot start: it {_ended(_exit_code(process), self._errors)}"
        else:
            name = printable(missing.decode(errors="replace"))
            why = f"cannot import {name}: install 'traits-sandbox[bulk]' again where this program runs"
        raise ProcessNotStarted(f"the process that reads Parquet files {why}")

    def _answer(self, process: "subprocess.Popen[bytes]") -> bytes:
        """Return the next answer; empty after the last one."""
        answer, late = _read_within(process, self._limits.seconds)
        if answer is None:
            raise self._lost(process, late=late)
        return answer

    def _lost(self, process: "subprocess.Popen[bytes]", *, late: bool) -> ProcessLost:
        if late:
            seconds = f"{self._limits.seconds:g} seconds"
            return ProcessLost(LossCause.TIME, f"takes more than {seconds} for a few rows, so reading was stopped")
        code, errors = _exit_code(process), self._errors
        assert errors is not None
        errors.join()
        if code == OUT_OF_MEMORY or (code and errors.out_of_memory):
            return ProcessLost(LossCause.MEMORY, f"needs more than {self._limits.memory // 2**20} MiB of memory")
        if code == -getattr(signal, "SIGKILL", 9):
            message = "cannot be read: its reader was killed, perhaps because this machine has too little memory"
            return ProcessLost(LossCause.KILLED, message)
        return ProcessLost(LossCause.CRASH, f"makes its reader crash: it {_ended(code, errors)}")

    def _end(self) -> None:
        if self._process:
            _end(self._process)
            self._process = None


class _ErrorOutput:
    """Reads what a process writes to stderr, so that it never waits for a reader, and keeps its last line."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None
        self.out_of_memory, self._last = False, b""
        # The thread has no reference to the process, which ends with its owner.
        self._thread = Thread(target=self._read, args=(process.stderr,), daemon=True)
        self._thread.start()

    @property
    def last(self) -> str:
        """Return the last line, cut to a sensible length."""
        return printable(self._last.decode(errors="replace").strip()[:_LONGEST_DETAIL])

    def join(self) -> None:
        """Wait until everything is read, after the end of the process."""
        self._thread.join(_GRACE_SECONDS)

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(_LONGEST_LINE):
                self.out_of_memory |= line.startswith(_ALLOCATION_FAILED)
                self._last = line if line.strip() else self._last


def _read_within(process: "subprocess.Popen[bytes]", seconds: float) -> tuple[bytes | None, bool]:
    """Return the next message, or None if the process has ended, and whether it was ended because it was late."""
    late = Event()

    def give_up() -> None:
        late.set()
        process.kill()

    patience = Timer(seconds, give_up)
    patience.daemon = True
    patience.start()
    try:
        return read_message(process.stdout), late.is_set()
    finally:
        patience.cancel()


def _exit_code(process: "subprocess.Popen[bytes]") -> int:
    """Return the exit code of a process that has closed its output."""
    try:
        return process.wait(_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _ended(code: int, errors: _ErrorOutput) -> str:
    """Return how a process has ended: `ended by SIGSEGV`, or `ended with exit code 1 (the last line of its output)`."""
    errors.join()
    if code < 0:
        known = {each.value: each.name for each in signal.Signals}
        return f"ended by {known.get(-code, f'signal {-code}')}"
    detail = f" ({errors.last})" if errors.last else ""
    # Windows has large numbers for crashes, which are written in hexadecimal.
    return f"ended with exit code {code if code < 2**16 else hex(code)}{detail}"


def _end(process: "subprocess.Popen[bytes]") -> None:
    for stream in (process.stdin, process.stdout):
        if stream:
            with suppress(OSError):
                stream.close()
    with suppress(OSError):
        process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
