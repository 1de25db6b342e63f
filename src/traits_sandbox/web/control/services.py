"""The services of the control API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from traits_sandbox.bulk.loading.intake import BulkIntake
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.arrivals import Arrivals
from traits_sandbox.control.journal import Journal
from traits_sandbox.control.ledger import Ledger
from traits_sandbox.control.uploads import Uploads
from traits_sandbox.reporting.masking import Masker
from traits_sandbox.store.protocol import Store
from traits_sandbox.web.auth import Keys
from traits_sandbox.web.faults import FaultGate
from traits_sandbox.web.key_mistakes import KeyDiagnosis

PREFIX: Final = "/_sandbox"


@dataclass(frozen=True, slots=True)
class ControlServices:
    """The parts of a running sandbox that its control API reads and changes.

    `bulk_intake` ingests bulk loads. `stored` announces each append to the store. If there is a `token`, every call
    must have it.
    """

    health: Callable[[], Awaitable[dict[str, Any]]]
    contract: Contract
    keys: Keys
    diagnosis: KeyDiagnosis
    journal: Journal
    store: Store
    stored: Arrivals
    uploads: Uploads
    ledger: Ledger
    bulk_intake: BulkIntake
    faults: FaultGate
    masker: Masker
    token: str | None
    report_bug: Callable[[Exception], None]

    async def reset(self, dashboard: str | None) -> None:
        """Empty the records, journal, uploads, ledger and faults of one dashboard, or of all."""
        await self.store.clear(dashboard)
        self.journal.clear(dashboard)
        self.uploads.clear(dashboard)
        self.ledger.clear(dashboard)
        self.faults.plan.clear(dashboard)
