"""AUTH: which credentials an operation accepts. Requests contain markers in place of the key, never the key."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from traits_sandbox.conformance.catalogue.case import Breach, Case, Expectation, Talk, accepted, refused
from traits_sandbox.conformance.catalogue.lookups import LOOKS, single, stores_nothing, with_credential
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import KEY, Reply, Request
from traits_sandbox.conformance.http.keys import DUMMY, marker
from traits_sandbox.contract.model import Operation

_UNKNOWN = f"Bearer {DUMMY}"

# The requirement, the name of the case, its title, the Authorization header, the expectation.
_HEADERS: tuple[tuple[str, str, str, str, Expectation], ...] = (
    ("AUTH-004", "basic", "send the key as Basic credentials", f"Basic {marker('basic')}", refused),
    ("AUTH-009", "lower-case", "write the scheme as bearer", f"bearer {KEY}", accepted),
    ("AUTH-009", "upper-case", "write the scheme as BEARER", f"BEARER {KEY}", accepted),
    ("AUTH-011", "no-scheme", "send the key without a scheme", KEY, refused),
    ("AUTH-011", "scheme-alone", "send the scheme without a key", "Bearer", refused),
    ("AUTH-011", "empty", "send an empty Authorization header", "", refused),
)

_NEARLY = {
    "headless": "send the key without its first character",
    "longer": "send the key with one more character",
    "swapped": "send the key with upper and lower case swapped",
    "first": "send only the first character of the key",
}


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield the cases without a key and with an unknown key for every operation, the other cases for a few."""
    for operation in made.contract.operations:
        request = made.documented(operation)
        yield single(f"AUTH-001.{operation.id}", "send no key", operation, _keyless(request), refused)
        yield single(
            f"AUTH-002.{operation.id}", "send an unknown key", operation, _strange(operation, request), refused
        )
    for operation in (made.the("persona_users"), made.pushes[0]):
        yield from _by_header(made, operation)
        yield from _refusals(made, operation)
    yield from _in_the_query(made)
    yield from _before_the_body(made, made.pushes[0])
    yield from _nothing_stored(made)


def _keyless(request: Request) -> Request:
    return replace(with_credential(request), query=tuple(each for each in request.query if each[1] != KEY))


def _strange(operation: Operation, request: Request) -> Request:
    """Return a request with an unknown key where the operation takes its key."""
    if operation.key_parameter:
        return replace(_keyless(request), query=((operation.key_parameter, DUMMY),))
    return with_credential(request, _UNKNOWN)


def _by_header(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    nearly = (("AUTH-003", each, _NEARLY[each], f"Bearer {marker(each)}", refused) for each in made.near_keys)
    for requirement, name, title, credential, expect in (*nearly, *_HEADERS):
        request = with_credential(made.documented(operation), credential)
        yield single(f"{requirement}.{operation.id}.{name}", title, operation, request, expect)


def _refusals(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    request = made.documented(operation)
    for name, keyless in (("none", _keyless(request)), ("unknown", _strange(operation, request))):
        title = f"send {'no' if name == 'none' else 'an unknown'} key and check the status"
        yield single(f"AUTH-012.{operation.id}.{name}", title, operation, keyless, _unauthorized)
    title = "send no key and check the challenge of the reply"
    yield single(f"AUTH-008.{operation.id}", title, operation, _keyless(request), _challenges)


def _unauthorized(reply: Reply) -> Breach | None:
    expected = f"status {HTTPStatus.UNAUTHORIZED.value}, as the table of errors says"
    return None if reply.status == HTTPStatus.UNAUTHORIZED else Breach(str(reply.status), expected)


def _challenges(reply: Reply) -> Breach | None:
    if reply.status != HTTPStatus.UNAUTHORIZED or reply.header("WWW-Authenticate"):
        return None
    return Breach("no WWW-Authenticate", "a challenge in WWW-Authenticate")


def _in_the_query(made: RequestFactory) -> Iterator[Case]:
    parameter = made.the("webhook").key_parameter
    for operation in (each for each in made.contract.operations if not each.key_parameter):
        request = with_credential(made.documented(operation))
        asked = replace(request, query=(*request.query, (parameter, KEY)))
        yield single(f"AUTH-005.{operation.id}", "send the key in the query", operation, asked, refused)


def _before_the_body(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    good = with_credential(made.documented(operation), _UNKNOWN)

    async def judge(talk: Talk) -> Breach | None:
        usual, reply = await talk.send(good), await talk.send(replace(good, body=b"{"))
        if usual.status == reply.status:
            return None
        return Breach(str(reply.status), f"status {usual.status}, which the same key gets with a good body")

    title = "send an unknown key with a broken body"
    yield Case(f"AUTH-006.{operation.id}", title, operation.id, operation.effect, judge, requests=2)


def _nothing_stored(made: RequestFactory) -> Iterator[Case]:
    for name, shown, credential in (("", "an unknown key", _UNKNOWN), (".none", "no key", None)):
        user = f"intruder{name.replace('.', '-')}"
        request = with_credential(made.introduce(user), credential)
        yield Case(
            id=f"AUTH-007.{request.operation}{name}",
            title=f"push a user with {shown}, and look for this user",
            operation=request.operation,
            reach="append",
            judge=stores_nothing(made, request, made.id(user)),
            requests=3,
            at_most=2 + LOOKS,
        )
