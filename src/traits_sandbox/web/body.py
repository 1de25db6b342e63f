"""Reading request bodies: within a limit before and after decompression, and of the documented media type."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import suppress
from typing import IO, BinaryIO

import msgspec
from starlette.types import Message, Receive

from traits_sandbox.derive.bodies import BODY
from traits_sandbox.derive.sentences import found_instead
from traits_sandbox.errors import BadRequest, Rule, TraitsSandboxError, Violation

# A form needs one part; a few more are harmless, thousands are an attack on the parser.
_MAX_PARTS = 16
_MAX_FIELD = 2**16
_GZIP = 16 + zlib.MAX_WBITS
# Each member costs a new decompressor, and an empty one has only 20 bytes.
_MAX_MEMBERS = 1000
_PIECE = 2**18
# What is wrong with a form, by how the parser's message starts.
_FORM_REASONS = {
    "Missing boundary": "its Content-Type has no boundary; let your HTTP library write this header",
    "Too many": f"it has more than {_MAX_PARTS} parts",
    "Field exceeded": f"it has a text field of more than {_MAX_FIELD // 2**10} KiB",
    "Part exceeded": f"it has a text field of more than {_MAX_FIELD // 2**10} KiB",
    "The Content-Disposition header": "a part has no name",
}
_SOON = 0.2


class Disconnected(TraitsSandboxError):
    """The client disconnected before its request was complete, so no response can be sent."""


class BodyLimits(msgspec.Struct, frozen=True):
    """The most bytes of a JSON body and of an upload with its form, each before and after decompression."""

    body: int
    upload: int


class IncomingStream:
    """The pieces of a request's body. It knows whether the body is complete, and closes the files made from it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._complete = False
        self.files: Sequence[IO[bytes]] = ()

    async def __call__(self) -> Message:
        """Return the next piece, as an ASGI `receive`."""
        message = await self._receive()
        self._complete = not message.get("more_body")
        return message

    async def begin(self) -> bytes:
        """Read and return the first piece of a body that is to be refused; empty if it does not come soon."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SOON):
                return bytes((await self()).get("body", b""))
        return b""

    @property
    def complete(self) -> bool:
        """Return whether the whole body was read, or the client disconnected."""
        return self._complete

    async def drain(self, most: int) -> None:
        """Read and drop the rest of a body, up to this many bytes; the receive timeout ends it if it comes slowly."""
        while not self._complete and most > 0:
            most -= len((await self()).get("body", b""))

    def close(self) -> None:
        """Close the files of an upload."""
        for file in self.files:
            with suppress(OSError):  # a full disk, which the request has met already
                file.close()


class IncomingBody(msgspec.Struct, frozen=True):
    """A body that was not read yet: its media type with parameters, its encoding, and its stream."""

    content_type: str
    encoding: str
    stream: IncomingStream

    def require(self, media_type: str) -> None:
        """Raise BadRequest unless the body is of this media type, parameters aside."""
        name = self.content_type.partition(";")[0].strip().lower()
        if name != media_type:
            got = f", got {name[:80]}" if name else ""
            raise _bad(BODY, Rule.CONTENT_TYPE, f"must have the content type {media_type}{got}")

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raises BadRequest as soon as it is larger than the limit in bytes."""
        message = await self.stream()
        if message["type"] == "http.request" and not message.get("more_body") and not self.encoding:
            # The common case is a body in one piece.
            return _within(message.get("body", b""), 0, limit)
        return b"".join([chunk async for chunk in self._chunks(limit, message)])

    async def uploaded_file(self, part: str, limit: int) -> BinaryIO:
        """Return the file of a multipart form's part, on disk when large; closing the stream closes it.

        Raises:
            BadRequest: the form is malformed or too large, or has no such file.

        """
        # Imported late: these import requests and responses, which only uploads need.
        from starlette.datastructures import Headers, UploadFile
        from starlette.formparsers import MultiPartException, MultiPartParser

        parser = MultiPartParser(
            Headers({"content-type": self.content_type}),
            self._chunks(limit, await self.stream()),
            max_files=_MAX_PARTS,
            max_fields=_MAX_PARTS,
            max_part_size=_MAX_FIELD,
        )
        # A file whose part never ended is not in the form.
        self.stream.files = parser._files_to_close_on_error
        try:
            form = await parser.parse()
        except MultiPartException as error:
            raise _bad(BODY, Rule.MULTIPART, f"is not a valid multipart form{_form_reason(error.message)}") from None
        except UnicodeError:
            raise _bad(BODY, Rule.MULTIPART, "is not a valid multipart form: its charset does not fit it") from None
        parts = form.getlist(part)
        if len(parts) > 1:
            raise _bad(part, Rule.MULTIPART, f"must be one part of the form, got {len(parts)} parts with this name")
        if not parts:
            raise _bad(part, Rule.REQUIRED, f"is required, as a file part of the form{found_instead(part, form)}")
        if not isinstance(parts[0], UploadFile):
            message = f"must be a file, but the part has no filename (with curl, write -F {part}=@data.csv)"
            raise _bad(part, Rule.MULTIPART, message)
        return parts[0].file

    async def _chunks(self, limit: int, message: Message) -> AsyncGenerator[bytes, None]:
        decoder = _decoder(self.encoding)
        sent = decoded = 0
        while message["type"] != "http.disconnect":
            chunk = _within(message.get("body", b""), sent, limit)
            sent += len(chunk)
            for piece in decoder.decode(chunk):
                yield _within(piece, decoded, limit)
                decoded += len(piece)
            if not message.get("more_body"):
                decoder.finish()
                return
            message = await self.stream()
        raise Disconnected


class _Identity:
    """Yields a body unchanged."""

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def finish(self) -> None:
        pass


class _Gzip(_Identity):
    """Decompresses a body in small pieces, so that the limit is found before the memory is used.

    A stream may have several members, as `cat a.gz b.gz` writes it (RFC 1952, section 2.2).
    """

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)
        self._members = 1

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._stream.eof:
                self._begin_member()
            try:
                piece = self._stream.decompress(chunk, _PIECE)
            except zlib.error:
                raise _not_gzip() from None
            yield piece
            chunk = self._stream.unused_data or self._stream.unconsumed_tail

    def _begin_member(self) -> None:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise _bad(BODY, Rule.CONTENT_ENCODING, f"must have at most {_MAX_MEMBERS} gzip members")
        self._stream = zlib.decompressobj(_GZIP)

    def finish(self) -> None:
        if not self._stream.eof:
            raise _not_gzip()


def _decoder(encoding: str) -> _Identity:
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Gzip()
        case _:
            raise _bad(BODY, Rule.CONTENT_ENCODING, f"must be sent plain or as gzip, got {encoding[:80]}")


def _within(chunk: bytes, before: int, limit: int) -> bytes:
    if before + len(chunk) > limit:
        size = f"{limit // 2**20} MiB" if limit % 2**20 == 0 else f"{limit} bytes"
        raise _bad(BODY, Rule.SIZE, f"must be at most {size}")
    return chunk


def _form_reason(text: str) -> str:
    """Return the reason for an error of the multipart parser, from the start of its text; empty if unknown."""
    return next((f": {reason}" for start, reason in _FORM_REASONS.items() if text.startswith(start)), "")


def _not_gzip() -> BadRequest:
    return _bad(BODY, Rule.CONTENT_ENCODING, "is not the gzip stream that its Content-Encoding promises")


def _bad(name: str, rule: Rule, message: str) -> BadRequest:
    return BadRequest((Violation(name, rule, message),))
