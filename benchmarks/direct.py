"""P3: the whole app, called without a socket."""

import asyncio
import time
from collections.abc import Iterator
from functools import partial

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

from benchmarks.bodies import body, push
from benchmarks.figures import Effort, Figure, Result, Target
from benchmarks.rounds import Measure, best_time, no_collections, ratios
from traits_sandbox.sandbox import Sandbox
from traits_sandbox.settings import Settings

SETTINGS = Settings(log_format="none", max_memory=2**34)


def whole_app(effort: Effort) -> Iterator[Result]:
    """Yield P3: the time from the ASGI scope to the reply.

    With many records it is compared with parsing, with one record with a Starlette route that does nothing.
    """
    app = Sandbox(SETTINGS).app
    for count, limit in ((1000, 1.7), (100, 2.2)):
        raw = body(count)
        ours = best_call(app, raw, effort.tries, 5000 // count)
        parsing = best_time(partial(orjson.loads, raw), effort.tries, 5000 // count)
        what = f"whole app, {count} records ÷ orjson.loads"
        yield Figure("P3", what, ratios(ours, parsing, effort.rounds), Target(at_most=limit))
    one = body(1)
    ours, theirs = (best_call(each, one, effort.tries, 500) for each in (app, no_op_route()))
    what = "whole app, 1 record ÷ a Starlette no-op route"
    yield Figure("P3", what, ratios(ours, theirs, effort.rounds), Target(at_most=1.5))
    bare = best_call(_without_journal(), one, effort.tries, 500)
    yield Figure("P3", "the same with ÷ without the journal", ratios(ours, bare, effort.rounds), Target(at_most=1.1))


def _without_journal() -> ASGIApp:
    sandbox = Sandbox(SETTINGS)
    sandbox.journal.add = lambda entry: None  # type: ignore[method-assign]  # noqa: ARG005
    return sandbox.app


def no_op_route() -> ASGIApp:
    """Return a Starlette app with one route, which answers 201 with JSON and reads no body."""

    async def no_op(_: Request) -> JSONResponse:
        return JSONResponse({"code": 201, "message": "ok", "data": None}, status_code=201)

    return Starlette(routes=[Route(push().path, no_op, methods=["POST"])])


def request_scope(length: int) -> Scope:
    """Return the ASGI scope of a push, as uvicorn makes it."""
    path = push().path
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8012),
        "client": ("127.0.0.1", 51234),
        "scheme": "http",
        "method": "POST",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8012"),
            (b"user-agent", b"benchmarks"),
            (b"accept", b"*/*"),
            (b"authorization", f"Bearer {SETTINGS.api_key[0]}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(length).encode()),
        ],
        "state": {},
    }


async def call(app: ASGIApp, scope: Scope, raw: bytes) -> int:
    """Send one body to an app; return the status of the reply."""
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(dict(scope), receive, send)
    return status


def best_call(app: ASGIApp, raw: bytes, tries: int, calls: int) -> Measure:
    """Return a measurement of the processor seconds of one call that is answered with 201: the least of some tries."""
    scope = request_scope(len(raw))

    async def seconds() -> float:
        begin = time.thread_time()
        for _ in range(calls):
            if await call(app, scope, raw) != 201:
                raise AssertionError("the app rejected the body")
        return time.thread_time() - begin

    async def best() -> float:
        return min([await seconds() for _ in range(tries)]) / calls

    def measure() -> float:
        with no_collections():
            return asyncio.run(best())

    return measure
