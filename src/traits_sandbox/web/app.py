"""The emulated API as an ASGI app: a request's whole way, in order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import perf_counter

from starlette.types import Receive, Scope, Send

from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract
from traits_sandbox.errors import ApiError, BadRequest, ServerFault, Unauthorized
from traits_sandbox.handlers.call import Handler
from traits_sandbox.web.auth import Keys, bearer
from traits_sandbox.web.body import Disconnected, Sent
from traits_sandbox.web.endpoint import Endpoint, parse_query
from traits_sandbox.web.envelope import Answer, refusal, success
from traits_sandbox.web.exchange import Exchange
from traits_sandbox.web.routes import Routes


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the app is handed: time, request ids, and whom it tells of each exchange and of each bug of ours."""

    clock: Clock
    new_id: Callable[[], str]
    observe: Callable[[Exchange], None]
    report_bug: Callable[[Exchange, Exception], None]


class EmulatedApi:
    """Answers every request as the vendor would: authenticate, route, read, validate, act, envelope."""

    def __init__(
        self,
        contract: Contract,
        handlers: Mapping[str, Handler],
        *,
        routes: Routes,
        keys: Keys,
        surroundings: Surroundings,
    ) -> None:
        self._contract = contract
        self._keys = keys
        self._around = surroundings
        self._routes = routes
        self._endpoints = {o.id: Endpoint(o, handlers[o.id]) for o in contract.operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a client that went away in its middle gets no answer."""
        exchange = self._open(scope)
        try:
            answer = await self._answer(exchange, scope, receive)
        except Disconnected:
            return
        exchange.status = answer.status
        await answer.send(send, exchange.id)
        exchange.duration = perf_counter() - exchange.started
        self._around.observe(exchange)

    async def _answer(self, exchange: Exchange, scope: Scope, receive: Receive) -> Answer:
        try:
            return await self._succeed(exchange, scope, receive)
        except ApiError as error:
            exchange.note_error(error)
            return refusal(self._contract, error)
        except Disconnected:
            raise
        except Exception as error:
            # A bug of ours: the client gets the documented 500, the log gets the cause.
            self._around.report_bug(exchange, error)
            return refusal(self._contract, ServerFault())

    async def _succeed(self, exchange: Exchange, scope: Scope, receive: Receive) -> Answer:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        exchange.dashboard = self._authenticate(exchange.path, scope, headers)
        match = self._routes.match(exchange.method, exchange.path)
        exchange.operation, exchange.readings = match.operation.id, match.readings
        query = parse_query(scope["query_string"])
        sent = Sent(_text(headers, b"content-type"), _text(headers, b"content-encoding"), receive)
        reply = await self._endpoints[match.operation.id](exchange, match.path, query, sent)
        exchange.note_reply(reply)
        assert match.operation.response is not None
        return success(match.operation.response, reply)

    def _authenticate(self, path: str, scope: Scope, headers: Mapping[bytes, bytes]) -> str:
        """Return the dashboard that the request's key opens; raises Unauthorized."""
        dashboard = self._keys.dashboard(bearer(_text(headers, b"authorization")))
        if dashboard is None and (parameter := self._routes.key_parameter(path)):
            dashboard = self._keys.dashboard(_lenient_query(scope["query_string"]).get(parameter, ""))
        if dashboard is None:
            raise Unauthorized
        return dashboard

    def _open(self, scope: Scope) -> Exchange:
        # The raw path: an escaped slash within an id must not part segments.
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
        return Exchange(
            id=self._around.new_id(),
            method=scope["method"],
            path=raw_path.decode("latin-1"),
            received_at=self._around.clock(),
            started=perf_counter(),
        )


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _lenient_query(query_string: bytes) -> dict[str, str]:
    """Return the query, or nothing where it cannot be read: a key must be right before anything else is judged."""
    try:
        return parse_query(query_string)
    except BadRequest:
        return {}
