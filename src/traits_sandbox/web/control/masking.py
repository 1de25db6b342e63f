"""Masks secrets in whatever the control API answers, wherever they come from."""

from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from traits_sandbox.reporting.masking import Masker


class Masking:
    """Lets no answer of an app pass that has a secret in its body."""

    def __init__(self, app: ASGIApp, redact: Masker) -> None:
        self._app = app
        self._redact = redact

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        started: list[Message] = []
        chunks: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            chunks.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._send(started[0], b"".join(chunks), send)

        await self._app(scope, receive, collect)

    async def _send(self, start: Message, content: bytes, send: Send) -> None:
        masked = self._masked(content)
        if masked is not content:
            length = (b"content-length", b"%d" % len(masked))
            kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            start = {**start, "headers": [*kept, length]}
        await send(start)
        await send({"type": "http.response.body", "body": masked})

    def _masked(self, content: bytes) -> bytes:
        masked = self._redact.data(content)
        if masked is content or _is_json(masked):
            return masked
        # A secret such as `1` or `"` is in the JSON itself too.
        return orjson.dumps(self._masked_texts(orjson.loads(content))) if _is_json(content) else masked

    def _masked_texts(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._masked_texts(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self._masked_texts(each) for each in value]
        return self._redact(value) if isinstance(value, str) else value


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True
