"""Masks secrets in every reply of the control API, whole or streamed."""

from typing import Any, Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from traits_sandbox.reporting.masking import Masker, StreamMasker

_JSON: Final = "application/json"
# Each line of these is a separate value, so a live stream is sent line by line.
_LINES: Final = ("text/event-stream", "application/x-ndjson")


class Masking:
    """Sends the replies of an app with every secret in their bodies masked."""

    def __init__(self, app: ASGIApp, masker: Masker) -> None:
        self._app = app
        self._masker = masker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        await self._app(scope, receive, _Reply(self._masker, send).handle)


class _Reply:
    """One reply on its way: a whole one gets the length of its masked body, a streamed one has none."""

    def __init__(self, masker: Masker, send: Send) -> None:
        self._masker, self._send = masker, send
        self._start: Message | None = None
        self._body: _Whole | _Lines | _MaskedPieces | None = None

    async def handle(self, message: Message) -> None:
        """Process the next message of the app, and send the part that is complete."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        more = bool(message.get("more_body"))
        if self._body is None:
            self._body = self._body_of(more=more)
        piece = self._body.feed(message.get("body", b""))
        if not more:
            piece += self._body.flush()
        if self._start is not None and (not more or not isinstance(self._body, _Whole)):
            await self._send(self._started(piece, whole=not more))
            self._start = None
        if self._start is None:
            await self._send({"type": "http.response.body", "body": piece, "more_body": more})

    def _body_of(self, *, more: bool) -> "_Whole | _Lines | _MaskedPieces":
        assert self._start is not None
        content_type = next((value for name, value in self._start["headers"] if name == b"content-type"), b"")
        name = content_type.decode("latin-1").partition(";")[0].strip().lower()
        if name in _LINES:
            return _Lines(self._masker)
        return _MaskedPieces(self._masker) if more and name != _JSON else _Whole(self._masker)

    def _started(self, body: bytes, *, whole: bool) -> Message:
        assert self._start is not None
        headers = [(name, value) for name, value in self._start["headers"] if name != b"content-length"]
        if whole:
            headers.append((b"content-length", b"%d" % len(body)))
        return {**self._start, "headers": headers}


class _Whole:
    """Masks a whole body, so that JSON stays JSON."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._pieces: list[bytes] = []

    def feed(self, piece: bytes) -> bytes:
        self._pieces.append(piece)
        return b""

    def flush(self) -> bytes:
        return _masked(b"".join(self._pieces), self._masker)


class _Lines:
    """Masks a stream of lines as they are complete; the JSON in each stays JSON."""

    def __init__(self, masker: Masker) -> None:
        self._masker = masker
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        complete, newline, self._held = (self._held + piece).rpartition(b"\n")
        return b"".join(self._line(line) + b"\n" for line in complete.split(b"\n")) if newline else b""

    def flush(self) -> bytes:
        return self._line(self._held)

    def _line(self, line: bytes) -> bytes:
        # A line of an event stream has a name before its value.
        name, separator, value = line.partition(b": ") if not line.startswith((b"{", b"[")) else (b"", b"", line)
        return name + separator + _masked(value, self._masker) if separator or not name else _masked(line, self._masker)


class _MaskedPieces:
    """Masks a stream of bytes of any other kind."""

    def __init__(self, masker: Masker) -> None:
        self._stream = StreamMasker(masker)

    def feed(self, piece: bytes) -> bytes:
        return self._stream.feed(piece)

    def flush(self) -> bytes:
        return self._stream.flush()


def _masked(content: bytes, masker: Masker) -> bytes:
    masked = masker.data(content)
    if masked is content or not _is_json(content) or _is_json(masked):
        return masked
    # A secret such as `1` or `"` is part of the JSON notation too, so only texts are masked.
    return orjson.dumps(_masked_texts(orjson.loads(content), masker))


def _masked_texts(value: Any, masker: Masker) -> Any:
    if isinstance(value, dict):
        return {name: _masked_texts(each, masker) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked_texts(each, masker) for each in value]
    return masker(value) if isinstance(value, str) else value


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True
