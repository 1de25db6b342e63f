"""A second server for the ingestion API, written from the vendor's document alone, to judge the conformance kit with.

Where the document is silent, this server goes its own way on purpose. Its choices:

- Transport: plain HTTP; extra headers; reads are answered in chunks; `request_id` beside the documented keys.
- Wording: the message of an upload is its own, as are those of errors; one pushed record is reported in the singular.
- Errors: `errors` is always there, keyed by JSON pointer, at most 25 at once; one bad record refuses the whole push.
- Paths: an undeclared method on a known path is 404, and so is a trailing slash; an unknown path is 404 without a key.
- Keys: the scheme's name is read in any case; the webhook takes its key from the query and nowhere else.
- Bodies: a declared media type that does not fit is 415, none at all counts as JSON; any encoding of the body is 415;
  more than 64 MiB is 413; segment operations ignore their body.
- Records: unknown fields are refused; null is an absent optional field; an empty list is a push of nothing;
  empty strings, negative numbers and 1.0 as an int are accepted.
- Formats: a Timestamp must be a real moment, `register_date` only look like a day; country and language are any string;
  `connection` may also be written "unlinked".
- CSV: any columns; the user is in `user_id`, or else in the first one; a ragged row is fine, an empty file is not.
- Users: all pushed users are known, by CSV too, and all users in survey data have completed the assessment; the
  target of a social dynamic is not yet a user.
- Status: `completed_at` is null before completion; an unknown user is 404.
- Removal: 200 with an envelope; an unknown user is 404.
- Webhook: an object or a list of any events, 200 with an envelope; its users are not stored.
- Personas: five, by a hash of the user; an index beyond them is 404, and so is any segment but `default`.
"""

import argparse
import contextlib
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from email import errors as header_defects
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.conformance.independent.operations import BREAKS, Ingestion, Refusal, Reply, Request

__all__ = ["BREAKS", "IndependentServer", "running"]

MAX_BODY = 2**26
MAX_LINE = 2**16
SECONDS_TO_WAIT = 20.0


class Unframed(Refusal):
    """A request whose end is not known, so that nothing after it on the connection can be read."""


class IndependentServer(ThreadingHTTPServer):
    """The server on a port of the loopback interface; port 0 takes a free one."""

    request_queue_size = 128

    def __init__(self, key: str, broken: str = "", port: int = 0) -> None:
        self.ingestion = Ingestion(key, broken)
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Takes requests off a connection whole, one after another."""

    server: IndependentServer
    protocol_version = "HTTP/1.1"
    # The standard library leaves out status line and headers for what it takes to be HTTP/0.9.
    default_request_version = "HTTP/1.0"
    timeout = SECONDS_TO_WAIT
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            super().handle()

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(MAX_LINE + 1)
        if len(self.raw_requestline) > MAX_LINE:
            self.requestline, self.request_version, self.command = "", "HTTP/1.0", ""
            self.send_error(414, "the request line is too long")
        elif self.raw_requestline == b"\r\n":
            # Some clients end a body with a line break too many.
            self.close_connection = False
        elif self.raw_requestline and self.parse_request():
            self.exchange()

    def exchange(self) -> None:
        try:
            self.send(self.answered(self.body()))
        except Unframed as refusal:
            self.send_last(refusal.reply)

    def answered(self, body: bytes) -> Reply:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in reversed(self.headers.items())}
        request = Request(parse_qs(query, keep_blank_values=True), headers, body)
        try:
            return self.server.ingestion.answer(self.command, path, request)
        except Refusal as refusal:
            return refusal.reply

    def body(self) -> bytes:
        lengths = set(self.headers.get_all("content-length", []))
        codings = [coding.strip().lower() for coding in self.headers.get_all("transfer-encoding", [])]
        if any(isinstance(defect, UNREADABLE) for defect in self.headers.defects) or (lengths and codings):
            raise Unframed(400, "the headers contradict themselves or cannot be read")
        if codings:
            return self.chunks(codings)
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,4000}", length.strip()) for length in lengths):
            raise Unframed(400, "the length of the body is not a number")
        return self.exactly(int(lengths.pop()) if lengths else 0)

    def chunks(self, codings: list[str]) -> bytes:
        if codings != ["chunked"]:
            raise Unframed(400, "this coding of the body is not known")
        body = bytearray()
        while size := self.chunk_size():
            body += self.exactly(size, MAX_BODY - len(body))
            if self.rfile.readline(3) != b"\r\n":
                raise Unframed(400, "a chunk does not end where it said")
        while self.rfile.readline(MAX_LINE).strip():
            pass
        return bytes(body)

    def chunk_size(self) -> int:
        line = re.fullmatch(rb"([0-9A-Fa-f]{1,16})[ \t]*(;.*)?\r\n", self.rfile.readline(MAX_LINE))
        if not line:
            raise Unframed(400, "the size of a chunk is not a number")
        return int(line[1], 16)

    def exactly(self, length: int, limit: int = MAX_BODY) -> bytes:
        if length > limit:
            raise Unframed(413, "the body is too large")
        body = self.rfile.read(length)
        if len(body) < length:
            raise Unframed(400, "the body ends early")
        return body

    def send(self, reply: Reply) -> None:
        chunked = reply.chunked and self.request_version == "HTTP/1.1"
        payload = reply.payload()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Served-For", "one dashboard")
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(payload)))))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(in_chunks(payload) if chunked else payload)

    def send_last(self, reply: Reply) -> None:
        self.close_connection = True
        self.send(reply)
        # Closing with input unread would reset the connection, and might take the reply with it.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        for _ in range(1024):
            if not self.connection.recv(MAX_LINE):
                break

    def send_error(self, code: int, message: str | None = None, _explain: str | None = None) -> None:
        # An unknown version of the protocol is the client's mistake too.
        self.send_last(Reply(code if code < 500 else 400, message or "this is not HTTP", {"errors": {}}))

    def log_message(self, *_: object) -> None:
        """Say nothing: what the server prints is its address."""


UNREADABLE = (
    header_defects.FirstHeaderLineIsContinuationDefect,
    header_defects.InvalidHeaderDefect,
    header_defects.MissingHeaderBodySeparatorDefect,
)


def in_chunks(payload: bytes) -> bytes:
    half = (len(payload) + 1) // 2
    pieces = (payload[:half], payload[half:], b"")
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


@contextlib.contextmanager
def running(key: str, broken: str = "", port: int = 0) -> Iterator[str]:
    """Serve from a thread, and give the address."""
    with IndependentServer(key, broken, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description="An independent server for the ingestion API.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", required=True)
    parser.add_argument("--break", dest="broken", default="", choices=("", *BREAKS))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with IndependentServer(options.key, options.broken, options.port) as server:
        print(server.url, flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
