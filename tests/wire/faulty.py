"""A real server in front of another one, with faulty replies by path."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

from tests.patience import PATIENCE

_PASSED_ON = ("authorization", "content-type")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a reply: another status or content type, other members, or no JSON at all."""

    status: int = 0
    content_type: str = ""
    members: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""


@contextmanager
def faulty(url: str, faults: Mapping[str, Fault]) -> Iterator[str]:
    """Yield the address of a server that answers as the one at `url` does, but for the paths with a fault."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name: value for name, value in self.headers.items() if name.lower() in _PASSED_ON}
            reply = client.request(self.command, self.path, content=sent, headers=headers)
            fault = faults.get(self.path.partition("?")[0], Fault())
            body = fault.text.encode() or json.dumps(reply.json() | fault.members).encode()
            self.send_response(fault.status or reply.status_code)
            self.send_header("Content-Type", fault.content_type or reply.headers["Content-Type"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    with (
        httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False) as client,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server,
    ):
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
