"""Reading request bodies: within a limit, and of the documented media type."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message, Receive

from traits_sandbox.derive.validation import BODY
from traits_sandbox.errors import BadRequest, TraitsSandboxError, Violation

MAX_JSON = 16 * 2**20
MAX_UPLOAD = 256 * 2**20

# A form needs one part; a few more do no harm, thousands are an attack on the parser.
_MAX_PARTS = 16
_MAX_FIELD = 2**16


class Disconnected(TraitsSandboxError):
    """The client went away before its request was complete: there is nobody to answer."""


async def read(receive: Receive, limit: int) -> bytes:
    """Return the whole body; raises BadRequest as soon as it is larger than the limit in bytes."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        # The common case, a body in one piece, is spared the detour.
        return _within(message.get("body", b""), 0, limit)
    return b"".join([chunk async for chunk in _chunks(receive, limit, message)])


def require_media_type(sent: str, media_type: str) -> None:
    """Raise BadRequest unless a Content-Type names this media type, parameters aside."""
    name = sent.partition(";")[0].strip().lower()
    if name != media_type:
        got = f", got {name[:80]}" if sent else ""
        raise _fault(BODY, "content-type", f"must have the content type {media_type}{got}")


@asynccontextmanager
async def uploaded_file(content_type: str, receive: Receive, part: str) -> AsyncIterator[BinaryIO]:
    """Yield the file of a multipart form's part, spooled to disk when large; raises BadRequest without one."""
    parser = MultiPartParser(
        Headers({"content-type": content_type}),
        _chunks(receive, MAX_UPLOAD, await receive()),
        max_files=_MAX_PARTS,
        max_fields=_MAX_PARTS,
        max_part_size=_MAX_FIELD,
    )
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _fault(BODY, "multipart", f"is not a valid multipart form: {error.message}") from None
    try:
        file = form.get(part)
        if not isinstance(file, UploadFile):
            raise _fault(part, "required", "is required, as a file part of the form")
        yield file.file
    finally:
        await form.close()


async def _chunks(receive: Receive, limit: int, message: Message) -> AsyncGenerator[bytes, None]:
    total = 0
    while message["type"] != "http.disconnect":
        chunk = _within(message.get("body", b""), total, limit)
        total += len(chunk)
        yield chunk
        if not message.get("more_body"):
            return
        message = await receive()
    raise Disconnected


def _within(chunk: bytes, before: int, limit: int) -> bytes:
    if before + len(chunk) > limit:
        raise _fault(BODY, "size", f"must be at most {limit // 2**20} MiB")
    return chunk


def _fault(name: str, rule: str, message: str) -> BadRequest:
    return BadRequest((Violation("", name, name, rule, message),))
