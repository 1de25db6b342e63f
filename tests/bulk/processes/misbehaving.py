"""What a separate process may do instead of answering: the request is the name of one of these."""

import os
import signal
import sys
import time
from collections.abc import Iterator


def answers(request: bytes) -> Iterator[bytes]:
    """Answer once, and then misbehave as it is asked."""
    yield b"at first " + request
    match request:
        case b"sleep":
            time.sleep(10**6)
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"memory":
            _ = bytearray(2**62)
        case b"no allocation":
            os.write(2, b"memory allocation of 150000000 bytes failed\nstack backtrace:\n  0: there\n")
            os.abort()
        case b"exit":
            print("the last words", file=sys.stderr)
            os._exit(9)
        case b"talk":
            print("x" * 10**6, file=sys.stderr, flush=True)
            print("y" * 10**6, flush=True)
            yield b"then all"
