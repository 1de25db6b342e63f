"""IDEM: requests that are repeated, and requests at the same time."""

from collections.abc import Iterator

from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk, accepted
from traits_sandbox.conformance.catalogue.lookups import LOOKS, listed, require_any
from traits_sandbox.conformance.catalogue.pushes import collection, pushed
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import Request

_AT_ONCE = 8


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that repeat every push, and one that sends several pushes at the same time."""
    for operation in made.pushes:
        about, request = collection(operation), made.documented(operation)
        judge = _again(request)
        yield Case(f"IDEM-001.{about}.again", "send a push twice", operation.id, "append", judge, requests=2)
        doubled = made.push(operation, made.rows(operation, 2))
        yield pushed(f"IDEM-001.{about}.within", "send the same record twice in one push", doubled, accepted)
    yield _at_once(made)


def _again(request: Request) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        return accepted(await talk.send(request)) or accepted(await talk.send(request))

    return judge


def _at_once(made: RequestFactory) -> Case:
    names = [f"at-once-{number}" for number in range(1, _AT_ONCE + 1)]
    requests = [made.introduce(name) for name in names]

    async def judge(talk: Talk) -> Breach | None:
        for reply in await talk.together(requests):
            if breach := accepted(reply):
                return breach
        found = await listed(talk, made, *names)
        require_any(made, found)
        lost = [name for name in names if made.id(name) not in found]
        return Breach(f"{len(lost)} of {_AT_ONCE} lost", "the users of all pushes to be listed") if lost else None

    operation = requests[0].operation
    title = f"send {_AT_ONCE} pushes at the same time"
    usual, most = _AT_ONCE + 1, _AT_ONCE + LOOKS
    return Case("IDEM-002.users", title, operation, "append", judge, requests=usual, at_most=most)
