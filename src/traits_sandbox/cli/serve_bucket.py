"""`serve --bucket`: the sandbox itself watches a storage, in a separate thread."""

import asyncio
from typing import Final

from traits_sandbox.bulk.loading.background import Background
from traits_sandbox.bulk.loading.sending import LocalSandbox
from traits_sandbox.bulk.loading.watching import IngestedFile, Watch
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.clock import system_clock
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.web.auth import DEFAULT_DASHBOARD

# The shutdown waits this many seconds for a running request to the storage.
_GRACE: Final = 1.0
# The violations of one file in the log.
_SHOWN: Final = 10


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
            log_file=self._log_file,
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
        self._watch.run()

    def _log(self, line: str) -> None:
        self._sandbox.log.write_event(f"bucket: {line}", source=self._source.name)

    def _log_file(self, file: IngestedFile) -> None:
        """Log a file as a push is logged: its counts, and the first violations of its rows."""
        upload = self._sandbox.controls.uploads.find(file.upload_id) if file.refused_rows else None
        count, refused = (upload.refused_count, upload.refused[:_SHOWN]) if upload else (0, ())
        violations = [str(violation) for violation in refused]
        more = [f"… and {count - len(violations)} more"] if count > len(violations) else []
        self._sandbox.log.write_event(
            f"bucket: {file.headline}",
            [*file.notices, *violations, *more],
            always=False,
            source=self._source.name,
            key=file.key,
            rows=file.rows,
            records=file.records,
            violations=violations,
            violation_count=count,
        )
