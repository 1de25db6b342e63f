"""Before anything is judged: is there a server, is its certificate good, does it take the key."""

from dataclasses import dataclass

from traits_sandbox.conformance.exchange import Exchange, Request
from traits_sandbox.conformance.materials import Materials
from traits_sandbox.conformance.wire import OverBudget, Wire

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


def questions(materials: Materials) -> list[Request]:
    """Return the requests of the preflight: every read, as they change nothing anywhere."""
    return [materials.documented(each) for each in materials.contract.operations if each.effect == "read"]


async def look(wire: Wire, materials: Materials) -> Preflight:
    """Ask every read once, as far as the run's limits let it."""
    exchanges: list[Exchange] = []
    try:
        for request in questions(materials):
            exchanges.append(await wire.send(request))  # noqa: PERF401 - those before the last are wanted in any case
    except OverBudget as error:
        return Preflight(tuple(exchanges), f"the run's limits do not let it begin: {error}")
    return Preflight(tuple(exchanges), _obstacle(exchanges))


def _obstacle(exchanges: list[Exchange]) -> str:
    replies = [each.reply for each in exchanges if each.reply]
    if not replies:
        first = exchanges[0]
        return f"the server does not answer ({first.problem}: {first.detail})"
    if all(reply.status in _KEY_REFUSED for reply in replies):
        return "the server refuses the key: every read with it is answered 401 or 403"
    return ""
