"""The process around the app: a bound socket, uvicorn, the ready signal, an orderly end."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from traits_sandbox.errors import UsageError
from traits_sandbox.system import ending_signals, raise_open_files
from traits_sandbox.web.protocol import BoundedProtocol, cut_slow_senders
from traits_sandbox.web.tls import TlsFiles

_BACKLOG = 2048

# How much of the grace time an unfinished request has for the rest of itself; what is left is for its answer.
_PART_OF_GRACE = 0.8

# Beyond this many connections a request is answered 503.
MAX_CONNECTIONS = 1000

# Files that are open beside connections: standard streams, the loop's, a bucket's.
_OTHER_FILES = 32

# Seconds that a connection may idle between requests: long enough for a test suite that pauses.
KEEP_ALIVE = 75


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises UsageError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot listen on {host} port {port}: {reason}; choose another --port, or 0") from None


def url_of(listener: socket.socket, *, secure: bool) -> str:
    """Return the base URL under which a socket is reached from this machine."""
    address, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def run(
    app: ASGIApp,
    listener: socket.socket,
    *,
    ready: Callable[[], None],
    grace: float,
    receive_timeout: float,
    say: Callable[[str], None],
    tls: TlsFiles | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once connections are accepted, `say` gets lines for a person.

    What is in flight at the signal gets `grace` seconds to be answered. A request that has not arrived whole
    within `receive_timeout` seconds is cut off.
    """
    config = uvicorn.Config(
        app,
        backlog=_BACKLOG,
        lifespan="off",
        ws="none",
        access_log=False,
        http=BoundedProtocol,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        log_config=None,
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=grace,  # type: ignore[arg-type]  # passed to wait_for, which takes fractions
        ssl_certfile=tls.cert_file if tls else None,
        ssl_keyfile=tls.key_file if tls else None,
    )
    # What the form parser warns of is told to the client, and in the log with the request.
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)
    tune_garbage_collection()
    _raise_open_files(say)
    _end_quietly_on_signals()
    _Server(config, ready, receive_timeout=receive_timeout, grace=grace).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], *, receive_timeout: float, grace: float
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._receive_timeout = receive_timeout
        self._grace = grace

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A request that still has not arrived by then is cut off: when its time is over, uvicorn would answer 500.
        asyncio.get_running_loop().call_later(_PART_OF_GRACE * self._grace, self._cut_slow_senders, 0.0)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        # Called ten times a second.
        self._cut_slow_senders(self._receive_timeout)
        return await super().on_tick(counter)

    def _cut_slow_senders(self, deadline: float) -> None:
        now = asyncio.get_running_loop().time()
        cut_slow_senders(self.server_state.connections, deadline=deadline, now=now)


def tune_garbage_collection() -> None:
    """Keep full collections rare: what is stored is bytes, without cycles, and walking it costs latency."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(200_000, 50, 1000)


def _end_quietly_on_signals() -> None:
    """Let uvicorn's orderly end be the end: it raises the signal again, for handlers that were there before."""
    for number in ending_signals():
        signal.signal(number, lambda *_: None)


def _raise_open_files(say: Callable[[str], None]) -> None:
    files = raise_open_files()
    if files is not None and files < MAX_CONNECTIONS + _OTHER_FILES:
        say(f"this system allows {files} open files, so fewer than {MAX_CONNECTIONS} connections are served at once")
