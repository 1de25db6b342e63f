"""The only way from Schemathesis to the target: its requests go over the run's own wire, or nowhere.

Schemathesis gets an address that does not exist and a marker in place of the key. It knows neither the target nor the
key, so it cannot bypass the wire and its rules.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from traits_sandbox.conformance.exploring.naming import Naming
from traits_sandbox.conformance.exploring.translation import CASE_ID, NOWHERE, UNSENT, Translation, response
from traits_sandbox.conformance.http.client import Wire
from traits_sandbox.conformance.http.exchange import Exchange, Reply, Request
from traits_sandbox.conformance.reasons import OverBudget, Reason, ReasonKind, Vetoed
from traits_sandbox.conformance.running.runner import MAX_HANGS, RunState
from traits_sandbox.contract.model import Operation

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter


class Stop(KeyboardInterrupt):
    """Raised to end the exploration early. The engine handles it like Ctrl-C, and stops in an orderly way."""


class Tap:
    """Receives the requests of Schemathesis in its threads, and sends them in the event loop of the run."""

    def __init__(
        self, wire: Wire, operations: list[Operation], naming: Naming, tally: RunState, *, max_requests: int
    ) -> None:
        """Prepare for the running event loop. Only requests to `operations` are sent."""
        self._wire, self._naming, self._tally, self._most = wire, naming, tally, max_requests
        self._operations = {each.id: each for each in operations}
        self._translation = Translation(operations, naming)
        self._loop = asyncio.get_running_loop()
        self._exchanges: dict[str, Exchange] = {}
        self.stopped: Reason | None = None

    @contextmanager
    def open(self) -> Iterator[None]:
        """Receive every request to that address while the block runs; other requests are not changed."""
        from requests.adapters import HTTPAdapter

        original = HTTPAdapter.send

        def send(adapter: HTTPAdapter, request: "PreparedRequest", *rest: Any, **more: Any) -> "Response":
            if not (request.url or "").startswith(NOWHERE):
                return original(adapter, request, *rest, **more)
            return self._answer(adapter, request)

        HTTPAdapter.send = send  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            HTTPAdapter.send = original  # type: ignore[method-assign]

    def stop(self, reason: Reason) -> None:
        """Stop sending."""
        self.stopped = self.stopped or reason

    def taken(self) -> dict[str, Exchange]:
        """Return the exchanges since the last call, by the id of the case."""
        exchanges, self._exchanges = self._exchanges, {}
        return exchanges

    def _answer(self, adapter: "HTTPAdapter", prepared: "PreparedRequest") -> "Response":
        from requests import ConnectionError as Unreachable

        request = self._translation.request(prepared)
        reply = UNSENT if request is None else self._sent(request, str(prepared.headers.get(CASE_ID)))
        if reply is None:
            # A form that the engine does not examine further: it would open connections of its own for that.
            raise Unreachable("no reply", request=prepared)
        return response(adapter, prepared, reply)

    def _sent(self, request: Request, case: str) -> Reply | None:
        """Send a request and return its reply, or None."""
        if self._tally.hangs[request.operation] >= MAX_HANGS:
            return None
        if self._wire.sent + len(self._tally.created) >= self._most:
            self.stop(Reason.of(ReasonKind.REQUESTS_RESERVED, limit=self._most))
        if self.stopped:
            raise Stop
        try:
            exchange = asyncio.run_coroutine_threadsafe(self._wire.send(request), self._loop).result()
        except Vetoed:
            return UNSENT
        except OverBudget as error:
            self.stop(error.reason)
            raise Stop from None
        except CancelledError:
            raise Stop from None
        self._remember(exchange, case)
        if exchange.limit is not None:
            self.stop(exchange.limit)
            raise Stop
        return exchange.reply

    def _remember(self, exchange: Exchange, case: str) -> None:
        request, reply = exchange.request, exchange.reply
        if exchange.problem != "over":
            self._exchanges[case] = exchange
        self._tally.hangs[request.operation] += exchange.problem == "timeout"
        operation, body = self._operations[request.operation], request.body or b""
        if (reply is None or reply.accepted) and operation.effect != "read":
            self._tally.created |= self._naming.found(body)
            self._tally.unnamed += not self._naming.complete(operation, body)
