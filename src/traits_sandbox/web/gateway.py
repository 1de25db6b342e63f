"""The gateway: refuses foreign hosts, and passes requests on to the control API or to the emulated API."""

from collections.abc import Callable
from functools import cached_property

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from traits_sandbox.web.control.services import PREFIX, ControlServices
from traits_sandbox.web.early_refusals import RefusalReason, RefusedRequest
from traits_sandbox.web.envelope import EnvelopeResponse
from traits_sandbox.web.hosts import HostGate, host_name
from traits_sandbox.web.lingering import Lingering


class Gateway:
    """The whole sandbox as one ASGI app."""

    def __init__(
        self, api: ASGIApp, controls: ControlServices, hosts: HostGate, report: Callable[[RefusedRequest], str]
    ) -> None:
        self._api = api
        self._controls = controls
        self._hosts = hosts
        self._report = report

    @cached_property
    def _admin(self) -> ASGIApp:
        # Made at the first call: Starlette's applications are a third of all imports of a sandbox.
        from traits_sandbox.web.control.app import admin

        return admin(self._controls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        foreign = [value for name, value in scope["headers"] if name == b"host" and not self._hosts.admits(value)]
        if foreign:
            async with Lingering(scope, receive, send) as lingering:
                await self._refuse(foreign[0], scope, lingering.send)
        elif scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/"):
            async with Lingering(scope, receive, send) as lingering:
                await self._admin(scope, lingering.receive, lingering.send)
        else:
            await self._api(scope, receive, send)

    async def _refuse(self, host: bytes, scope: Scope, send: Send) -> None:
        reason = RefusalReason.FOREIGN_HOST
        path, query = scope.get("raw_path", b"").decode("latin-1"), scope["query_string"].decode("latin-1")
        request_id = self._report(RefusedRequest(reason, 403, scope["method"], path, query, scope["headers"]))
        name = host_name(host.decode("latin-1"))[:80]
        message = f"host {name!a} is not served here: start the sandbox with --allow-host and this name"
        content = orjson.dumps({"code": 403, "message": message})
        hint = (b"sandbox-hint", reason.sentence.encode("ascii"))
        await EnvelopeResponse(403, content, (hint,)).send(send, request_id)
