"""What the sandbox's own endpoints work with."""

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

PREFIX: Final = "/_sandbox"


@dataclass(frozen=True, slots=True)
class ControlServices:
    """The parts of a running sandbox that its control API reads and steers.

    `door` is where bulk loads come in. `stored` tells of each append to the store. `token` is asked for on every
    call, if there is one.
    """

    health: Callable[[], Awaitable[dict[str, Any]]]
    contract: Contract
    keys: Keys
    journal: Journal
    store: Store
    stored: Arrivals
    uploads: Uploads
    ledger: Ledger
    door: BulkIntake
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
