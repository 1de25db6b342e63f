"""Before anything is judged: is there a server, is its certificate good, does it take the key."""

from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.client import OverBudget, Wire
from traits_sandbox.conformance.http.exchange import BEARER, JSON, Exchange, Request
from traits_sandbox.conformance.http.safety import Vetoed

_KEY_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the first requests showed. `obstacle` says why there is nothing to judge, empty if there is."""

    exchanges: tuple[Exchange, ...]
    obstacle: str = ""

    @property
    def bad_certificate(self) -> Exchange | None:
        """Return the exchange that failed for the server's certificate."""
        return next((each for each in self.exchanges if each.problem == "certificate"), None)


def questions(materials: RequestFactory) -> list[Request]:
    """Return the requests of the preflight: every read, as they change nothing anywhere."""
    return [materials.documented(each) for each in materials.contract.operations if each.effect == "read"]


def elsewhere(materials: RequestFactory) -> list[Request]:
    """Return what is asked besides where every read is unknown: all that adds data, with a body that can add none."""
    requests = [materials.documented(each) for each in materials.contract.operations if each.effect == "append"]
    # A path that does not exist may want the key where all but a few operations take it.
    return [replace(each, headers=(BEARER, JSON), body=b"{") for each in requests]


async def look(wire: Wire, materials: RequestFactory) -> Preflight:
    """Ask every read once, as far as the run's limits let it; look for other operations where none is found."""
    exchanges: list[Exchange] = []
    try:
        await _ask(wire, questions(materials), exchanges)
        if _all_unknown(exchanges):
            with suppress(Vetoed):
                await _ask(wire, elsewhere(materials), exchanges)
    except OverBudget as error:
        return Preflight(tuple(exchanges), f"the run's limits do not let it begin: {error}")
    return Preflight(tuple(exchanges), _obstacle(exchanges))


async def _ask(wire: Wire, requests: list[Request], exchanges: list[Exchange]) -> None:
    for request in requests:
        exchanges.append(await wire.send(request))
        if exchanges[-1].problem == "over":
            raise OverBudget(exchanges[-1].detail)


def _all_unknown(exchanges: list[Exchange]) -> bool:
    return all(each.reply is not None and each.reply.status == HTTPStatus.NOT_FOUND for each in exchanges)


def _obstacle(exchanges: list[Exchange]) -> str:
    replies = [each.reply for each in exchanges if each.reply]
    if not replies:
        first = exchanges[0]
        return f"the server does not answer ({first.problem}: {first.detail})"
    if all(reply.status in _KEY_REFUSED for reply in replies):
        return "the server refuses the key: every read with it is answered 401 or 403"
    if _all_unknown(exchanges):
        path = exchanges[0].request.path
        return f"every operation is answered 404: is the base URL right? It is what stands before paths like {path}"
    return ""
