"""What the sandbox's own endpoints work with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from traits_sandbox.contract.model import Contract
from traits_sandbox.control.journal import Journal
from traits_sandbox.store.protocol import Store
from traits_sandbox.web.auth import Keys
from traits_sandbox.web.faults import FaultGate

PREFIX: Final = "/_sandbox"


@dataclass(frozen=True, slots=True)
class Controls:
    """The parts of a running sandbox that its control API reads and steers."""

    health: Callable[[], Awaitable[dict[str, Any]]]
    contract: Contract
    keys: Keys
    journal: Journal
    store: Store
    faults: FaultGate
