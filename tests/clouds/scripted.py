"""A server that answers every request as a test says, in place of a cloud."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.clouds.servers import ACCOUNT, ACCOUNT_KEY, SECRET
from traits_sandbox.bulk.storage.sources import Access, FileSource

LISTING = "<?xml version='1.0'?><ListBucketResult><IsTruncated>false</IsTruncated>{}</ListBucketResult>"
ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2020-09-15T00:00:00.000Z</LastModified>"
    '<ETag>"{}"</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>'
)


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    # Without an answer, the connection is closed.
    silent: bool = False


class Scripted:
    """The server: `answer` is given to every request for which `answers` has none, by path."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answer = Answer()
        self.answers: dict[str, Answer] = {}
        # The first line and the headers of each request.
        self.requests: list[str] = []

    def source(self, scheme: str, *, ca_file: str = "") -> FileSource:
        options = {
            "s3": {"access_key_id": "AKIAEXAMPLE", "secret_access_key": SECRET, "region": "us-east-1"},
            "gs": {"skip_signature": "true"},
            "az": {"account_name": ACCOUNT, "account_key": ACCOUNT_KEY},
        }
        return FileSource(f"{scheme}://bucket", Access(self.url, options[scheme], ca_file))

    def store(self, objects: dict[str, bytes]) -> None:
        """Answer as S3 does that has these objects."""
        entries = "".join(ENTRY.format(key, len(data), len(data)) for key, data in objects.items())
        self.answers["/bucket"] = Answer(body=LISTING.format(entries).encode())
        for key, data in objects.items():
            headers = {
                "ETag": f'"{len(data)}"',
                "Last-Modified": "Tue, 15 Sep 2020 00:00:00 GMT",
                "Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}",
            }
            self.answers[f"/bucket/{key}"] = Answer(206, data, headers)


@contextmanager
def scripted(tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            script.requests.append(f"{self.requestline}\n{self.headers}")
            answer = script.answers.get(self.path.partition("?")[0], script.answer)
            if answer.silent:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else answer.body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    script = Scripted(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
