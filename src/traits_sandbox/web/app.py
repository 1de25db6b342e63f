"""The emulated API as an ASGI app: the path of a request, step by step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Never, Protocol

from starlette.types import Receive, Scope, Send

from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.faults import Decision
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.errors import ApiError, BadRequest, MachineFault, ServerFault, Unauthorized
from traits_sandbox.handlers.call import Call, Handler
from traits_sandbox.system import machine_error
from traits_sandbox.web.auth import Keys, bearer
from traits_sandbox.web.body import BodyLimits, Disconnected, IncomingBody, IncomingStream
from traits_sandbox.web.endpoint import Endpoint, parse_query
from traits_sandbox.web.envelope import EnvelopeResponse, refusal
from traits_sandbox.web.key_mistakes import KeyDiagnosis, KeyMistake, SentKey
from traits_sandbox.web.lingering import Lingering, expects_continue
from traits_sandbox.web.routes import Routes

_FAULT = b"sandbox-fault"

HeaderMap = Mapping[bytes, bytes]


class Faults(Protocol):
    """Decides whether a request fails, and makes its response faulty."""

    def decide(self, entry: JournalEntry, asked: bytes | None) -> Decision | None:
        """Return the fault of a request, or None; `asked` is the value of its own fault header.

        Raises:
            BadRequest: the header cannot be read.

        """

    def replacement(self, decision: Decision) -> EnvelopeResponse | None:
        """Return the response that a fault has in place of the handler's, or None where the handler acts."""

    def apply(self, decision: Decision, response: EnvelopeResponse, scope: Scope) -> EnvelopeResponse:
        """Return a response that is sent as the fault demands."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the app depends on: time, request ids, faults, and the observers of exchanges and of our own bugs."""

    clock: Clock
    new_request_id: Callable[[], str]
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
        diagnosis: KeyDiagnosis,
        limits: BodyLimits,
        services: Services,
    ) -> None:
        self._contract = contract
        self._keys = keys
        self._diagnosis = diagnosis
        self._services = services
        self._routes = routes
        self._most = max(limits.body, limits.upload)
        self._endpoints = {o.id: Endpoint(o, handlers[o.id], limits) for o in contract.operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that disconnects before its request is complete gets no answer."""
        entry, stream = self._open(scope), IncomingStream(receive)
        try:
            response = await self._respond(entry, scope, stream)
        except Disconnected:
            return
        finally:
            stream.close()
        entry.status = response.status
        if response.status < 400 or stream.complete:
            await self._send(entry, response, send)
            return
        async with Lingering(scope, receive, send, stream=stream, most=self._most) as lingering:
            await self._send(entry, response, lingering.send)

    async def _send(self, entry: JournalEntry, response: EnvelopeResponse, send: Send) -> None:
        try:
            await response.send(send, entry.request_id)
        finally:
            entry.duration = perf_counter() - entry.started
            self._services.observe(entry)

    async def _respond(self, entry: JournalEntry, scope: Scope, stream: IncomingStream) -> EnvelopeResponse:
        headers: HeaderMap = dict(scope["headers"])
        try:
            entry.dashboard = self._dashboard(entry.path, scope, headers) or await self._refuse_key(entry, stream)
            match = self._routes.match(entry.method, entry.path)
            entry.operation, entry.readings = match.operation.id, match.readings
            endpoint = self._endpoints[entry.operation]
            body = IncomingBody(_text(headers, b"content-type"), _text(headers, b"content-encoding"), stream)
            call = await endpoint.read(entry, match.path, parse_query(scope["query_string"]), body)
            decision = self._services.faults.decide(entry, headers.get(_FAULT))
            if decision is None:
                return await endpoint.act(entry, call)
        except Exception as error:
            return self._failure(entry, error)
        return await self._respond_with_fault(entry, scope, decision, endpoint, call)

    async def _respond_with_fault(
        self, entry: JournalEntry, scope: Scope, decision: Decision, endpoint: Endpoint, call: Call
    ) -> EnvelopeResponse:
        response = self._services.faults.replacement(decision)
        if response is None:
            try:
                response = await endpoint.act(entry, call)
            except Exception as error:
                response = self._failure(entry, error)
        return self._services.faults.apply(decision, response, scope)

    def _failure(self, entry: JournalEntry, error: Exception) -> EnvelopeResponse:
        """Return the documented response to an error; raises Disconnected again."""
        if isinstance(error, Disconnected):
            raise error
        if reason := machine_error(error):
            error = MachineFault(reason)
        if isinstance(error, ApiError):
            entry.note_error(error)
            return refusal(self._contract, error)
        # A bug of ours: the client gets the documented 500, the log gets the cause.
        self._services.report_bug(entry, error)
        return refusal(self._contract, ServerFault())

    def _dashboard(self, path: str, scope: Scope, headers: HeaderMap) -> str | None:
        """Return the dashboard of the request's key, None if it has no valid key."""
        dashboard = self._keys.dashboard(bearer(_text(headers, b"authorization")))
        if dashboard is None and (parameter := self._routes.key_parameter(path)):
            dashboard = self._keys.dashboard(_lenient_query(scope["query_string"]).get(parameter, ""))
        return dashboard

    async def _refuse_key(self, entry: JournalEntry, stream: IncomingStream) -> Never:
        """Raise Unauthorized with the mistake that the client made."""
        sent = SentKey(entry.headers, entry.query, self._routes.key_parameter(entry.path))
        problem = self._diagnosis.problem(sent)
        if problem.mistake is KeyMistake.NO_KEY and not expects_continue(entry.headers):
            problem = self._diagnosis.in_body(await stream.begin()) or problem
        raise Unauthorized(problem.sentence, reason=problem.mistake)

    def _open(self, scope: Scope) -> JournalEntry:
        # The raw path: an escaped slash within an id must not separate segments.
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        return JournalEntry(
            request_id=self._services.new_request_id(),
            method=scope["method"],
            path=raw_path.decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=scope["headers"],
            received_at=self._services.clock(),
            started=perf_counter(),
        )


def _text(headers: HeaderMap, name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _lenient_query(query_string: bytes) -> dict[str, str]:
    """Return the query, or nothing where it cannot be read: the key is judged before everything else."""
    try:
        return parse_query(query_string)
    except BadRequest:
        return {}
