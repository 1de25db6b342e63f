"""The emulated API as an ASGI app: a request's whole way, in order."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Protocol

from starlette.types import Receive, Scope, Send

from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.journal_entry import Headers, JournalEntry
from traits_sandbox.errors import ApiError, BadRequest, ServerFault, Unauthorized
from traits_sandbox.handlers.call import Call, Handler
from traits_sandbox.web.auth import Keys, bearer
from traits_sandbox.web.body import BodyLimits, Disconnected, IncomingBody, IncomingStream
from traits_sandbox.web.endpoint import Act as ActOn
from traits_sandbox.web.endpoint import Endpoint, parse_query
from traits_sandbox.web.envelope import EnvelopeResponse, refusal
from traits_sandbox.web.routes import Routes

Act = Callable[[], Awaitable[EnvelopeResponse]]

_FAULT = b"sandbox-fault"


class Faults(Protocol):
    """What may come between a request that has been read and its answer."""

    @property
    def idle(self) -> bool:
        """Tell whether no fault is planned."""

    async def apply(self, entry: JournalEntry, scope: Scope, act: Act) -> EnvelopeResponse:
        """Return the answer, spoilt if a plan says so; `act` does what was asked and never raises ApiError."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the app is handed: time, request ids, faults, and whom it tells of each exchange and each bug of ours."""

    clock: Clock
    new_id: Callable[[], str]
    faults: Faults
    observe: Callable[[JournalEntry], None]
    report_bug: Callable[[JournalEntry, Exception], None]


class EmulatedApi:
    """Answers every request as the vendor would: authenticate, route, read, validate, act, envelope."""

    def __init__(
        self,
        contract: Contract,
        handlers: Mapping[str, Handler],
        *,
        routes: Routes,
        keys: Keys,
        limits: BodyLimits,
        surroundings: Services,
    ) -> None:
        self._contract = contract
        self._keys = keys
        self._around = surroundings
        self._routes = routes
        self._endpoints = {o.id: Endpoint(o, handlers[o.id], limits) for o in contract.operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that went away in its middle gets no answer."""
        entry, incoming = self._open(scope), IncomingStream(receive)
        try:
            answer = await self._guarded(entry, self._answer(entry, scope, incoming))
        except Disconnected:
            return
        if answer.status >= 400 and not _expects_leave(entry.headers):
            await incoming.drain()
        entry.status = answer.status
        try:
            await answer.send(send, entry.id)
        finally:
            entry.duration = perf_counter() - entry.started
            self._around.observe(entry)

    async def _answer(self, entry: JournalEntry, scope: Scope, receive: Receive) -> EnvelopeResponse:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        entry.dashboard = self._authenticate(entry.path, scope, headers)
        match = self._routes.match(entry.method, entry.path)
        entry.operation, entry.readings = match.operation.id, match.readings
        query = parse_query(scope["query_string"])
        sent = IncomingBody(_text(headers, b"content-type"), _text(headers, b"content-encoding"), receive)
        endpoint = self._endpoints[match.operation.id]
        act = partial(endpoint.act, entry)
        if not self._around.faults.idle or _FAULT in headers:
            act = partial(self._act_with_faults, entry, scope, act)
        return await endpoint.read(entry, match.path, query, sent, act)

    async def _act_with_faults(self, entry: JournalEntry, scope: Scope, act: ActOn, call: Call) -> EnvelopeResponse:
        return await self._around.faults.apply(entry, scope, lambda: self._guarded(entry, act(call)))

    async def _guarded(self, entry: JournalEntry, answering: Awaitable[EnvelopeResponse]) -> EnvelopeResponse:
        """Return the answer, with every error turned into the one that is documented for it."""
        try:
            return await answering
        except ApiError as error:
            entry.note_error(error)
            return refusal(self._contract, error)
        except Disconnected:
            raise
        except Exception as error:
            # A bug of ours: the client gets the documented 500, the log gets the cause.
            self._around.report_bug(entry, error)
            return refusal(self._contract, ServerFault())

    def _authenticate(self, path: str, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return the dashboard that the request's key opens; raises Unauthorized."""
        dashboard = self._keys.dashboard(bearer(_text(headers, b"authorization")))
        if dashboard is None and (parameter := self._routes.key_parameter(path)):
            dashboard = self._keys.dashboard(_lenient_query(scope["query_string"]).get(parameter, ""))
        if dashboard is None:
            raise Unauthorized
        return dashboard

    def _open(self, scope: Scope) -> JournalEntry:
        # The raw path: an escaped slash within an id must not part segments.
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        return JournalEntry(
            id=self._around.new_id(),
            method=scope["method"],
            path=raw_path.decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=scope["headers"],
            received_at=self._around.clock(),
            started=perf_counter(),
        )


def _expects_leave(headers: Headers) -> bool:
    """Tell whether a client waits for leave to send its body, and so will see a refusal before it does."""
    return any(name == b"expect" for name, _ in headers)


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _lenient_query(query_string: bytes) -> dict[str, str]:
    """Return the query, or nothing where it cannot be read: a key must be right before anything else is judged."""
    try:
        return parse_query(query_string)
    except BadRequest:
        return {}
