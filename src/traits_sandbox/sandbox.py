"""Assembly: builds a working sandbox from settings. All parts are created here, once and in order."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from time import perf_counter
from traceback import format_exception
from typing import Any

import orjson

from traits_sandbox import __version__
from traits_sandbox.bulk.loading.intake import BulkIntake
from traits_sandbox.clock import Clock, system_clock
from traits_sandbox.contract.load import load
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.arrivals import Arrivals
from traits_sandbox.control.journal import Conceal, Journal
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.control.ledger import Ledger
from traits_sandbox.control.uploads import Uploads
from traits_sandbox.handlers.call import Backend
from traits_sandbox.handlers.intake import Intake
from traits_sandbox.handlers.playfab.event import EventReader
from traits_sandbox.handlers.table import handlers
from traits_sandbox.reporting.masking import Masker
from traits_sandbox.reporting.writer import TextSink
from traits_sandbox.settings import Settings
from traits_sandbox.store.memory import MemoryStore
from traits_sandbox.web.app import EmulatedApi, Services
from traits_sandbox.web.auth import Keys
from traits_sandbox.web.body import BodyLimits
from traits_sandbox.web.control.services import ControlServices
from traits_sandbox.web.early_refusals import RefusedRequest
from traits_sandbox.web.faults import FaultGate
from traits_sandbox.web.gateway import Gateway
from traits_sandbox.web.hosts import HostGate
from traits_sandbox.web.key_mistakes import KeyDiagnosis
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
        log_stream: TextSink | None = None,
        new_request_id: Callable[[], str] | None = None,
    ) -> None:
        self.settings = settings
        self.contract: Contract = load(settings.contract)
        self._clock, self._new_request_id = clock, new_request_id or _numbered_ids()
        token = settings.control_token
        self._masker = Masker((*settings.api_key, *([token] if token else [])))
        self._keys = Keys(settings.api_key)
        self._diagnosis = KeyDiagnosis(self._keys, token)
        self.log = log or request_log(settings.log_format, self._masker, log_stream)
        self.journal = _journal(self.contract, self._masker)
        self.uploads = Uploads()
        self._upload_operations = frozenset(o.id for o in self.contract.operations if o.body and o.body.part)
        self.faults = FaultGate(self.contract, clock, seed=settings.seed)
        self._stored = Arrivals()
        self.store = MemoryStore(
            max_bytes=settings.max_memory, on_evict=self._log_evicted, on_append=self._stored.announce
        )
        self.backend = _backend(self.contract, settings, self.store, clock)
        self._ledger = Ledger()
        self.bulk_intake = BulkIntake(self.backend, self._ledger, self.uploads, self._new_request_id)
        self.controls = self._control_services()
        hosts = HostGate((settings.host, *settings.allow_host))
        self.app = Gateway(self._emulated_api(), self.controls, hosts, self.note_refused)

    def _emulated_api(self) -> EmulatedApi:
        settings = self.settings
        return EmulatedApi(
            self.contract,
            handlers(self.contract, self.backend),
            routes=Routes(self.contract, lenient=settings.lenient),
            keys=self._keys,
            diagnosis=self._diagnosis,
            limits=BodyLimits(settings.max_body, settings.max_upload),
            services=Services(self._clock, self._new_request_id, self.faults, self._observe, self.log.report_bug),
        )

    def _control_services(self) -> ControlServices:
        return ControlServices(
            health=self.health,
            contract=self.contract,
            keys=self._keys,
            diagnosis=self._diagnosis,
            journal=self.journal,
            store=self.store,
            stored=self._stored,
            uploads=self.uploads,
            ledger=self._ledger,
            bulk_intake=self.bulk_intake,
            faults=self.faults,
            masker=self._masker,
            token=self.settings.control_token,
            report_bug=self._report_control_bug,
        )

    async def health(self) -> dict[str, Any]:
        """Return the reply of the health endpoint."""
        store = asdict(await self.store.status())
        del store["dashboards"]
        return {
            "status": "ready",
            "version": __version__,
            "edition": self.contract.edition,
            "seed": self.settings.seed,
            **store,
        }

    def _observe(self, entry: JournalEntry) -> None:
        self.journal.add(entry)
        if entry.operation in self._upload_operations:
            self.uploads.add(entry)
        self.log.observe(entry)

    def note_refused(self, refused: RefusedRequest) -> str:
        """Add a request that never reached the app to the journal and the log; return its id."""
        entry = JournalEntry(
            request_id=self._new_request_id(),
            method=refused.method,
            path=refused.path,
            query=refused.query,
            headers=refused.headers,
            received_at=self._clock() - refused.seconds,
            started=perf_counter() - refused.seconds,
            status=refused.status,
            duration=refused.seconds,
            reason=refused.reason,
            hint=refused.reason.sentence,
        )
        self.journal.add_refused(entry)
        self.log.observe(entry)
        return entry.request_id

    def _report_control_bug(self, error: Exception) -> None:
        self.log.write_line("".join(["the control API has a bug, please report it\n", *format_exception(error)]))

    def _log_evicted(self, total: int) -> None:
        limit = self.settings.max_memory // 2**20
        self.log.write_line(
            f"memory: {total} of the oldest records were dropped so far, to stay within {limit} MiB (--max-memory)"
        )


def _journal(contract: Contract, masker: Masker) -> Journal:
    """Return an empty journal that masks secrets and drops the values of key parameters."""
    key_parameters = frozenset(o.key_parameter for o in contract.operations if o.key_parameter)
    return Journal(masker, conceal=_concealing(contract), key_parameters=key_parameters)


def _backend(contract: Contract, settings: Settings, store: MemoryStore, clock: Clock) -> Backend:
    return Backend(
        contract=contract,
        store=store,
        clock=clock,
        seed=settings.seed,
        personas=settings.personas,
        intake=Intake(contract),
        lenient=settings.lenient,
    )


def _numbered_ids() -> Callable[[], str]:
    """Return a source of request ids: short, ascending, and different in each process that shares a log."""
    numbers, run = count(1), secrets.token_hex(2)
    return lambda: f"{run}-{next(numbers)}"


def _concealing(contract: Contract) -> Conceal:
    """Return a function that removes the personal data that webhooks drop from the journal too."""
    readers = {o.id: EventReader(o.webhook) for o in contract.operations if o.webhook}

    def conceal(operation: str, body: bytes) -> bytes | None:
        reader = readers.get(operation)
        if reader is None:
            return body
        try:
            return orjson.dumps(reader.redacted(orjson.loads(body)))
        except orjson.JSONDecodeError:  # a body that cannot be parsed cannot be redacted
            return None

    return conceal
