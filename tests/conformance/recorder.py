"""A server that writes down what it is sent, and answers everything with the same."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.patience import PATIENCE

ANSWER = b'{"code": 200, "message": "", "data": null}'


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came: its target undecoded, headers in lower case, its body out of its chunks."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Answers:
    """Lets answers pass, but for those behind a number of requests, until they are released."""

    def __init__(self) -> None:
        self._held, self._released = threading.Event(), threading.Event()
        self._most = -1

    def hold_after(self, requests: int) -> None:
        self._most = requests

    def wait_until_held(self) -> bool:
        return self._held.wait(PATIENCE)

    def release(self) -> None:
        self._released.set()

    def pass_by(self, requests: int) -> None:
        """Return when the answer to request number `requests` may be sent."""
        if 0 <= self._most < requests:
            self._held.set()
            self._released.wait(PATIENCE)


class Recorder(ThreadingHTTPServer):
    """The server; `answer` is the body of every reply."""

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.seen: list[Seen] = []
        self.answers = Answers()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Recorder
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def _answer(self) -> None:
        headers = tuple((name.lower(), value) for name, value in self.headers.items())
        self.server.seen.append(Seen(self.command, self.path, headers, self._body()))
        self.server.answers.pass_by(len(self.server.seen))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.server.answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def recording(answer: bytes = ANSWER) -> Iterator[Recorder]:
    """Run a recorder on a free port of the loopback interface."""
    server = Recorder(answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
