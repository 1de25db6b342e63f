"""The emulated API without HTTP: its handlers over a store in memory, with a clock that stands still."""

import asyncio
import io
from dataclasses import dataclass
from typing import Any

import orjson

from traits_sandbox.contract.model import Contract
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.handlers.intake import Intake
from traits_sandbox.handlers.table import handlers
from traits_sandbox.store.memory import MemoryStore
from traits_sandbox.store.protocol import Store

# 2020-09-15 12:00:00 UTC
NOW = 1600171200.0
DASHBOARD = "default"


@dataclass(frozen=True)
class Emulated:
    """A backend and the handlers of all operations."""

    backend: Backend
    handlers: dict[str, Handler]

    def send(self, operation: str, *, dashboard: str = DASHBOARD, at: float = NOW, **parts: Any) -> HandlerResult:
        """Return the reply to one call; `parts` are those of Call."""
        return asyncio.run(self.answer(operation, Call(dashboard, "request-1", at, **parts)))

    async def answer(self, operation: str, call: Call) -> HandlerResult:
        """Return the reply to a call, for tests with several at once."""
        return await self.handlers[operation](call)

    def upload(self, operation: str, *lines: str, end: str = "\n") -> HandlerResult:
        """Return the reply to a CSV file of these lines."""
        return self.send(operation, upload=io.BytesIO(end.join((*lines, "")).encode()))

    def post(self, operation: str, body: Any, **parts: Any) -> HandlerResult:
        """Return the reply to a body as JSON."""
        return self.send(operation, body=orjson.dumps(body), **parts)

    def stored(self, kind: str, dashboard: str = DASHBOARD) -> list[dict[str, Any]]:
        """Return the stored records of a kind."""
        return [record.value for record in asyncio.run(self.backend.store.records(dashboard, kind))]

    def users(self, dashboard: str = DASHBOARD) -> set[str]:
        """Return who exists."""
        return set(asyncio.run(self.backend.store.users(dashboard)))


def emulated(contract: Contract, store: Store | None = None, *, seed: int = 0, personas: int = 4) -> Emulated:
    """Return the emulated API of a contract."""
    backend = Backend(
        contract=contract,
        store=MemoryStore(max_bytes=2**30) if store is None else store,
        clock=lambda: NOW,
        seed=seed,
        personas=personas,
        intake=Intake(contract),
    )
    return Emulated(backend, handlers(contract, backend))


def sentences(reply: HandlerResult) -> list[str]:
    """Return what is said about what was refused."""
    return [str(violation) for violation in reply.refused]
