"""What may be sent to a target. Decided here from the request itself, when it leaves, whatever a case says of it."""

import re
from dataclasses import dataclass
from ipaddress import ip_address

import orjson

from traits_sandbox.conformance.case import REACHES, Reach
from traits_sandbox.conformance.exchange import Request
from traits_sandbox.contract.model import Contract, Operation

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine, without asking any resolver."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


class Vetoed(Exception):
    """A request must not leave."""


@dataclass(frozen=True, slots=True)
class Permit:
    """How far requests to a target may reach, and the prefix of the ids that are this run's own."""

    reach: Reach
    prefix: str

    def allows(self, reach: Reach) -> bool:
        """Tell whether something of this reach may be sent."""
        return REACHES.index(reach) <= REACHES.index(self.reach)


class Gate:
    """Tells the reach of requests by the operation that they would call, and stops those that go too far."""

    def __init__(self, contract: Contract, permit: Permit) -> None:
        self._operations = [(_pattern(each.path), each) for each in contract.operations]
        self._permit = permit

    def check(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            Vetoed: it reaches further than is allowed.

        """
        reach = self.reach(request)
        if not self._permit.allows(reach):
            raise Vetoed(
                f"{request.method} {request.path} reaches as far as {reach!r}, allowed is {self._permit.reach!r}"
            )

    def reach(self, request: Request) -> Reach:
        """Return how far a request reaches at most, in the worst server that is still worth judging."""
        matching = [each for pattern, each in self._operations if pattern.fullmatch(request.path)]
        called = next((each for each in matching if each.method == request.method), None)
        if called is not None:
            return self._reach_of(called, request)
        return "read" if request.method in _HARMLESS else "unsafe"

    def _reach_of(self, operation: Operation, request: Request) -> Reach:
        if operation.effect == "destroy":
            return "destroy" if self._own(operation, request) else "unsafe"
        return operation.effect

    def _own(self, operation: Operation, request: Request) -> bool:
        """Tell whether a deletion names one user, and that of this run."""
        try:
            body = orjson.loads(request.body or b"")
        except orjson.JSONDecodeError:
            return False
        name = operation.roles.get("user", "")
        named = body.get(name) if isinstance(body, dict) and set(body) == {name} else None
        return isinstance(named, str) and named.startswith(self._permit.prefix) and named != self._permit.prefix


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)))
