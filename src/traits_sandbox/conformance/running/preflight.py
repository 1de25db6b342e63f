"""The first requests of a run, which check that the server answers, has a valid certificate and accepts the key."""

from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.client import Wire
from traits_sandbox.conformance.http.exchange import BEARER, JSON, Exchange, Request
from traits_sandbox.conformance.reasons import OverBudget, Reason, ReasonKind, Vetoed

_KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Preflight:
    """The result of the first requests. `obstacle` is the reason why nothing can be judged, None if something can."""

    exchanges: tuple[Exchange, ...]
    obstacle: Reason | None = None

    @property
    def bad_certificate(self) -> Exchange | None:
        """Return the exchange that failed because of the server's certificate."""
        return next((each for each in self.exchanges if each.problem == "certificate"), None)


def questions(materials: RequestFactory) -> list[Request]:
    """Return the requests of the preflight: every read, because reads change nothing."""
    return [materials.documented(each) for each in materials.contract.operations if each.effect == "read"]


def elsewhere(materials: RequestFactory) -> list[Request]:
    """Return the requests to try if every read gets 404: all that add data, with a body that no server accepts."""
    requests = [materials.documented(each) for each in materials.contract.operations if each.effect == "append"]
    # A server may also check the key on unknown paths.
    return [replace(each, headers=(BEARER, JSON), body=b"{") for each in requests]


async def probe(wire: Wire, materials: RequestFactory) -> Preflight:
    """Send every read once, within the limits of the run; if all are unknown, try the other operations."""
    exchanges: list[Exchange] = []
    try:
        await _ask(wire, questions(materials), exchanges)
        if _all_unknown(exchanges):
            with suppress(Vetoed):
                await _ask(wire, elsewhere(materials), exchanges)
    except OverBudget as error:
        return Preflight(tuple(exchanges), Reason.of(ReasonKind.LIMITS_TOO_SMALL, error.reason))
    return Preflight(tuple(exchanges), _obstacle(exchanges))


async def _ask(wire: Wire, requests: list[Request], exchanges: list[Exchange]) -> None:
    for request in requests:
        exchanges.append(await wire.send(request))
        if (limit := exchanges[-1].limit) is not None:
            raise OverBudget(limit)


def _all_unknown(exchanges: list[Exchange]) -> bool:
    return all(each.reply is not None and each.reply.status == HTTPStatus.NOT_FOUND for each in exchanges)


def _obstacle(exchanges: list[Exchange]) -> Reason | None:
    replies = [each.reply for each in exchanges if each.reply]
    if not replies:
        first = exchanges[0]
        return Reason.of(ReasonKind.NO_ANSWER, problem=first.problem, detail=first.detail)
    if all(reply.status in _KEY_REFUSED for reply in replies):
        return Reason.of(ReasonKind.KEY_REFUSED)
    if _all_unknown(exchanges):
        return Reason.of(ReasonKind.ALL_UNKNOWN, path=exchanges[0].request.path)
    return None
