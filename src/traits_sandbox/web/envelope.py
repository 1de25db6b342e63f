"""Responses as bytes: the documented envelope and the sandbox's own headers."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec
import orjson
from starlette.types import Send

from traits_sandbox.contract.model import Contract, Response
from traits_sandbox.derive.messages import error_message
from traits_sandbox.errors import ApiError, Violation
from traits_sandbox.handlers.call import HandlerResult

_CONTENT_TYPE = (b"content-type", b"application/json; charset=utf-8")
_CHALLENGE = (b"www-authenticate", b"Bearer")


class EnvelopeResponse(msgspec.Struct, frozen=True):
    """A status, a body, and headers besides the usual ones."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()

    async def send(self, send: Send, request_id: str) -> None:
        """Send this response, with the request id that the log has too."""
        length = (b"content-length", b"%d" % len(self.body))
        headers = [_CONTENT_TYPE, length, (b"sandbox-request-id", request_id.encode()), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def success(response: Response, reply: HandlerResult) -> EnvelopeResponse:
    """Return the envelope of a success."""
    message = response.message.format(count=reply.count) if "{" in response.message else response.message
    body = {"code": response.status, "message": message, "data": reply.data}
    return EnvelopeResponse(response.status, orjson.dumps(body), (_hint(reply.hint),) if reply.hint else ())


def refusal(contract: Contract, error: ApiError) -> EnvelopeResponse:
    """Return the envelope of an error, with `errors` if the request breaks the contract."""
    body: dict[str, Any] = {"code": error.status, "message": error_message(contract, error.status)}
    if error.violations:
        body["errors"] = error_map(error.violations)
    return EnvelopeResponse(error.status, orjson.dumps(body), tuple(_headers(error)))


def error_map(violations: Iterable[Violation]) -> dict[str, str]:
    """Return the documented map of the first bad record: from a field's name to a sentence about it."""
    sentences: dict[str, str] = {}
    first: Violation | None = None
    for violation in violations:
        first = first or violation
        if violation.record != first.record:
            break
        sentences.setdefault(violation.key, f"{violation.name} {violation.message}")
    return sentences


def _headers(error: ApiError) -> Iterable[tuple[bytes, bytes]]:
    if error.violations:
        yield b"sandbox-violation", quote(error.violations[0].pointer or "/", safe="/~ ").encode()
    if error.hint:
        yield _hint(error.hint)
    if error.status == 401:
        yield _CHALLENGE


def _hint(hint: str) -> tuple[bytes, bytes]:
    return b"sandbox-hint", quote(hint, safe="/~ ,.:;?={}[]'<>()").encode()
