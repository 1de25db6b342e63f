"""STATE, first part: the status of a user's survey, and reads that must not change anything."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from traits_sandbox.clock import system_clock
from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk, refused
from traits_sandbox.conformance.catalogue.lookups import data_of, listed, single, until_listed, users_in
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.conversation import POLLS
from traits_sandbox.conformance.http.exchange import BEARER, Pairs, Reply, Request
from traits_sandbox.conformance.reasons import ReasonKind, Unanswered
from traits_sandbox.contract.model import Operation

_TRIES = 3
_DAY = 86_400
_LENGTH = 300

Alike = Callable[[Reply, Reply], bool]


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield the cases about the assessment status, and those that repeat a read."""
    status = made.the("assessment_status")
    yield from _shape(made, status)
    yield from _repeated(made)
    yield from _without_an_id(made, status)
    yield from _of_any_id(made, status)
    yield Case(
        id="STATE-012.uploaded",
        title="upload a user's survey and ask for the status",
        operation=status.id,
        reach="append",
        judge=_completed(made, status),
        requests=2,
        at_most=1 + POLLS,
    )


def survey_of(made: RequestFactory, user: str) -> Request:
    """Return a request that uploads the survey of a user."""
    survey = made.the("assessment_status").roles["survey"]
    upload = next(each for each in made.having("upload") if any(form.record == survey for form in each.dialects))
    return made.upload(upload, made.csv(upload, user))


def is_completed(made: RequestFactory, reply: Reply) -> bool:
    """Return whether a reply says that its user has completed the survey."""
    data = _data(reply)
    return isinstance(data, dict) and data.get(made.the("assessment_status").roles["completed"]) is True


def _shape(made: RequestFactory, status: Operation) -> Iterator[Case]:
    title = "check the status of a known user"
    case_id = "STATE-001.known"
    if made.known_user:
        judge = _documented_shape(made, status)
        yield Case(case_id, title, status.id, "read", judge)
    else:
        judge = _shape_of_introduced(made, status)
        yield Case(case_id, title, status.id, "append", judge, requests=2, at_most=2 + 2 * POLLS)
    title = "check the status of a user whose survey was uploaded"
    yield Case("STATE-001.surveyed", title, status.id, "append", _shape_of_surveyed(made, status), requests=2)


def _documented_shape(made: RequestFactory, status: Operation) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        return _well_formed(status, await talk.send(made.documented(status)))

    return judge


def _shape_of_introduced(made: RequestFactory, status: Operation) -> JudgeReply:
    question = made.status(made.id("known-status"))

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.introduce("known-status"))
        reply = await talk.poll(question, lambda reply: reply.accepted)
        if not reply.accepted:
            # Perhaps only users who were sent to the survey have a status.
            await talk.send(survey_of(made, "known-status"))
            reply = await talk.poll(question, lambda reply: reply.accepted)
        return _well_formed(status, reply)

    return judge


def _shape_of_surveyed(made: RequestFactory, status: Operation) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(survey_of(made, "surveyed"))
        await talk.at_last()
        reply = await talk.send(made.status(made.id("surveyed")))
        return _well_formed(status, reply) if reply.accepted else None

    return judge


def _well_formed(status: Operation, reply: Reply) -> Breach | None:
    if not reply.accepted:
        raise Unanswered(ReasonKind.NO_KNOWN_USER, status=reply.status)
    completed, moment = status.roles["completed"], status.roles["completed_at"]
    data = data_of(reply)
    if not isinstance(data, dict) or not isinstance(data.get(completed), bool):
        return Breach(f"{completed} is not true or false", f"`{completed}` in the data, true or false")
    value = data.get(moment)
    if value is None and not data[completed]:
        return None
    expected = f"`{moment}` in the data, in whole epoch seconds, where `{completed}` is true"
    if value is None or not _whole(value):
        return Breach(f"{moment} is not a whole number", expected)
    # The clocks of two machines differ, but by less than a day.
    return Breach(f"{moment} is in the future", expected) if value > system_clock() + _DAY else None


def _whole(value: Any) -> bool:
    return not isinstance(value, bool) and (isinstance(value, int) or (isinstance(value, float) and value.is_integer()))


def _repeated(made: RequestFactory) -> Iterator[Case]:
    status, users, traits = (made.the(each) for each in ("assessment_status", "persona_users", "persona_traits"))
    yield _twice(made, status, made.documented(status, user="repeated"), _same, "" if made.known_user else "repeated")
    title = "upload a user's survey and read the status twice in a row"
    yield Case(f"STATE-002.{status.id}.surveyed", title, status.id, "append", _stays_completed(made), requests=3)
    yield _twice(made, traits, made.traits(), _same)
    yield _twice(made, users, made.users(), partial(_same_users, made))
    yield _twice(made, users, made.users(), partial(_same_users, made), "repeated")
    title = "ask for the status of an unknown user and check that this user is not listed"
    yield Case("STATE-002.stranger", title, status.id, "read", _still_a_stranger(made), requests=2)


def _twice(made: RequestFactory, operation: Operation, request: Request, alike: Alike, introduced: str = "") -> Case:
    """Return a case that sends the same read twice and checks that the replies are alike.

    It first pushes the user `introduced`, if one is given.
    """

    async def judge(talk: Talk) -> Breach | None:
        if introduced:
            await talk.send(made.introduce(introduced))
            await until_listed(talk, made, introduced)
        for _ in range(_TRIES):
            if alike(await talk.send(request), await talk.send(request)):
                return None
        return Breach("another reply", "the same reply twice in a row")

    before, before_at_most = (2, 1 + POLLS) if introduced else (0, 0)
    return Case(
        id=f"STATE-002.{operation.id}{'.introduced' if introduced else ''}",
        title="read twice in a row",
        operation=operation.id,
        reach="append" if introduced else "read",
        judge=judge,
        requests=before + 2,
        # Other clients may write at any time and change the result.
        at_most=before_at_most + 2 * _TRIES,
        alone=True,
    )


def _stays_completed(made: RequestFactory) -> JudgeReply:
    question = made.status(made.id("read-twice"))

    async def judge(talk: Talk) -> Breach | None:
        await talk.send(survey_of(made, "read-twice"))
        await talk.at_last()
        first, second = await talk.send(question), await talk.send(question)
        # A user may complete the survey between two reads.
        changed = is_completed(made, first) and not _same(first, second)
        return Breach("another reply", "the same reply twice in a row") if changed else None

    return judge


def _same(first: Reply, second: Reply) -> bool:
    return first.status == second.status and _data(first) == _data(second)


def _data(reply: Reply) -> Any:
    try:
        return data_of(reply) if reply.accepted else None
    except Unanswered:
        return reply.body


def _same_users(made: RequestFactory, first: Reply, second: Reply) -> bool:
    """Return whether two lists have the same users of this run, and at least half of the other users in common.

    Other clients may add and remove the other users at any time.
    """
    before, after = users_in(made, first), users_in(made, second)
    own = {user for user in before ^ after if str(user).startswith(made.prefix)}
    return not own and len(before & after) * 2 >= len(before)


def _still_a_stranger(made: RequestFactory) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        await talk.send(made.status(made.id("stranger")))
        if made.id("stranger") in await listed(talk, made):
            return Breach("the unknown user is listed", "a read that does not create a user")
        return None

    return judge


def _without_an_id(made: RequestFactory, status: Operation) -> Iterator[Case]:
    queries: dict[str, Pairs] = {"none": (), "empty": ((status.roles["user"], ""),)}
    for name, query in queries.items():
        request = made.raw(status, None, headers=(BEARER,), query=query)
        yield single(f"STATE-011.{name}", f"ask for the status; id: {name}", status, request, refused)


def _of_any_id(made: RequestFactory, status: Operation) -> Iterator[Case]:
    """Yield cases that ask for the status of an id in an unusual form and of a plain id.

    Both must get the same HTTP status: ids are encrypted, so they can have any form.
    """
    length = _LENGTH - len(made.prefix)
    names = {"base64": ("of base64 with + / =", "k+7/Zw=="), "long": (f"of {_LENGTH} characters", "k" * length)}
    for name, (what, user) in names.items():
        title = f"ask for the status of an id {what}, and of a short plain id"
        judge = _alike(made.status(made.id(user)), made.status(made.id("nobody")))
        yield Case(f"STATE-013.{name}", title, status.id, "read", judge, requests=2)


def _alike(request: Request, plain: Request) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        reply, usual = await talk.send(request), await talk.send(plain)
        if reply.status == usual.status:
            return None
        return Breach(str(reply.status), "the same status as for the plain id")

    return judge


def _completed(made: RequestFactory, status: Operation) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        upload = await talk.send(survey_of(made, "completed"))
        if not upload.accepted:
            raise Unanswered(ReasonKind.SURVEY_REFUSED, status=upload.status)
        question = made.status(made.id("completed"))
        reply = await talk.poll(question, lambda reply: is_completed(made, reply))
        if is_completed(made, reply):
            return None
        return Breach("not completed", f"`{status.roles['completed']}` to be true")

    return judge
