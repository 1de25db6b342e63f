"""The input, the services and the result of handlers, without HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import msgspec

from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract, Operation
from traits_sandbox.derive.leniency import Reading
from traits_sandbox.derive.records import UnknownField
from traits_sandbox.errors import Violation
from traits_sandbox.event_results import EventReport
from traits_sandbox.handlers.intake import Intake
from traits_sandbox.store.protocol import Store


class Call(msgspec.Struct, frozen=True):
    """One authenticated request for an operation.

    `path` and `query` hold the documented parameters by name, percent-decoded once. `body` is the whole body,
    `upload` the file of a multipart request instead.
    """

    dashboard: str
    request_id: str
    received_at: float
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    upload: BinaryIO | None = None


class HandlerResult(msgspec.Struct, frozen=True):
    """A success: the data for the envelope, and the facts for the log.

    `records` counts the stored records. `refused` are the first violations of rows or events that were not stored,
    although the request succeeded; `refused_count` counts all of them. `unknown` are fields that the contract does not
    name, `readings` are the changes of lenient mode. `events` says what became of each event of a webhook
    delivery, and `hint` why nothing or not everything was stored.
    """

    data: Any = None
    records: int = 0
    count: int = 0
    unknown: tuple[UnknownField, ...] = ()
    readings: tuple[Reading, ...] = ()
    refused: tuple[Violation, ...] = ()
    refused_count: int = 0
    events: tuple[EventReport, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Backend:
    """What handlers work with: the contract, the store, the clock and the seed of all fake values."""

    contract: Contract
    store: Store
    clock: Clock
    seed: int
    personas: int
    intake: Intake
    lenient: bool = False


Handler = Callable[[Call], Awaitable[HandlerResult]]


class Behaviour(Protocol):
    """Makes the handler of one operation, once, at start-up."""

    def __call__(self, operation: Operation, backend: Backend) -> Handler:
        """Return the handler of an operation."""
