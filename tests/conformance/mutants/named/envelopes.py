"""Servers whose replies are put in other envelopes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.wrapping import Answered, Around, Asked, after, answer, restated, succeeding

Envelope = dict[str, Any]

PAGE = b"<!doctype html><title>Oops</title><h1>Something went wrong</h1>"


def mutants() -> Iterator[Mutant]:
    yield from _of_successes()
    yield from _of_one_behaviour()
    yield from _of_pushes()
    yield from _of_content_types()
    yield from _of_refusals()
    yield from _of_unknown_paths()
    yield from _of_statuses()


def success(change: Callable[[Envelope], Any], *behaviours: str) -> Around:
    """Return a middleware that changes the envelope of successes, of some behaviours where they are named."""

    def changed(asked: Asked, reply: Answered) -> Answered:
        meant = reply.accepted and (not behaviours or asked.behaviour in behaviours)
        return reply.with_json(change(reply.json())) if meant else reply

    return after(changed)


def refusal(change: Callable[[Envelope], Any], *statuses: int) -> Around:
    """Return a middleware that changes the envelope of refusals, of some statuses where they are named."""
    return after(
        lambda _, reply: (
            reply.with_json(change(reply.json()))
            if reply.status >= 400 and (not statuses or reply.status in statuses)
            else reply
        )
    )


def without(value: Envelope, *names: str) -> Envelope:
    return {name: each for name, each in value.items() if name not in names}


def lacking(name: str) -> Callable[[Envelope], Envelope]:
    return lambda body: without(body, name)


def in_capitals(name: str) -> Callable[[Envelope], Envelope]:
    return lambda body: {each.upper() if each == name else each: value for each, value in body.items()}


def typed_as(content_type: str) -> Around:
    return succeeding(lambda reply: reply.with_header("content-type", content_type))


def with_body(change: Callable[[Answered], bytes]) -> Around:
    return succeeding(lambda reply: reply.with_body(change(reply)))


def _of_successes() -> Iterator[Mutant]:
    for name in ("code", "message", "data"):
        yield broken_by(f"envelope.no-{name}", f"A success lacks its {name}.", "ENV-001",
                     success(lacking(name)))  # fmt: skip
        yield broken_by(f"envelope.capital-{name}", f"A success has its {name} in capitals.", "ENV-001",
                     success(in_capitals(name)))  # fmt: skip
    changes: dict[str, tuple[str, str, Callable[[Envelope], Any]]] = {
        "message-null": ("The message of a success is null.", "ENV-001", lambda b: b | {"message": None}),
        "message-list": ("The message of a success is a list.", "ENV-001", lambda b: b | {"message": [b["message"]]}),
        "in-a-list": ("A success stands in a list.", "ENV-001", lambda b: [b]),
        "in-another": ("A success stands in a further object.", "ENV-001", lambda b: {"result": b}),
        "data-alone": ("A success is its data alone.", "ENV-001", lambda b: b["data"]),
        "code-text": ("The code of a success is text.", "ENV-002", lambda b: b | {"code": str(b["code"])}),
        "code-zero": ("The code of a success is 0.", "ENV-002", lambda b: b | {"code": 0}),
        "code-true": ("The code of a success is true.", "ENV-002", lambda b: b | {"code": True}),
        "code-null": ("The code of a success is null.", "ENV-002", lambda b: b | {"code": None}),
        "code-200": ("The code of a success is always 200.", "ENV-002", lambda b: b | {"code": 200}),
        "code-201": ("The code of a success is always 201.", "ENV-002", lambda b: b | {"code": 201}),
    }
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"envelope.{name}", does, kills, success(change))


def _of_one_behaviour() -> Iterator[Mutant]:
    for behaviour in ("push", "upload", "assessment_status", "persona_users", "persona_traits"):
        yield broken_by(f"envelope.{behaviour}.no-code", f"A success of {behaviour} lacks its code.", "ENV-001",
                     success(lambda body: without(body, "code"), behaviour))  # fmt: skip
        yield broken_by(f"envelope.{behaviour}.code-one-more", f"The code of a success of {behaviour} is one too high.",
                     "ENV-002", success(lambda body: body | {"code": body["code"] + 1}, behaviour))  # fmt: skip


def _of_pushes() -> Iterator[Mutant]:
    changes: dict[str, tuple[str, str, Callable[[Envelope], Any]]] = {
        "empty-object": ("The data of a push is an empty object.", "ENV-004", lambda b: b | {"data": {}}),
        "empty-list": ("The data of a push is an empty list.", "ENV-004", lambda b: b | {"data": []}),
        "empty-text": ("The data of a push is empty text.", "ENV-004", lambda b: b | {"data": ""}),
        "told-in-data": ("The data of a push says how many.", "ENV-004", lambda b: b | {"data": {"ingested": 1}}),
        "always-one": ("The message of a push always says 1.", "ENV-003", lambda b: b | {"message": counted(b, "1")}),
        "always-fifty": (
            "The message of a push is that of the example.",
            "ENV-003",
            lambda b: b | {"message": counted(b, "50")},
        ),
        "one-short": (
            "The message of a large push tells one record less.",
            "ENV-003",
            lambda b: b | {"message": re.sub(r"\d{3,}", lambda told: str(int(told[0]) - 1), b["message"])},
        ),
        "no-message": ("The message of a push is empty.", "ENV-003", lambda b: b | {"message": ""}),
    }
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"push.{name}", does, kills, success(change, "push"))


def counted(body: Envelope, count: str) -> str:
    return f"{count} {body['message'].partition(' ')[2]}"


def _of_content_types() -> Iterator[Mutant]:
    for name, content_type in {
        "html": "text/html; charset=utf-8",
        "text": "text/plain",
        "latin-1": "application/json; charset=iso-8859-1",
        "javascript": "text/javascript",
        "x-json": "application/x-json",
    }.items():
        yield broken_by(
            f"replies.as-{name}",
            f"A success comes as {content_type}.",
            "ENV-005",
            typed_as(content_type),
        )
    yield broken_by(
        "replies.untyped",
        "A success comes without a Content-Type.",
        "ENV-005",
        succeeding(lambda reply: reply.without_header("content-type")),
    )
    bodies: dict[str, tuple[str, Callable[[Answered], bytes]]] = {
        "python": ("A success is nearly JSON.", lambda reply: repr(reply.json()).encode()),
        "utf-16": ("A success is in UTF-16.", lambda reply: reply.body.decode().encode("utf-16")),
        "empty": ("A success has no body.", lambda _: b""),
        "cut": ("A success lacks its last character.", lambda reply: reply.body[:-1]),
        "page": ("A success is a page.", lambda _: PAGE),
        "guarded": ("A success begins as scripts must not.", lambda reply: b")]}',\n" + reply.body),
    }
    for name, (does, change) in bodies.items():
        yield broken_by(
            f"replies.{name}",
            does,
            "ENV-005",
            with_body(change),
        )


def _of_refusals() -> Iterator[Mutant]:
    page = after(
        lambda _, reply: (
            reply.with_body(PAGE).with_header("content-type", "text/html") if reply.status >= 400 else reply
        )
    )
    trace = after(
        lambda _, reply: reply.with_body(b"Traceback (most recent call last):") if reply.status == 400 else reply
    )
    empty = after(lambda _, reply: reply.with_body(b"") if reply.status >= 400 else reply)
    yield broken_by("refusals.page", "A refusal is a page.", "ENV-006", page)
    yield broken_by("refusals.trace", "A 400 is a stack trace.", "ENV-006", trace)
    yield broken_by("refusals.empty", "A refusal has no body.", "ENV-006", empty)
    changes: dict[str, tuple[str, str, Callable[[Envelope], Any]]] = {
        "no-code": ("A refusal lacks its code.", "ENV-006", lambda b: without(b, "code")),
        "no-message": ("A refusal lacks its message.", "ENV-006", lambda b: without(b, "message")),
        "code-text": ("The code of a refusal is text.", "ENV-006", lambda b: b | {"code": str(b["code"])}),
        "code-zero": ("The code of a refusal is 0.", "ENV-006", lambda b: b | {"code": 0}),
        "message-object": ("The message of a refusal is an object.", "ENV-006", lambda b: b | {"message": {}}),
        "text-alone": ("A refusal is its message alone.", "ENV-006", lambda b: b["message"]),
    }
    for name, (does, kills, change) in changes.items():
        yield broken_by(f"refusals.{name}", does, kills, refusal(change))
    of_400: dict[str, tuple[str, str, Callable[[Envelope], Any]]] = {
        "no-errors": ("A 400 does not say which field is wrong.", "ENV-009", lambda b: without(b, "errors")),
        "errors-empty": ("The errors of a 400 are empty.", "ENV-009", lambda b: b | {"errors": {}}),
        "errors-of-another": (
            "The errors of a 400 are about another field.",
            "ENV-009",
            lambda b: b | {"errors": {"another": "is wrong"}},
        ),
        "other-words": ("The message of a 400 is its own.", "ENV-010", lambda b: b | {"message": "no"}),
    }
    for name, (does, kills, change) in of_400.items():
        yield broken_by(f"refusals.{name}", does, kills, refusal(change, 400))
    for status in (409, 422):
        yield broken_by(
            f"refusals.with-{status}",
            f"A rule that is broken is answered {status}.",
            "ENV-010",
            restated(400, status),
        )


def _of_unknown_paths() -> Iterator[Mutant]:
    for status in (200, 201, 400, 403):
        yield broken_by(
            f"unknown-path.{status}",
            f"A path that does not exist is answered {status}.",
            "ENV-007",
            _for_unknown_paths(status),
        )


def _for_unknown_paths(status: int) -> Around:
    return after(lambda asked, reply: answer(status) if reply.status == 404 and asked.at is None else reply)


def _of_statuses() -> Iterator[Mutant]:
    yield broken_by(
        "replies.always-200",
        "Refusals come with status 200, their code alone tells.",
        "TYPE-001 BODY-001 AUTH-001",
        after(lambda _, reply: replace(reply, status=200) if reply.status == 400 else reply),
    )
    yield broken_by(
        "replies.status-200-code-201",
        "A push comes with status 200 and code 201.",
        "ENV-002 ENV-008",
        after(lambda _, reply: replace(reply, status=200) if reply.status == 201 else reply),
    )
    yield broken_by(
        "replies.null",
        "The body of a success is null.",
        "ENV-001",
        with_body(lambda _: b"null"),
    )
