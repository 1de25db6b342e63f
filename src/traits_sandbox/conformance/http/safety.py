"""Decides what may be sent to a target. It looks at the request itself, and does not trust what a case declares."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import unquote

import orjson

from traits_sandbox.conformance.http.exchange import Request
from traits_sandbox.conformance.http.keys import marked
from traits_sandbox.conformance.http.reach import REACHES, Reach
from traits_sandbox.conformance.reasons import ReasonKind, Vetoed
from traits_sandbox.contract.model import Contract, Operation

_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})

# Paths that an HTTP client sends unchanged, below the base URL of the target.
_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~%!$&'()*+,;=:@/-]*")
_DOTS = re.compile(r"/\.\.?(?:/|\Z)")

# Headers and parameters by which some servers replace the method or path of a request.
_OVERRIDES = re.compile(r"_?method|x-http-method.*|x-method-override|x-(?:original|rewrite).*", re.IGNORECASE)

# Characters that split or end a path after a proxy has decoded it.
_PARTING = re.compile(r"[/\\?#;\x00-\x1f\x7f]")

# Ids of characters that no server should mistake for a list, a query or a command. Wildcards are allowed: after the
# prefix of a run, they only match ids of this run.
_PLAIN_ID = re.compile(r"(?=.{1,300}\Z)[^\x00-\x20\x7f\"'`\\,;&|<>$(){}\[\]^]+ ?")


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine, without a resolver."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Permit:
    """The largest allowed reach on a target, and the prefix of this run's own ids."""

    reach: Reach
    prefix: str

    def allows(self, reach: Reach) -> bool:
        """Return whether a request with this reach may be sent."""
        return REACHES.index(reach) <= REACHES.index(self.reach)


class Gate:
    """Finds the reach of a request from the operation that it would call, and stops requests that are not allowed."""

    def __init__(self, contract: Contract, permit: Permit) -> None:
        self._operations = [(_pattern(each.path), each) for each in contract.operations]
        self._permit = permit

    def check(self, request: Request) -> None:
        """Check a request.

        Raises:
            Vetoed: its reach is not allowed, or its path would not be sent unchanged.

        """
        if not _PATH.fullmatch(request.path) or _DOTS.search(request.path):
            raise Vetoed(ReasonKind.PATH_NOT_ALLOWED, method=request.method, path=request.path)
        reach = self.reach(request)
        if not self._permit.allows(reach):
            raise Vetoed(
                ReasonKind.REQUEST_NOT_ALLOWED,
                method=request.method,
                path=request.path,
                reach=reach,
                allowed=self._permit.reach,
            )

    def reach(self, request: Request) -> Reach:
        """Return the reach of a request: the largest one that it can have on a careless server."""
        if any(_OVERRIDES.fullmatch(name) for name, _ in (*request.headers, *request.query)):
            return "unsafe"
        called = next((each for pattern, each in self._operations if _calls(request, each, pattern)), None)
        if called is not None:
            return self._reach_of(called, request)
        if request.method in _HARMLESS and not self._asks_for_removal(request):
            return "read"
        return "unsafe"

    def _asks_for_removal(self, request: Request) -> bool:
        """Return whether a request is sent to the path of a deletion, with any method."""
        path = re.sub("/+", "/", unquote(request.path))
        removals = [pattern.pattern for pattern, each in self._operations if each.effect == "destroy"]
        return any(re.match(each, path, re.IGNORECASE) for each in removals) and bool(request.body or request.query)

    def _reach_of(self, operation: Operation, request: Request) -> Reach:
        if operation.effect == "destroy":
            return "destroy" if self._own(operation, request) else "unsafe"
        return operation.effect

    def _own(self, operation: Operation, request: Request) -> bool:
        """Return whether every server must read a deletion as that of exactly one user, who belongs to this run."""
        media_types = [value for name, value in request.headers if name.lower() == "content-type"]
        said = [value for _, value in request.query if not marked(value)]
        if said or request.chunked or media_types != [operation.body.media_type if operation.body else ""]:
            return False
        try:
            body = orjson.loads(request.body or b"")
        except orjson.JSONDecodeError:
            return False
        name = operation.roles.get("user", "")
        named = body.get(name) if isinstance(body, dict) else None
        # The body must be the one that this id alone gives: no other member, and no key twice.
        return isinstance(named, str) and orjson.dumps({name: named}) == request.body and self._is_own(named)

    def _is_own(self, user_id: str) -> bool:
        prefix = self._permit.prefix
        return user_id.startswith(prefix) and user_id != prefix and _PLAIN_ID.fullmatch(user_id) is not None


def _calls(request: Request, operation: Operation, pattern: re.Pattern[str]) -> bool:
    found = pattern.fullmatch(request.path)
    return found is not None and request.method == operation.method and all(map(_is_plain, found.groups()))


def _is_plain(segment: str) -> bool:
    """Return whether a path parameter remains one segment, no matter how often a server decodes it."""
    while (decoded := unquote(segment)) != segment:
        segment = decoded
    return segment not in ("", ".", "..") and not _PARTING.search(segment)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]*\\\}", "([^/]+)", re.escape(path)))
