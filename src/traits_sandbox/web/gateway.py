"""The gateway: refuses foreign hosts, and passes requests on to the control API or to the emulated API."""

from functools import cached_property

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from traits_sandbox.web.control.services import PREFIX, ControlServices
from traits_sandbox.web.envelope import EnvelopeResponse
from traits_sandbox.web.hosts import HostGate, host_name


class Gateway:
    """The whole sandbox as one ASGI app."""

    def __init__(self, api: ASGIApp, controls: ControlServices, hosts: HostGate) -> None:
        self._api = api
        self._controls = controls
        self._hosts = hosts

    @cached_property
    def _admin(self) -> ASGIApp:
        # Made at the first call: Starlette's applications are a third of all imports of a sandbox.
        from traits_sandbox.web.control.app import admin

        return admin(self._controls)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        foreign = [value for name, value in scope["headers"] if name == b"host" and not self._hosts.admits(value)]
        if foreign:
            await _refused_host(foreign[0]).send(send, "refused")
        elif scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/"):
            await self._admin(scope, receive, send)
        else:
            await self._api(scope, receive, send)


def _refused_host(host: bytes) -> EnvelopeResponse:
    name = host_name(host.decode("latin-1"))[:80]
    message = f"host {name!a} is not served here: start the sandbox with --allow-host and this name"
    return EnvelopeResponse(403, orjson.dumps({"code": 403, "message": message}))
