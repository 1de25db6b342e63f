"""The front door: refuses foreign hosts, then leads to the sandbox's own endpoints or to the emulated API."""

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from traits_sandbox.web.admin import PREFIX
from traits_sandbox.web.envelope import Answer
from traits_sandbox.web.hosts import HostGate, host_name


class Gateway:
    """The whole sandbox as one ASGI app."""

    def __init__(self, api: ASGIApp, admin: ASGIApp, hosts: HostGate) -> None:
        self._api = api
        self._admin = admin
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        host = dict(scope["headers"]).get(b"host")
        if not self._hosts.admits(host):
            await _refused_host(host or b"").send(send, "refused")
        elif scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/"):
            await self._admin(scope, receive, send)
        else:
            await self._api(scope, receive, send)


def _refused_host(host: bytes) -> Answer:
    name = host_name(host.decode("latin-1"))[:80]
    message = f"host {name!a} is not served here: start the sandbox with --allow-host and this name"
    return Answer(403, orjson.dumps({"code": 403, "message": message}))
