"""Servers that read the silent places of the document in another way than the emulator: each of them passes."""

import asyncio
import gzip
import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from tests.conformance.kit import PATIENT, report_on
from tests.conformance.mutants.facts import KEY, contract, sandbox_app, the
from tests.conformance.mutants.mutant import PREFIX
from tests.conformance.mutants.named.bodies import good_ones_kept
from tests.conformance.mutants.named.deletion import removing
from tests.conformance.mutants.named.envelopes import refusal, success, without
from tests.conformance.mutants.named.personas import data, elsewhere
from tests.conformance.mutants.named.records import rewriting
from tests.conformance.mutants.wrapping import (
    Answered,
    Around,
    Asked,
    Inner,
    Wrapped,
    accepting,
    after,
    answer,
    refusing,
    succeeded,
)
from tests.conformance.reasons import described
from tests.conformance.sampling import one_of_each, parameters, tiers
from tests.conformance.sockets import Framing, chunked, closing, framed, serving
from tests.patience import PATIENCE
from tests.tiers import part
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run


def header(name: str, value: str) -> Around:
    return after(lambda _, reply: reply.with_header(name, value))


def instead(of: int, status: int) -> Around:
    """Answer with another status than the emulator's."""
    return after(lambda _, reply: reply.with_status(status) if reply.status == of else reply)


def for_undeclared(status: int, allow: str = "") -> Around:
    def changed(asked: Asked, reply: Answered) -> Answered:
        if asked.at is None or asked.operation or reply.status != 404:
            return reply
        other = reply.with_status(status)
        return other.with_header("allow", asked.at.method) if allow else other

    return after(changed)


def rewritten(change: Callable[[bytes], bytes]) -> Around:
    return after(lambda _, reply: reply.with_body(change(reply.body)))


def in_gzip(_: Asked, reply: Answered) -> Answered:
    return reply.with_body(gzip.compress(reply.body)).with_header("content-encoding", "gzip")


def reversed_names(body: bytes) -> bytes:
    value = json.loads(body)
    return json.dumps(dict(reversed(value.items())) if isinstance(value, dict) else value).encode()


def answered_bare(behaviour: str, status: int, body: bytes = b"") -> Around:
    """Answer a success of which the document shows no reply in a form of one's own."""

    def changed(asked: Asked, reply: Answered) -> Answered:
        meant = asked.behaviour == behaviour and reply.accepted
        return Answered(status, ((b"content-length", b"%d" % len(body)),), body) if meant else reply

    return after(changed)


class Strangers:
    """Answers 404 for a user who was in no request before."""

    def __init__(self, behaviour: str) -> None:
        self._behaviour = behaviour
        self._known = b""

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        if asked.behaviour in ("push", "upload", "webhook") and reply.accepted:
            self._known += asked.body
        if asked.behaviour != self._behaviour or not reply.accepted:
            return reply
        name = the(self._behaviour).roles["user"]
        user = (asked.json() or {}).get(name, "") if asked.body else asked.query.get(name, "")
        return reply if user.encode() in self._known else answer(404, message="not found")


class Later:
    """Lists users a moment after they were pushed, and forgets them a moment after their deletion."""

    def __init__(self) -> None:
        self._ids = the("persona_users").roles["ids"]
        self._held: dict[str, tuple[float, list[str]]] = {}

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        if asked.behaviour != "persona_users" or not reply.accepted:
            return reply
        now = asyncio.get_running_loop().time()
        since, shown = self._held.get(asked.path, (0.0, []))
        if now - since > 0.3:
            since, shown = now, reply.json()["data"][self._ids]
            self._held[asked.path] = since, shown
        return reply.with_json(reply.json() | {"data": {self._ids: shown}})


class AnnouncesDeletion:
    """Answers a deletion with 202 and does it later, after this many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: list[tuple[float, Asked]] = []

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        now = asyncio.get_running_loop().time()
        for due, removal in self._due:
            if due <= now:
                await inner(removal)
        self._due = [each for each in self._due if each[0] > now]
        reply = await inner(elsewhere(asked) if removing(asked) else asked)
        if not removing(asked) or not reply.accepted:
            return reply
        self._due.append((now + self._seconds, asked))
        return answer(202, message="the user will be removed")


async def nothing_at_zero(asked: Asked, inner: Inner) -> Answered:
    """Show persona 0 as one that has nobody and nothing."""
    reply = await inner(asked)
    operation = asked.operation
    if operation is None or asked.named.get(operation.roles.get("persona", "")) != "0" or reply.accepted:
        return reply
    return answer(200, {name: [] for name in filter(None, [operation.roles.get("ids")])})


def all_by_index(asked: Asked, reply: Answered) -> Answered:
    """Show the traits of all personas one by one, below their indices."""
    traits = the("persona_traits")
    if asked.behaviour != traits.behaviour or not reply.accepted:
        return reply
    if asked.named[traits.roles["persona"]] != traits.roles["all_personas"]:
        return reply
    return reply.with_json(reply.json() | {"data": dict.fromkeys("123", reply.json()["data"])})


def shuffled() -> Around:
    chance = Random(7)
    ids = the("persona_users").roles["ids"]

    def change(listed: Any) -> Any:
        return {ids: chance.sample(listed[ids], len(listed[ids]))}

    return data("persona_users", change)


async def listing_and_deleting_nobody(asked: Asked, inner: Inner) -> Answered:
    return await data("persona_users", lambda shown: {each: [] for each in shown})(
        elsewhere(asked) if removing(asked) else asked, inner
    )


def without_nulls(field: Any, value: Any) -> Any:
    return ... if value is None and not field.required else value


def has_others(asked: Asked) -> bool:
    """Tell whether a push holds names that the document does not know."""
    if asked.rows is None or asked.operation is None or asked.operation.body is None:
        return False
    known = {each.name for each in contract().record(asked.operation.body.record).fields}
    return len(asked.json()) > 1 or any(isinstance(row, dict) and row.keys() - known for row in asked.rows)


async def any_persona(asked: Asked, inner: Inner) -> Answered:
    """Know every persona from 1 on in every segment, though nobody is in most of them."""
    reply = await inner(asked)
    if reply.status != 404 or asked.operation is None:
        return reply
    ids = the("persona_users").roles["ids"]
    return answer(200, {ids: []}) if asked.behaviour == "persona_users" else succeeded(asked)


STATUS = the("assessment_status").roles
AT, DONE = STATUS["completed_at"], STATUS["completed"]
POINTERS = {"/a/0/b": "is wrong"}

VARIANTS_BY_KIND: dict[str, dict[str, Callable[[], Around]]] = {
    "words": {
        "other-wording": lambda: after(
            lambda _, reply: reply.with_json(reply.json() | {"message": "Bien reçu 🎮"}) if reply.body else reply
        ),
        "empty-messages": lambda: success(lambda body: body | {"message": ""}),
    },
    "headers": {
        "more-headers": lambda: header("x-powered-by", "something"),
        "hardened-headers": lambda: header("strict-transport-security", "max-age=31536000"),
        "charset": lambda: header("content-type", "application/json; charset=utf-8"),
        "charset-in-capitals": lambda: header("content-type", 'Application/JSON;Charset="UTF-8"'),
        "no-charset": lambda: header("content-type", "application/json"),
        "own-media-type": lambda: header("content-type", "application/vnd.api+json"),
        "gzip": lambda: after(in_gzip),
    },
    "spelling": {
        "another-order": lambda: rewritten(reversed_names),
        "white-space": lambda: rewritten(lambda body: json.dumps(json.loads(body), indent=2).encode() + b"\r\n"),
        "escaped": lambda: rewritten(lambda body: json.dumps(json.loads(body), ensure_ascii=True).encode()),
        "codes-with-fraction": lambda: after(
            lambda _, reply: reply.with_body(
                reply.body.replace(b'"code":%d' % reply.status, b'"code":%d.0' % reply.status)
            )
        ),
    },
    "more than is documented": {
        "more-in-envelopes": lambda: after(
            lambda _, reply: reply.with_json(reply.json() | {"request_id": "1", "links": {}})
        ),
        "more-in-data": lambda: data("persona_users", lambda shown: shown | {"total": 1, "next": None}),
        "data-of-a-push": lambda: success(lambda body: body | {"data": {"ingested": 1}}, "push"),
    },
    "statuses": {
        "403-for-401": lambda: instead(401, 403),
        "400-for-401": lambda: instead(401, 400),
        "415-for-400": lambda: instead(400, 415),
        "422-for-400": lambda: instead(400, 422),
        "409-for-400": lambda: instead(400, 409),
        "405-with-allow": lambda: for_undeclared(405, "allow"),
        "405-alone": lambda: for_undeclared(405),
        "401-for-unknown-paths": lambda: after(
            lambda a, r: r.with_status(401) if a.at is None and r.status == 404 else r
        ),
    },
    "refusals": {
        "errors-by-pointer": lambda: refusal(lambda body: body | {"errors": POINTERS}, 400),
        "errors-in-a-list": lambda: refusal(lambda body: body | {"errors": ["something is wrong"]}, 400),
        "no-errors": lambda: refusal(lambda body: without(body, "errors")),
        "problem-details": lambda: refusal(lambda body: {"type": "about:blank", "title": "no", "status": body["code"]}),
        "pages-for-refusals": lambda: after(
            lambda _, r: r.with_body(b"<h1>no</h1>").with_header("content-type", "text/html") if r.status >= 400 else r
        ),
    },
    "records": {
        "others-refused": lambda: refusing(has_others),
        "good-ones-kept": lambda: good_ones_kept,
        "empty-list-taken": lambda: accepting(lambda asked: asked.rows == []),
        "null-for-absent": lambda: rewriting(without_nulls),
    },
    "completion": {
        "completed-at-null": lambda: data("assessment_status", lambda d: d | {AT: d[AT] if d[DONE] else None}),
        "completed-at-absent": lambda: data("assessment_status", lambda d: d if d[DONE] else {DONE: False}),
        "completed-at-with-fraction": lambda: data("assessment_status", lambda d: d | {AT: float(d[AT])}),
        "status-of-strangers-404": lambda: Strangers("assessment_status"),
    },
    "deletion": {
        "deletion-of-strangers-404": lambda: Strangers("remove_user"),
        "deletion-204": lambda: answered_bare("remove_user", 204),
        "deletion-202": lambda: answered_bare("remove_user", 202, b"{}"),
        "deletion-202-and-later": lambda: AnnouncesDeletion(3.0),
    },
    "webhook": {
        "webhook-204": lambda: answered_bare("webhook", 204),
        "webhook-ok": lambda: answered_bare("webhook", 200, b"OK"),
        "webhook-201": lambda: answered_bare("webhook", 201, b'{"code": 201}'),
    },
    "personas": {
        "persona-0-empty": lambda: nothing_at_zero,
        "traits-of-all-by-index": lambda: after(all_by_index),
        "any-persona": lambda: any_persona,
    },
    "lists": {
        "listed-in-any-order": shuffled,
        "listed-later": Later,
    },
}

VARIANTS = {name: made for variants in VARIANTS_BY_KIND.values() for name, made in variants.items()}
KINDS = {name: kind for kind, variants in VARIANTS_BY_KIND.items() for name in variants}

UNSEEN: dict[str, Callable[[], Around]] = {
    "lists-nobody": lambda: data("persona_users", lambda shown: {each: [] for each in shown}),
    "lists-nobody-and-deletes-nobody": lambda: listing_and_deleting_nobody,
    "deletion-202-and-much-later": lambda: AnnouncesDeletion(60.0),
}

BY_DELETIONS = {"DEL-002", "DEL-003"}
BY_USERS = BY_DELETIONS | {"DEL-004", "ATOM-002", "LIM-004", "STATE-006", "STATE-009", "STATE-010", "IDEM-002"}

FRAMINGS: dict[str, Framing] = {"with-length": framed, "in-chunks": chunked, "closing": closing}


class Watched:
    """A middleware that notices whether the one within it changes anything."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self.active = False

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        seen: list[tuple[Asked, Answered]] = []

        async def look(given: Asked) -> Answered:
            reply = await inner(given)
            seen.append((given, reply))
            return reply

        reply = await self._around(asked, look)
        self.active |= seen[-1:] != [(asked, reply)]
        return reply


def judged(app: Any, *only: str, limits: WireLimits | None = None) -> Report:
    options = Options(profile="core", only=only, limits=limits or WireLimits())
    return report_on(app, options, prefix=PREFIX)


def objections(report: Report) -> list[str]:
    """Return all that keeps a report from an exit code of 0, to be shown by a test that fails."""
    failures = [f"{each.id}: {each.observed}" for judged in report.failed for each in judged.failures]
    return [*failures, *described((*report.missing, report.obstacle))]


READINGS = tiers(VARIANTS, at_each_change=one_of_each(VARIANTS, KINDS.__getitem__), proofs=set(VARIANTS))


@pytest.mark.parametrize("name", parameters(READINGS))
def test_another_reading_of_what_is_silent_passes(name: str) -> None:
    watched = Watched(VARIANTS[name]())
    report = judged(Wrapped(sandbox_app(), watched))
    assert objections(report) == []
    assert report.exit_code == 0
    assert watched.active


@pytest.mark.parametrize("name", UNSEEN)
def test_what_does_not_show_is_neither_proven_nor_a_failure(name: str) -> None:
    report = judged(Wrapped(sandbox_app(), UNSEEN[name]()), *BY_USERS)
    assert [each.id for judged in report.judged for each in judged.failures] == []
    unproven = {each.requirement.id for each in report.judged if each.outcome == "inconclusive"}
    assert unproven >= (BY_DELETIONS if name.startswith("deletion") else BY_USERS)
    assert report.exit_code == 3


@pytest.mark.parametrize("personas", [1, *(pytest.param(number, marks=part("kit")) for number in (2, 7, 20))])
def test_any_number_of_personas_passes(personas: int) -> None:
    assert objections(judged(sandbox_app(personas=personas))) == []


def framed_as(name: str, *only: str) -> Report:
    async def run() -> Report:
        async with serving(sandbox_app(), framing=FRAMINGS[name]) as port:
            target, options = Target(f"http://127.0.0.1:{port}", KEY), Options(only=only, limits=PATIENT)
            return await asyncio.wait_for(Run(target, options).report(), PATIENCE)

    return asyncio.run(run())


SOME = ("OP-001", "AUTH-001", "LIM-*", "DEL-00[123]", "STATE-00[1-5]", "HTTP-*")
"""Requests of every operation and method, with small and large bodies."""


@pytest.mark.parametrize("name", FRAMINGS)
def test_replies_may_be_framed_as_http_allows(name: str) -> None:
    report = framed_as(name, *SOME)
    assert objections(report) == []
    assert report.exit_code == 0


@part("kit")
@pytest.mark.parametrize("name", FRAMINGS)
def test_all_replies_may_be_framed_as_http_allows(name: str) -> None:
    report = framed_as(name)
    assert objections(report) == []
    assert report.exit_code == 0


LATENCY = 0.3


def test_a_slow_server_passes() -> None:
    async def slowly(asked: Asked, inner: Inner) -> Answered:
        await asyncio.sleep(LATENCY)
        return await inner(asked)

    report = judged(Wrapped(sandbox_app(), slowly), "OP-001", "AUTH-001", "LIM-*", "DEL-00[123]", "STATE-00[1-5]")
    assert objections(report) == []
    assert report.exit_code == 0


def test_a_slow_server_can_be_judged_whole_within_the_time_of_a_run() -> None:
    options = Options(profile="core")
    run = Run(Target("http://127.0.0.1", KEY), options)
    alone = sum(case.requests for case in run.plan.sent if case.alone)
    others = run.plan.requests - alone
    seconds = LATENCY * (alone + others / options.concurrency)
    assert seconds < options.limits.max_time
