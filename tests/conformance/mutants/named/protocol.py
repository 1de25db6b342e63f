"""Servers that fail, repeat or lose requests, or speak HTTP in their own way."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx

from tests.conformance.mutants.facts import contract, the
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.wrapping import (
    Answered,
    Around,
    Asked,
    Inner,
    after,
    answer,
    before,
    calling,
    refusing,
    restated,
    succeeded,
)
from traits_sandbox.conformance.http.client import WireLimits

IMPATIENT = WireLimits(timeout=0.3)
"""A mutant within the process takes none of that time where it answers, and all of it where it hangs."""


def mutants() -> Iterator[Mutant]:
    yield from _of_crashes()
    yield from _of_hangs()
    yield from _of_repetition()
    yield from _of_methods()
    yield from _of_framing()


def failing(when: Callable[[Asked], object], status: int = 500) -> Around:
    """Return a middleware that answers some requests as a server that has failed."""
    return refusing(when, status)


def depth_of(body: bytes) -> int:
    """Return how many brackets are open at most, strings aside."""
    text = body.decode(errors="replace").replace('\\"', "")
    outside = "".join(text.split('"')[::2])
    most = depth = 0
    for each in outside:
        depth += (each in "[{") - (each in "]}")
        most = max(most, depth)
    return most


def _text(asked: Asked) -> str:
    """Return a body with its escapes undone."""
    value = asked.json()
    return json.dumps(value, ensure_ascii=False) if value is not None else asked.body.decode(errors="replace")


def _of_crashes() -> Iterator[Mutant]:
    crashes: dict[str, tuple[str, Callable[[Asked], object]]] = {
        "long-text": ("A text of 10,000 characters or more is answered 500.", _has_long_text),
        "null-character": ("A null character is answered 500.", lambda a: "\\u0000" in _text(a)),
        "emoji": ("A character beyond the first plane is answered 500.", lambda a: any(c > "\uffff" for c in _text(a))),
        "deep": ("Lists nested a thousand deep are answered 500.", lambda a: depth_of(a.body) > 1000),
        "bad-utf-8": ("Bytes that are not UTF-8 are answered 500.", _is_not_utf_8),
        "lone-surrogate": ("Half a surrogate pair is answered 500.", lambda a: b"\\ud8" in a.body.lower()
                           and a.json() is None),
        "empty-body": ("An empty push is answered 500.", lambda a: a.collection and not a.body),
        "no-object": ("A push of anything but an object is answered 500.", lambda a: a.collection
                      and a.json() is not None and not isinstance(a.json(), dict)),
        "no-list": ("A push without its list is answered 500.", lambda a: a.collection
                    and isinstance(a.json(), dict) and a.rows is None),
        "null-record": ("A record that is not an object is answered 500.", lambda a: a.rows
                        and not all(isinstance(each, dict) for each in a.rows)),
        "large-number": ("A number beyond 64 bits is answered 500.", _has_large_number),
        "bad-form": ("An upload that is not a form is answered 500.", lambda a: a.behaviour == "upload"
                     and "boundary" not in a.header("content-type")),
        "binary-file": ("A file that is not text is answered 500.", lambda a: a.behaviour == "upload"
                        and _is_not_utf_8(a)),
        "no-parameter": ("The status without an id is answered 500.", lambda a: a.behaviour == "assessment_status"
                         and not a.query.get(the("assessment_status").roles["user"])),
        "strange-persona": ("A persona that is not a number is answered 500.", _asks_for_a_strange_persona),
        "no-key": ("A request without a key is answered 500.", lambda a: a.operation
                   and not a.header("authorization") and not a.query),
        "unknown-path": ("A path that does not exist is answered 500.", lambda a: a.at is None),
        "other-method": ("A method that a path does not have is answered 500.", lambda a: a.at and not a.operation),
        "repeated-deletion": ("A deletion without an id is answered 500.", lambda a: a.behaviour == "remove_user"
                              and a.body == b""),
    }  # fmt: skip
    for name, (does, when) in crashes.items():
        yield broken_by(f"crash.{name}", does, "HTTP-002", failing(when))
    for operation in contract().operations:
        yield broken_by(
            f"crash.{operation.id}",
            f"{operation.id} is answered 503.",
            "HTTP-002",
            failing(calling(operation), 503),
        )
    yield broken_by(
        "crash.for-404",
        "What is not found is answered 500.",
        "HTTP-002",
        restated(404, 500),
    )
    yield broken_by(
        "crash.for-400",
        "What breaks a rule is answered 500.",
        "HTTP-002",
        restated(400, 500),
    )


def _has_long_text(asked: Asked) -> bool:
    return any(len(each) >= 10_000 for each in asked.body.split(b'"'))


def _is_not_utf_8(asked: Asked) -> bool:
    try:
        asked.body.decode()
    except UnicodeDecodeError:
        return True
    return False


def _has_large_number(asked: Asked) -> bool:
    found: list[Any] = []
    try:
        json.loads(asked.body, parse_int=lambda digits: found.append(len(digits) > 19))
    except (ValueError, RecursionError):
        return False
    return any(found)


def _asks_for_a_strange_persona(asked: Asked) -> bool:
    roles = the("persona_users").roles
    persona = asked.named.get(roles["persona"], "1")
    return not persona.isdigit() and persona != roles["all_personas"]


def stalling(when: Callable[[Asked], object]) -> Around:
    """Return a middleware that never answers some requests."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        if when(asked):
            await asyncio.Event().wait()
        return await inner(asked)

    return around


def dropping(when: Callable[[Asked], object]) -> Around:
    """Return a middleware for which the connection of some requests ends before the reply."""

    async def around(asked: Asked, inner: Inner) -> Answered:
        if when(asked):
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return await inner(asked)

    return around


def _of_hangs() -> Iterator[Mutant]:
    for operation in contract().operations:
        yield broken_by(
            f"hang.{operation.id}",
            f"{operation.id} is never answered.",
            "HTTP-002",
            stalling(calling(operation)),
            limits=IMPATIENT,
        )
        yield broken_by(
            f"drop.{operation.id}",
            f"The connection ends when {operation.id} is called.",
            "HTTP-002",
            dropping(calling(operation)),
        )
    yield broken_by("hang.long-text", "A text of 10,000 characters is never answered.", "HTTP-002",
                 stalling(_has_long_text), limits=IMPATIENT)  # fmt: skip
    yield broken_by("drop.no-key", "The connection ends when a key is missing.", "HTTP-002",
                 dropping(lambda a: a.operation and not a.header("authorization") and not a.query))  # fmt: skip


class Seen:
    """Refuses a push that came before, byte for byte."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, bytes]] = set()

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        if asked.rows is None:
            return await inner(asked)
        if (asked.path, asked.body) in self._seen:
            return answer(409, message="known")
        reply = await inner(asked)
        if reply.accepted:
            self._seen.add((asked.path, asked.body))
        return reply


class Crowded:
    """Loses or refuses pushes that arrive while another one is under way."""

    status = 0

    def __init__(self) -> None:
        self._under_way = 0

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        if not asked.rows:
            return await inner(asked)
        self._under_way += 1
        crowded = self._under_way > 1
        try:
            await asyncio.sleep(0)
            if crowded:
                return answer(self.status, message="busy") if self.status else succeeded(asked, len(asked.rows))
            return await inner(asked)
        finally:
            self._under_way -= 1


class Busy(Crowded):
    status = 409


def _of_repetition() -> Iterator[Mutant]:
    def repeats(asked: Asked) -> bool:
        rows = asked.rows or ()
        return len(rows) == 2 and rows[0] == rows[1]

    yield broken_by("push.known", "A push that came before is refused.", "IDEM-001", Seen)
    yield broken_by("push.no-duplicates", "A push that holds a record twice is refused.", "IDEM-001", refusing(repeats))
    yield broken_by("push.lost-in-a-crowd", "Pushes at the same time are accepted, but only one is stored.", "IDEM-002",
                 Crowded, concurrency=1)  # fmt: skip
    yield broken_by("push.refused-in-a-crowd", "Of pushes at the same time only one is accepted.", "IDEM-002",
                 Busy, concurrency=1)  # fmt: skip


def _of_methods() -> Iterator[Mutant]:
    def undeclared(asked: Asked) -> bool:
        return bool(asked.at and not asked.operation) and asked.method != "HEAD"

    def as_declared(asked: Asked) -> Asked:
        return asked.with_method(asked.at.method) if asked.at and undeclared(asked) else asked

    yield broken_by("methods.any", "Any method calls an operation.", "HTTP-001", before(as_declared))
    yield broken_by("methods.200", "A method that a path does not have is answered 200.", "HTTP-001",
                 after(lambda a, reply: answer(200) if undeclared(a) and reply.status == 404 else reply))  # fmt: skip
    yield broken_by("methods.no-allow", "A 405 lacks Allow.", "HTTP-001",
                 after(lambda a, reply: reply.with_status(405) if undeclared(a) and reply.status == 404 else reply),
                 )  # fmt: skip
    yield broken_by("methods.400", "A method that a path does not have is answered 400.", "HTTP-001",
                 after(lambda a, reply: reply.with_status(400) if undeclared(a) and reply.status == 404 else reply),
                 )  # fmt: skip


def _of_framing() -> Iterator[Mutant]:
    yield broken_by("framing.no-chunks", "A body that comes in chunks is refused.", "HTTP-004",
                 refusing(lambda a: a.header("transfer-encoding"), 411))  # fmt: skip

    def chunks_lost(asked: Asked) -> Asked:
        return asked.with_body(b"") if asked.header("transfer-encoding") else asked

    yield broken_by("framing.chunks-lost", "A body that comes in chunks is not read.", "HTTP-004", before(chunks_lost))

    def trimmed(asked: Asked) -> Asked:
        return asked.with_path(asked.path.rstrip("/")) if asked.path.endswith("/") else asked

    def merged(asked: Asked) -> Asked:
        path = asked.path
        while "//" in path:
            path = path.replace("//", "/")
        return asked.with_path(path) if path != asked.path else asked

    yield broken_by("paths.slash-behind", "A slash behind a path makes no difference.", "HTTP-005", before(trimmed))
    yield broken_by("paths.slashes-in-a-row", "Slashes in a row are one.", "HTTP-005", before(merged))
