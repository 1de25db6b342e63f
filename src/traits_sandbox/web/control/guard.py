"""Access to the control API: never from web pages of other origins, and with a token if one is required."""

from hmac import compare_digest
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.web.auth import Keys, bearer
from traits_sandbox.web.control.services import PREFIX
from traits_sandbox.web.envelope import EnvelopeResponse
from traits_sandbox.web.key_mistakes import KeyDiagnosis, SentKey

TOKEN_HEADER: Final = "Sandbox-Control-Token"  # noqa: S105 (the name of a header)
MAX_BODY: Final = 2**20

# Bodies with rows: a single row can be as large as another call's body.
MAX_BULK_BODY: Final = 2 * MAX_BODY

_BULK = f"{PREFIX}/bulk/"
_JSON = "application/json"
_PORTS = {"http": 80, "https": 443}


class Refused(TraitsSandboxError):
    """A control call that is not allowed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Guard:
    """Checks control calls, and passes them on with their dashboard as `state.dashboard`: a name, or None for all."""

    def __init__(self, app: ASGIApp, keys: Keys, diagnosis: KeyDiagnosis, token: str | None) -> None:
        self._app = app
        self._keys = keys
        self._diagnosis = diagnosis
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        try:
            require_own_origin(headers)
            self._require_token(headers)
            dashboard = self._dashboard(headers)
            body = await _body(receive, MAX_BULK_BODY if scope["path"].startswith(_BULK) else MAX_BODY)
            _require_json(headers, body)
        except Refused as refused:
            content = orjson.dumps({"code": refused.status, "message": str(refused)})
            challenge = ((b"www-authenticate", b"Bearer"),) if refused.status == 401 else ()
            await EnvelopeResponse(refused.status, content, challenge).send(send, "refused")
            return
        scope["state"] = {**scope.get("state", {}), "dashboard": dashboard}
        await self._app(scope, _replayed(body, receive), send)

    def _require_token(self, headers: list[tuple[str, str]]) -> None:
        sent = _last(headers, TOKEN_HEADER)
        if self._token is not None and not compare_digest(sent.encode(), self._token.encode()):
            raise Refused(401, f"send the token of --control-token in the header {TOKEN_HEADER}")

    def _dashboard(self, headers: list[tuple[str, str]]) -> str | None:
        authorization = _last(headers, "authorization")
        if not authorization:
            return None
        dashboard = self._keys.dashboard(bearer(authorization))
        if dashboard is None:
            sent = SentKey([(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers])
            raise Refused(
                401,
                "the key belongs to no dashboard: send a valid key, or no Authorization header for all dashboards; "
                f"{self._diagnosis.problem(sent).sentence}",
            )
        return dashboard


def dashboard_of(request: Request) -> str | None:
    """Return the dashboard of a call, None for all."""
    dashboard: str | None = request.state.dashboard
    return dashboard


def require_own_origin(headers: list[tuple[str, str]]) -> None:
    """Raise Refused if a browser reports a call from a page of another origin; another port is another origin."""
    host = _last(headers, "host")
    for name, value in headers:
        if name == "sec-fetch-site" and value.strip().lower() not in ("same-origin", "none"):
            raise Refused(403, "pages of other origins may not use the control API (Sec-Fetch-Site)")
        if name in ("origin", "referer") and not _is_own(value, host):
            raise Refused(403, f"pages of other origins may not use the control API ({name.capitalize()})")


def _is_own(url: str, host: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        port = parts.port or _PORTS[parts.scheme]
        own = urlsplit(f"{parts.scheme}://{host}")
        return bool(parts.hostname) and (parts.hostname, port) == (own.hostname, own.port or _PORTS[parts.scheme])
    except (ValueError, KeyError):
        return False


def _require_json(headers: list[tuple[str, str]], body: bytes) -> None:
    content_type = _last(headers, "content-type").partition(";")[0].strip().lower()
    if content_type != _JSON and (body or content_type):
        raise Refused(415, f"send the body as {_JSON}")


async def _body(receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit:
            raise Refused(413, f"this control call may have a body of at most {limit // 2**20} MiB")
        if not message.get("more_body"):
            return b"".join(chunks)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return an ASGI `receive` that repeats a body that was read, and then passes on what follows."""
    unsent = [body]

    async def replay() -> Message:
        if unsent:
            return {"type": "http.request", "body": unsent.pop(), "more_body": False}
        return await receive()

    return replay


def _last(headers: list[tuple[str, str]], name: str) -> str:
    return next((value for each, value in reversed(headers) if each == name.lower()), "")
