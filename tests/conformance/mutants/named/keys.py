"""Servers that are careless with keys."""

import base64
from collections.abc import Callable, Iterator

from tests.conformance.mutants.facts import KEY, contract, the
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.wrapping import Answered, Around, Asked, Inner, after, before, restated
from traits_sandbox.contract.model import Operation


def mutants() -> Iterator[Mutant]:
    for operation in contract().operations:
        yield from _of(operation)
    yield from _of_all()
    yield from _of_refusals()
    yield from _of_echoes()


def given(asked: Asked) -> str:
    """Return the credential of a request, whatever its scheme."""
    return asked.header("authorization").partition(" ")[2]


def let_in(asked: Asked) -> Asked:
    return asked.with_header("authorization", f"Bearer {KEY}")


def opened(when: Callable[[Asked], object]) -> Around:
    """Return a middleware that lets some requests in whatever their key."""
    return before(lambda asked: let_in(asked) if when(asked) else asked)


def _keyless(asked: Asked, operation: Operation) -> bool:
    return asked.operation == operation and not asked.header("authorization") and not asked.query


def _strange(asked: Asked, operation: Operation) -> bool:
    credential = given(asked) or asked.query.get(operation.key_parameter, "")
    return asked.operation == operation and credential not in ("", KEY)


def _of(operation: Operation) -> Iterator[Mutant]:
    hook = operation.key_parameter
    yield broken_by(
        f"keys.{operation.id}.none",
        f"{operation.id} needs no key.",
        "HOOK-002" if hook else "AUTH-001",
        opened(lambda asked: asked.operation == operation and not asked.header("authorization")),
    )
    yield broken_by(
        f"keys.{operation.id}.any",
        f"{operation.id} takes any key.",
        "HOOK-002" if hook else "AUTH-002",
        opened(lambda asked: _strange(asked, operation)),
    )


def _of_all() -> Iterator[Mutant]:
    near: dict[str, tuple[str, Callable[[str], object]]] = {
        "any-case": ("The key is matched without regard to case.", lambda key: key.lower() == KEY.lower()),
        "beginning": ("Any beginning of the key opens.", lambda key: key and KEY.startswith(key)),
        "end": ("Any end of the key opens.", lambda key: key and KEY.endswith(key)),
        "within": ("A text opens that holds the key's characters in order.", _holds_in_order),
    }
    for name, (does, when) in near.items():
        yield broken_by(f"keys.{name}", does, "AUTH-003", opened(_giving(when)))
    basic = {f"Basic {base64.b64encode(text.encode()).decode()}" for text in (f"{KEY}:", f":{KEY}", KEY)}
    opens: dict[str, tuple[str, str, Callable[[Asked], object]]] = {
        "basic": (
            "Basic credentials that contain the key are accepted.",
            "AUTH-004",
            lambda a: a.header("authorization") in basic,
        ),
        "no-scheme": ("The key opens without a scheme.", "AUTH-011", lambda a: a.header("authorization") == KEY),
        "scheme-alone": (
            "The scheme opens without a key.",
            "AUTH-011",
            lambda a: a.header("authorization").strip() == "Bearer",
        ),
        "empty": ("An empty header opens.", "AUTH-011", lambda a: _empty(a)),
        "in-any-query": ("The key opens everything from the query.", "AUTH-005", _in_query),
        "in-read-query": (
            "The key opens reads from the query.",
            "AUTH-005",
            lambda a: a.operation and a.operation.effect == "read" and _in_query(a),
        ),
    }
    for name, (does, kills, when_) in opens.items():
        yield broken_by(f"keys.{name}", does, kills, opened(when_))
    yield broken_by(
        "keys.scheme-in-its-case",
        "The scheme is known in one letter case alone.",
        "AUTH-009",
        before(lambda a: a if a.header("authorization").startswith("Bearer ") else a.without_header("authorization")),
    )


def _giving(when: Callable[[str], object]) -> Callable[[Asked], bool]:
    return lambda asked: bool(when(given(asked)))


def _holds_in_order(key: str) -> bool:
    rest = iter(key)
    return all(each in rest for each in KEY)


def _empty(asked: Asked) -> bool:
    return any(name == b"authorization" and not value for name, value in asked.scope["headers"])


def _in_query(asked: Asked) -> bool:
    return KEY in asked.query.values()


async def judged_after_the_body(asked: Asked, inner: Inner) -> Answered:
    reply = await inner(asked)
    bad_body = asked.collection and asked.json() is None
    return await inner(let_in(asked)) if reply.status == 401 and bad_body else reply


async def stored_all_the_same(asked: Asked, inner: Inner) -> Answered:
    reply = await inner(asked)
    if reply.status == 401 and asked.operation:
        await inner(let_in(asked))
    return reply


async def stored_without_a_key(asked: Asked, inner: Inner) -> Answered:
    reply = await inner(asked)
    if reply.status == 401 and asked.operation and not asked.header("authorization"):
        await inner(let_in(asked))
    return reply


def _of_refusals() -> Iterator[Mutant]:
    yield broken_by(
        "keys.after-the-body",
        "The body is judged before the key.",
        "AUTH-006",
        judged_after_the_body,
    )
    yield broken_by("keys.refused-and-stored", "A refused key still stores.", "AUTH-007", stored_all_the_same)
    yield broken_by("keys.none-and-stored", "What comes without a key is refused, and stored.", "AUTH-007",
                 stored_without_a_key)  # fmt: skip
    yield broken_by(
        "keys.no-challenge",
        "A 401 lacks its challenge.",
        "AUTH-008",
        after(lambda _, reply: reply.without_header("www-authenticate")),
    )
    for status in (400, 403, 404):
        yield broken_by(
            f"keys.refused-with-{status}",
            f"A bad key is answered {status}.",
            "AUTH-012",
            restated(401, status),
        )


def _of_echoes() -> Iterator[Mutant]:
    encoded = base64.b64encode(f"Bearer {KEY}".encode()).decode()
    yield broken_by(
        "keys.told-in-a-header",
        "A header repeats the key.",
        "AUTH-010",
        after(lambda a, reply: reply.with_header("x-you-sent", a.header("authorization"))),
    )
    yield broken_by(
        "keys.told-in-a-refusal",
        "A refusal repeats the key.",
        "AUTH-010",
        after(lambda _, reply: reply if reply.accepted else reply.with_json(reply.json() | {"key": KEY})),
    )
    yield broken_by(
        "keys.told-in-base64",
        "A success repeats the key in base64.",
        "AUTH-010",
        after(lambda _, reply: reply.with_json(reply.json() | {"debug": encoded}) if reply.accepted else reply),
    )
    assert the("webhook").key_parameter
    yield broken_by(
        "keys.told-as-url",
        "The webhook repeats its query.",
        "AUTH-010",
        after(
            lambda a, reply: (
                reply.with_header("x-query", a.scope["query_string"].decode()) if a.behaviour == "webhook" else reply
            )
        ),
    )
