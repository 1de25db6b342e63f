"""Runs of the kit on servers within the process, where waiting takes no time."""

import asyncio
from typing import Any

import httpx
from starlette.types import ASGIApp, Message

from tests.conformance.mutants.facts import KEY, cases, contract
from tests.conformance.timeless import run
from tests.patience import PATIENCE
from traits_sandbox.conformance.http.client import Target, WireLimits
from traits_sandbox.conformance.judging.report import Report
from traits_sandbox.conformance.running.options import Options
from traits_sandbox.conformance.running.run import Run

URL = "http://127.0.0.1"

PATIENT = WireLimits(timeout=PATIENCE, max_time=PATIENCE)
"""For servers on sockets that answer everything: no reply is late, however busy the machine is."""


class InProcess(httpx.AsyncBaseTransport):
    """Hands requests to an app whole, and returns its replies whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body, sent = await request.aread(), list[Message]()

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(_scope(request), receive, send)
        content = b"".join(message.get("body", b"") for message in sent[1:])
        shown = b"" if request.method == "HEAD" else content
        return httpx.Response(sent[0]["status"], headers=sent[0]["headers"], stream=httpx.ByteStream(shown))


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.partition(b"?")[0],
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "server": (request.url.host, request.url.port),
    }


def run_on(
    server: ASGIApp | httpx.AsyncBaseTransport, options: Options, *, url: str = URL, key: str = KEY, prefix: str = ""
) -> Run:
    """Return a run on an app or what leads to one; runs of the same prefix share their catalogue."""
    transport = server if isinstance(server, httpx.AsyncBaseTransport) else InProcess(server)
    return Run(Target(url, key), options, contract=contract(), transport=transport, prefix=prefix, cases=cases)


def report_on(server: ASGIApp | httpx.AsyncBaseTransport, options: Options, **more: Any) -> Report:
    """Return the report of a run, as of `run_on`; one that would never end fails."""
    return run(asyncio.wait_for(run_on(server, options, **more).report(), PATIENCE))
