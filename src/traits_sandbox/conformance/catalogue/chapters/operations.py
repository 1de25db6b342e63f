"""OP: each operation accepts the request that the document shows for it."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk, accepted, one
from traits_sandbox.conformance.catalogue.chapters.state import survey_of
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.conversation import POLLS
from traits_sandbox.conformance.http.exchange import Reply, Request
from traits_sandbox.conformance.reasons import ReasonKind, Unanswered, Vetoed
from traits_sandbox.contract.model import Operation

# Requests about an unknown user may get any reply.
_ABOUT_A_KNOWN_USER = frozenset({"assessment_status", "remove_user"})


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield one case for each operation: it sends the documented request and expects a success."""
    for operation in made.contract.operations:
        introduced = operation.behaviour in _ABOUT_A_KNOWN_USER and not (made.known_user and operation.effect == "read")
        if not introduced:
            yield _case(operation, one(made.documented(operation), accepted))
        elif operation.effect == "read":
            yield replace(_case(operation, _asked(made, operation), 2, 2 + 1 + POLLS + 3), reach="append")
        else:
            yield _case(operation, _introduced(made, operation), 2)


def _case(operation: Operation, judge: JudgeReply, requests: int = 1, at_most: int = 0) -> Case:
    title = "send the documented request"
    return Case(f"OP-001.{operation.id}", title, operation.id, operation.effect, judge, requests, at_most)


def _introduced(made: RequestFactory, operation: Operation) -> JudgeReply:
    user = f"known-{operation.effect}"

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce(user))
        return accepted(await talk.send(made.documented(operation, user)))

    return judge


def _asked(made: RequestFactory, operation: Operation) -> JudgeReply:
    """Return a judge that pushes a user, reads their status and expects a success.

    If the server does not know the user after the push, the judge uploads a survey of the user and reads again.
    """
    user = f"known-{operation.effect}"
    question = made.documented(operation, user)

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce(user))
        reply = await talk.send(question)
        if reply.status == HTTPStatus.NOT_FOUND:
            # Perhaps only users who were sent to the survey have a status.
            await talk.send(survey_of(made, user))
            reply = await talk.poll(question, lambda reply: reply.accepted)
        if reply.status == HTTPStatus.NOT_FOUND and not await _nothing_there(talk, made, question, reply):
            raise Unanswered(ReasonKind.NO_KNOWN_USER, status=404)
        return accepted(reply)

    return judge


async def _nothing_there(talk: Talk, made: RequestFactory, question: Request, reply: Reply) -> bool:
    """Return whether the server answers a path like an unknown path, whatever the request."""
    begin, _, _ = question.path.rpartition("/")
    without_an_id = replace(question, query=(), operation="")
    try:
        other_method = await talk.send(replace(without_an_id, method="POST"))
    except Vetoed:
        return False
    replies = (
        reply,
        other_method,
        await talk.send(without_an_id),
        await talk.send(replace(without_an_id, path=f"{begin}/{made.id('nowhere')}")),
    )
    return len({(each.status, each.body) for each in replies}) == 1
