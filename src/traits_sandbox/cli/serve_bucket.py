"""`serve --bucket`: the sandbox watches a storage by itself, in a thread beside the one that answers requests."""

import asyncio
from traceback import format_exception

from traits_sandbox.bulk.loading.background import Background
from traits_sandbox.bulk.loading.sending import Inside
from traits_sandbox.bulk.loading.watching import Watch
from traits_sandbox.bulk.storage.paths import as_text
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.clock import system_clock
from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.web.auth import DEFAULT_DASHBOARD
from traits_sandbox.web.log import printable

# How long a storage that is being asked may hold up the end.
_GRACE = 1.0


class BucketWatch:
    """Watches one storage for one sandbox."""

    def __init__(self, sandbox: Sandbox, uri: str) -> None:
        """Prepare to watch; raises UsageError if the URI is none that can be read."""
        self._sandbox, self._source = sandbox, FileSource(as_text(uri))
        self._watch: Watch | None = None
        self._background = Background(self._run)

    def begin(self) -> None:
        """Begin to watch; must be called in the loop that the sandbox runs in."""
        door, ledger = self._sandbox.controls.door, self._sandbox.controls.ledger
        inside = Inside(door, ledger, DEFAULT_DASHBOARD, loop=asyncio.get_running_loop())
        self._watch = Watch(
            self._source,
            self._sandbox.contract,
            inside,
            interval=self._sandbox.settings.bucket_interval,
            clock=system_clock,
            say=self._say,
            stop=inside.stop,
        )
        self._background.start()

    def end(self) -> None:
        """Stop watching, within a second."""
        if self._watch:
            self._watch.stop.set()
            self._background.over(_GRACE)

    def _run(self) -> None:
        assert self._watch is not None
        try:
            self._watch.run()
        except TraitsSandboxError as error:
            self._say(f"{error}; it is no longer watched")
        except Exception as error:
            cause = "".join(format_exception(error))
            self._sandbox.log.say(f"this is a bug in traits-sandbox, please report it\n{cause}")

    def _say(self, line: str) -> None:
        self._sandbox.log.say(f"bucket: {printable(line)}")
