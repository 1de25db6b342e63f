"""`serve --bucket`: the sandbox itself watches a storage, in a separate thread."""

import asyncio
from traceback import format_exception

from traits_sandbox.bulk.loading.background import Background
from traits_sandbox.bulk.loading.sending import LocalSandbox
from traits_sandbox.bulk.loading.watching import Watch
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.clock import system_clock
from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.reporting.words import printable
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.web.auth import DEFAULT_DASHBOARD

# The shutdown waits this many seconds for a running request to the storage.
_GRACE = 1.0


class BucketWatch:
    """Watches one storage for one sandbox."""

    def __init__(self, sandbox: Sandbox, uri: str) -> None:
        """Prepare to watch a storage.

        Raises:
            UsageError: the URI names neither a folder nor a supported storage.

        """
        self._sandbox, self._source = sandbox, FileSource(as_text(uri))
        self._watch: Watch | None = None
        self._background = Background(self._run)

    def start(self) -> None:
        """Start watching; must be called in the event loop of the sandbox."""
        controls = self._sandbox.controls
        receiver = LocalSandbox(
            controls.bulk_intake, controls.ledger, DEFAULT_DASHBOARD, loop=asyncio.get_running_loop()
        )
        self._watch = Watch(
            self._source,
            self._sandbox.contract,
            receiver,
            interval=self._sandbox.settings.bucket_interval,
            clock=system_clock,
            log=self._log,
            stop=receiver.stop,
        )
        self._background.start()

    def stop(self) -> None:
        """Stop watching within a second."""
        if self._watch:
            self._watch.stop.set()
            self._background.over(_GRACE)

    def _run(self) -> None:
        assert self._watch is not None
        try:
            self._watch.run()
        except TraitsSandboxError as error:
            self._log(f"{error}; watching has stopped")
        except Exception as error:
            cause = "".join(format_exception(error))
            self._sandbox.log.write_line(f"this is a bug in traits-sandbox, please report it\n{cause}")

    def _log(self, line: str) -> None:
        self._sandbox.log.write_line(f"bucket: {printable(line)}")
