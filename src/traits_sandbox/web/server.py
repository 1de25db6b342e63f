"""The server around the app: bound sockets, uvicorn, the ready signal, an orderly shutdown."""

import asyncio
import gc
import logging
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial

import uvicorn
from starlette.types import ASGIApp

from traits_sandbox.system import ending_signals, raise_open_files
from traits_sandbox.web.listening import BACKLOG
from traits_sandbox.web.protocol import BoundedProtocol, ReportRefused, cut_slow_senders
from traits_sandbox.web.refusals.early_refusals import RefusalReason
from traits_sandbox.web.refusals.handshakes import watched
from traits_sandbox.web.tls import TlsFiles

# The part of the grace time in which an unfinished request may arrive; the rest is for its response.
_PART_OF_GRACE = 0.8

# With more connections, a request gets 503.
MAX_CONNECTIONS = 1000

# Open files other than connections: standard streams, the event loop's, a bucket's.
_OTHER_FILES = 32

# Seconds that a connection may be idle between requests: long enough for a test suite that pauses.
KEEP_ALIVE = 75


class SandboxServer(uvicorn.Server):
    """Serves an app on sockets until `should_exit` is set. It handles no signals and changes no global state.

    `on_ready` is called once connections are accepted. When the server stops, requests in flight get `grace` seconds to
    be answered. A request that is not complete within `receive_timeout` seconds is cut off. `report` receives every
    request that does not reach the app.
    """

    def __init__(
        self,
        app: ASGIApp,
        listeners: Sequence[socket.socket],
        *,
        grace: float,
        receive_timeout: float,
        report: ReportRefused,
        tls: TlsFiles | None,
    ) -> None:
        super().__init__(_config(app, grace=grace, report=report, tls=tls))
        self.on_ready: Callable[[], object] = bool
        self._listeners = list(listeners)
        self._receive_timeout = receive_timeout
        self._grace = grace

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve in a new event loop."""
        super().run(sockets or self._listeners)

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve in the running event loop."""
        await super().serve(sockets or self._listeners)

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to the program that this server is part of."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept connections."""
        await super().startup(sockets)
        if not self.should_exit:
            self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order."""
        # A request that is not complete by then is cut off: at the end of the grace time, uvicorn would answer 500.
        asyncio.get_running_loop().call_later(_PART_OF_GRACE * self._grace, self._cut_all)
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        """Cut off slow senders; called ten times a second."""
        now = asyncio.get_running_loop().time()
        cut_slow_senders(self.server_state.connections, deadline=self._receive_timeout, now=now)
        return await super().on_tick(counter)

    def _cut_all(self) -> None:
        now = asyncio.get_running_loop().time()
        cut_slow_senders(self.server_state.connections, deadline=0.0, now=now, reason=RefusalReason.STOPPED)


def run(
    app: ASGIApp,
    listeners: Sequence[socket.socket],
    *,
    ready: Callable[[], None],
    grace: float,
    receive_timeout: float,
    write_log: Callable[[str], None],
    report: ReportRefused,
    tls: TlsFiles | None = None,
) -> None:
    """Serve until a signal ends it; `ready` is called once connections are accepted, `write_log` logs a line.

    `report` receives every request that does not reach the app.
    """
    server = SandboxServer(app, listeners, grace=grace, receive_timeout=receive_timeout, report=report, tls=tls)
    server.on_ready = ready
    # Uvicorn's messages are not for users; the form parser's warnings are in the response and in the log.
    for name in ("uvicorn.error", "python_multipart"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tune_garbage_collection()
    _raise_open_files(write_log)
    for number in ending_signals():
        signal.signal(number, server.handle_exit)
    server.run()


def _config(app: ASGIApp, *, grace: float, report: ReportRefused, tls: TlsFiles | None) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        backlog=BACKLOG,
        lifespan="off",
        ws="none",
        # A level, or no access log, would change loggers of the whole process. The protocol has a logger of its own.
        log_level=None,
        http=partial(BoundedProtocol, report=report),  # type: ignore[arg-type]  # only called
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=grace,  # type: ignore[arg-type]  # passed to wait_for, which takes fractions
        ssl_certfile=tls.cert_file if tls else None,
        ssl_keyfile=tls.key_file if tls else None,
        ssl_context_factory=partial(watched, report=report) if tls else None,
    )


def tune_garbage_collection() -> None:
    """Make full collections rare: stored records are bytes without cycles, and visiting them costs latency."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(200_000, 50, 1000)


def _raise_open_files(write_log: Callable[[str], None]) -> None:
    files = raise_open_files()
    if files is not None and files < MAX_CONNECTIONS + _OTHER_FILES:
        write_log(
            f"this system allows {files} open files, so fewer than {MAX_CONNECTIONS} connections are served at once"
        )
