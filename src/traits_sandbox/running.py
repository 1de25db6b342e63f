"""A running sandbox within another program, such as a test: start it, read its URL, stop it.

    with running(Settings(port=0)) as sandbox:
        my_client(sandbox.url, sandbox.api_key)

serves in a thread;

    async with running_in_loop(Settings(port=0)) as sandbox:
        await my_client(sandbox.url, sandbox.api_key)

serves in the event loop that is running. Neither touches signal handlers or other global state, so several can run at
the same time. `traits-sandbox serve` is for processes, and has its own ready file and bucket.
"""

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Final

from traits_sandbox.errors import UsageError
from traits_sandbox.reporting.writer import LineWriter
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings
from traits_sandbox.web.listening import bind, closing_all, url_of
from traits_sandbox.web.server import SandboxServer
from traits_sandbox.web.tls import TlsFiles, given_certificate, server_certificate

_THREAD: Final = "traits-sandbox"


class RunningSandbox:
    """A sandbox that answers requests until it is stopped.

    `url` is its base URL, `api_key` the first of its keys, and `ca_file` the CA certificate that clients have to trust
    if it serves HTTPS with its own certificate. `sandbox` gives access to its store and journal.
    """

    def __init__(self, sandbox: Sandbox, server: SandboxServer, url: str, tls: TlsFiles | None) -> None:
        self.sandbox = sandbox
        self.url = url
        self.api_key: str = sandbox.settings.api_key[0]
        self.ca_file: Path | None = tls.ca_file if tls else None
        self._server = server

    def stop(self) -> None:
        """Stop accepting connections; may be called from any thread, and more than once.

        Requests in flight get `Settings.grace` seconds to be answered. Leaving the `with` block waits for them.
        """
        self._server.should_exit = True


@contextmanager
def running(settings: Settings | None = None) -> Iterator[RunningSandbox]:
    """Run a sandbox in a thread while the block lasts; without settings on any free port.

    Raises:
        UsageError: the address is in use, the settings name a file or a bucket that only `serve` has, or TLS cannot be
            set up.

    """
    with _prepared(settings) as (handle, server):
        up = threading.Event()
        failure: list[BaseException] = []

        def serve() -> None:
            try:
                server.run()
            except BaseException as error:  # raised again below
                failure.append(error)
            finally:
                up.set()

        server.on_ready = up.set
        thread = threading.Thread(target=serve, name=_THREAD, daemon=True)
        thread.start()
        try:
            up.wait()
            if not failure:
                yield handle
        finally:
            handle.stop()
            thread.join()
        if failure:
            raise failure[0]


@asynccontextmanager
async def running_in_loop(settings: Settings | None = None) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox in the running event loop while the block lasts; raises as `running` does."""
    with _prepared(settings) as (handle, server):
        up = asyncio.Event()
        server.on_ready = up.set
        serving = asyncio.create_task(server.serve(), name=_THREAD)
        waiting = asyncio.create_task(up.wait())
        try:
            await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
            if not serving.done():
                yield handle
        finally:
            waiting.cancel()
            handle.stop()
            await serving


@contextmanager
def certificate(settings: Settings) -> Iterator[TlsFiles | None]:
    """Yield the files of the certificate that the settings ask for, or None for plain HTTP."""
    if settings.tls_cert and settings.tls_key:
        yield given_certificate(settings.tls_cert, settings.tls_key)
        return
    hosts = (settings.host, *settings.allow_host)
    with server_certificate(hosts) if settings.tls else nullcontext() as files:
        yield files


@contextmanager
def _prepared(settings: Settings | None) -> Iterator[tuple[RunningSandbox, SandboxServer]]:
    settings = settings or Settings(port=0)
    if settings.ready_file or settings.bucket:
        raise UsageError("--ready-file and --bucket belong to `traits-sandbox serve`: leave ready_file and bucket out")
    with (
        LineWriter(sys.stderr) as log_stream,
        certificate(settings) as tls,
        closing_all(bind(settings.host, settings.port)) as listeners,
    ):
        sandbox = Sandbox(settings, log_stream=log_stream)
        url = url_of(listeners[0], secure=settings.secure)
        server = SandboxServer(
            sandbox.app,
            listeners,
            grace=settings.grace,
            receive_timeout=settings.receive_timeout,
            report=sandbox.note_refused,
            tls=tls,
        )
        yield RunningSandbox(sandbox, server, url, tls), server
