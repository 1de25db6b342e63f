"""What runs in a separate process: it serves one request after another. Requests and answers are bytes in frames.

The first message of the process is empty if it has started, else the name of a module that it cannot import. Each
request has any number of answers; an empty message ends them.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Final

from traits_sandbox.system import limit_memory

OUT_OF_MEMORY: Final = 72
"""The exit code of a process for which Python found no more memory."""

_LENGTH_BYTES: Final = 4

_PROGRAM: Final = """\
import sys
sys.path[:] = {path}
try:
    from importlib import import_module
    for name in {libraries}:
        import_module(name)
    answers = import_module({module!r}).answers
    from {here} import serve
except ImportError as error:
    name = (error.name or "a module").encode()
    sys.stdout.buffer.write(len(name).to_bytes({length}, "big") + name)
    sys.exit()
serve(answers, {memory})
"""


def program(module: str, libraries: tuple[str, ...], memory: int) -> str:
    """Return the program of a process that serves the `answers` of a module, with at most `memory` bytes.

    It imports from where this process imports: modules can be in folders or archives that only `sys.path` knows.
    """
    path = [os.path.abspath(each) for each in sys.path]
    return _PROGRAM.format(
        path=ascii(path), libraries=libraries, module=module, here=__name__, length=_LENGTH_BYTES, memory=memory
    )


def serve(answers: Callable[[bytes], Iterator[bytes]], memory: int) -> None:
    """Answer requests until there are no more; the memory is limited where the system can."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it, and ends this process
    limit_memory(memory)
    # Output of libraries must not get between the answers.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        with suppress(BrokenPipeError):
            write_message(out, b"")
            while request := read_message(sys.stdin.buffer):
                for answer in answers(request):
                    write_message(out, answer)
                write_message(out, b"")
    except MemoryError:
        os._exit(OUT_OF_MEMORY)


def write_message(stream: IO[bytes] | None, message: bytes) -> None:
    """Write a message."""
    assert stream is not None
    stream.write(len(message).to_bytes(_LENGTH_BYTES, "big") + message)
    stream.flush()


def read_message(stream: IO[bytes] | None) -> bytes | None:
    """Return a message, or None at the end of the stream."""
    assert stream is not None
    length = stream.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    message = stream.read(size := int.from_bytes(length, "big"))
    return message if len(message) == size else None
