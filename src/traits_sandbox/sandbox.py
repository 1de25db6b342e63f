"""Assembly: from settings to a working sandbox. What it is made of stands here, once, in order."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from typing import Any

from traits_sandbox import __version__
from traits_sandbox.clock import Clock, system_clock
from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.entry import Entry
from traits_sandbox.control.journal import Journal
from traits_sandbox.control.redaction import Redactor
from traits_sandbox.handlers.call import Backend
from traits_sandbox.handlers.ingestion import Intake
from traits_sandbox.handlers.table import handlers
from traits_sandbox.settings import Settings
from traits_sandbox.store.memory import MemoryStore
from traits_sandbox.web.app import EmulatedApi, Surroundings
from traits_sandbox.web.auth import Keys
from traits_sandbox.web.controls import Controls
from traits_sandbox.web.faults import FaultGate
from traits_sandbox.web.gateway import Gateway
from traits_sandbox.web.hosts import HostGate
from traits_sandbox.web.log import RequestLog, request_log
from traits_sandbox.web.routes import Routes


class Sandbox:
    """One sandbox: its contract, its store and its ASGI app."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = system_clock,
        log: RequestLog | None = None,
        new_id: Callable[[], str] | None = None,
    ) -> None:
        self.settings = settings
        self.contract: Contract = load(settings.contract)
        redact = Redactor(settings.api_key)
        self.log = log or request_log(settings.log_format, redact)
        self.journal = Journal(redact)
        self.faults = FaultGate()
        self.store = MemoryStore(max_bytes=settings.max_memory, on_evict=self._say_evicted)
        self.backend = Backend(
            contract=self.contract,
            store=self.store,
            clock=clock,
            seed=settings.seed,
            personas=settings.personas,
            intake=Intake(self.contract),
            lenient=settings.lenient,
        )
        keys = Keys(settings.api_key)
        api = EmulatedApi(
            self.contract,
            handlers(self.contract, self.backend),
            routes=Routes(self.contract, lenient=settings.lenient),
            keys=keys,
            surroundings=Surroundings(
                clock, new_id or _numbered_ids(), self.faults, self._observe, self.log.report_bug
            ),
        )
        controls = Controls(
            health=self.health,
            contract=self.contract,
            keys=keys,
            journal=self.journal,
            store=self.store,
            faults=self.faults,
        )
        self.app = Gateway(api, controls, HostGate((settings.host, *settings.allow_host)))

    async def health(self) -> dict[str, Any]:
        """Return what the health endpoint tells."""
        store = asdict(await self.store.status())
        del store["dashboards"]
        return {
            "status": "ready",
            "version": __version__,
            "edition": self.contract.edition,
            "seed": self.settings.seed,
            **store,
        }

    def _observe(self, entry: Entry) -> None:
        self.journal.add(entry)
        self.log.observe(entry)

    def _say_evicted(self, total: int) -> None:
        limit = self.settings.max_memory // 2**20
        self.log.say(f"memory: {total} of the oldest records have left to keep within {limit} MiB (--max-memory)")


def _numbered_ids() -> Callable[[], str]:
    """Return a source of request ids: short, in order, and distinct between processes that share a log."""
    numbers, run = count(1), secrets.token_hex(2)
    return lambda: f"{run}-{next(numbers)}"
