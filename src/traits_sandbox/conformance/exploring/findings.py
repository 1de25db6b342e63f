"""Makes the findings of exploration: each one once, with its shortest request; the worst findings come first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from traits_sandbox.conformance.exploring.engine import Scene
from traits_sandbox.conformance.exploring.settled import Readings
from traits_sandbox.conformance.exploring.translation import NOWHERE
from traits_sandbox.conformance.http.exchange import Exchange, NotJson, Reply
from traits_sandbox.conformance.judging.report import ExplorationFinding
from traits_sandbox.conformance.reports.masking import masked
from traits_sandbox.conformance.reports.reproduction import Reproduction
from traits_sandbox.reporting.masking import Masker

LISTED: Final = 50
_LONGEST: Final = 600

ALIVE: Final = "alive"
_TAKEN: Final = "negative_data_rejection"
_REFUSED: Final = "positive_data_acceptance"
_VALID: Final = "valid data"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One observation of a problem: what is wrong, in which exchange, and with which kind of data."""

    exchange: Exchange
    check: str
    title: str
    message: str
    about: str
    times: int = 1

    @property
    def identity(self) -> tuple[str, ...]:
        """Return the key of sightings that are the same finding."""
        return self.exchange.request.operation, self.check, self.title, self.about, self.exchange.symptom

    @property
    def size(self) -> int:
        """Return the length of its request."""
        return len(self.exchange.request.body or b"") + len(str(self.exchange.request.query))

    def with_another(self, other: "Sighting") -> "Sighting":
        """Return the sighting with the shorter request."""
        return replace(min(self, other, key=lambda each: each.size), times=self.times + other.times)


def sightings(scene: Scene, exchanges: dict[str, Exchange]) -> Iterator[Sighting]:
    """Yield the sightings of a scene; `exchanges` are by case."""
    about = {case: _about(described) for case, described in scene.cases.items()}
    for case, exchange in exchanges.items():
        if trouble := _trouble(exchange):
            yield Sighting(exchange, ALIVE, trouble, exchange.detail, about.get(case, ""))
    for broken in scene.broken:
        judged = exchanges.get(broken.case)
        if judged is not None and _judgeable(judged):
            of_data = broken.check in (_TAKEN, _REFUSED)
            # The kind of data matters only for data that was accepted or refused.
            said = ("", about.get(broken.case, "")) if of_data else (_short(broken.message), "")
            yield Sighting(judged, broken.check, broken.title, *said)


def _trouble(exchange: Exchange) -> str:
    """Return in words how the server failed to reply; empty if it replied."""
    if exchange.reply is None:
        return f"No reply: {exchange.problem}"
    if exchange.reply.status >= 500:
        return f"The server failed: {exchange.reply.status}"
    return "A reply without an end" if exchange.reply.cut else ""


def _judgeable(exchange: Exchange) -> bool:
    return exchange.reply is not None and exchange.reply.status != 429 and not _trouble(exchange)


def _about(described: str) -> str:
    """Return the kind of data of a case, without the data."""
    return _VALID if described.startswith("Positive") else described.partition(" (was ")[0]


def _short(message: str) -> str:
    words = " ".join(message.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


class Findings:
    """Collects sightings. Those that are wrong only for the emulator are just counted, unless its profile is chosen."""

    def __init__(self, readings: Readings, way: Reproduction, masker: Masker, *, exact: bool) -> None:
        self._readings, self._way, self._masker, self._exact = readings, way, masker, exact
        self._seen: dict[tuple[str, ...], Sighting] = {}
        self._open = 0

    def add(self, sighting: Sighting) -> None:
        """Add a sighting."""
        # An unknown field is not wrong; it is only excluded from other tests.
        if sighting.check == _TAKEN and self._readings.taken(sighting.exchange.request):
            return
        if not self._exact and not _SETTLED[sighting.check](sighting.exchange, self._readings):
            self._open += 1
            return
        known = self._seen.get(sighting.identity)
        self._seen[sighting.identity] = known.with_another(sighting) if known else sighting

    def all(self) -> tuple[ExplorationFinding, ...]:
        """Return the findings, at most LISTED, and the number of the others by kind."""
        worst_first = sorted(self._seen.values(), key=lambda each: _RANK.index(each.check))
        return (*map(self._finding, worst_first[:LISTED]), *self._others())

    def _finding(self, sighting: Sighting) -> ExplorationFinding:
        request = sighting.exchange.request
        curl = self._way.curl(masked(request, self._masker))
        answered = sighting.exchange.reply is not None and sighting.check != ALIVE
        parts = (
            sighting.about,
            f"answered {sighting.exchange.symptom}" if answered else "",
            sighting.message.replace(NOWHERE, self._way.base_url),
            f"seen {sighting.times} times, this is the shortest" if sighting.times > 1 else "",
            "" if curl else f"its body has {len(request.body or b'')} bytes, which is too long to be shown",
        )
        return ExplorationFinding(request.operation, sighting.title, self._masker("; ".join(filter(None, parts))), curl)

    def _others(self) -> Iterator[ExplorationFinding]:
        if len(self._seen) > LISTED:
            yield ExplorationFinding(_ANY, f"{len(self._seen) - LISTED} more findings", f"only {LISTED} are listed", "")
        if self._open:
            advice = "the document does not decide these cases; the profile emulator lists them"
            yield ExplorationFinding(_ANY, f"{self._open} replies that differ from those of the emulator", advice, "")


_ANY: Final = "all operations"

_SETTLED: Final[dict[str, Callable[[Exchange, Readings], bool]]] = {
    ALIVE: lambda _, __: True,
    "ignored_auth": lambda exchange, _: exchange.reply is not None and exchange.reply.accepted,
    _TAKEN: lambda exchange, readings: readings.invalid(exchange.request),
    _REFUSED: lambda exchange, readings: readings.valid(exchange.request),
    "response_schema_conformance": lambda exchange, _: exchange.reply is not None and not _is_json(exchange.reply),
    "content_type_conformance": lambda exchange, _: exchange.reply is not None and exchange.reply.accepted,
    "status_code_conformance": lambda exchange, _: exchange.reply is not None and not exchange.reply.refused,
}
"""The checks, the worst first. Each function returns whether the document decides that an exchange is wrong."""

_RANK: Final = [*_SETTLED]


def _is_json(reply: Reply) -> bool:
    """Return whether a reply is JSON if it must be; a refusal may be anything."""
    try:
        reply.json()
    except NotJson:
        return reply.refused
    return True
