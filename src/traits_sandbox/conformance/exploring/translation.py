"""Translates requests of Schemathesis to requests of the run, and replies back."""

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

import orjson

from traits_sandbox.conformance.catalogue.request_factory import BOUNDARY, FILE_NAME
from traits_sandbox.conformance.exploring.naming import Naming
from traits_sandbox.conformance.http.exchange import BEARER, KEY, Pairs, Reply, Request
from traits_sandbox.contract.model import Operation

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

NOWHERE: Final = "http://target.invalid"
CASE_ID: Final = "x-schemathesis-testcaseid"

UNSENT: Final = Reply(404, (("Content-Type", "application/json"),), orjson.dumps({"code": 404, "message": "not sent"}))
"""The reply to requests that are not sent: a server would also answer 404 to a path that does not exist."""

# The wire sends these itself. Headers that name Schemathesis are not sent.
_OWN_HEADERS: Final = frozenset(
    {"accept", "accept-encoding", "connection", "content-length", "transfer-encoding", "user-agent", CASE_ID}
)
# The wire has read and decompressed the body.
_DONE_WITH: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_HEADER_VALUE: Final = re.compile(r"[\t -~]*")
_BOUNDARY: Final = re.compile(rb"--([0-9a-f]{32})(?:\r\n|--)")


class Translation:
    """Translates requests to the allowed operations only."""

    def __init__(self, operations: list[Operation], naming: Naming) -> None:
        self._operations = {(each.method, _pattern(each.path)): each for each in operations}
        self._naming = naming

    def request(self, prepared: "PreparedRequest") -> Request | None:
        """Return a request for the wire; None for one that is not sent, such as a probe of the server."""
        url = urlsplit(prepared.url or "")
        operation = self._called(str(prepared.method), url.path)
        headers = tuple((name, _text(value)) for name, value in prepared.headers.items())
        if operation is None or not all(map(_sendable, headers)):
            return None
        query = tuple(parse_qsl(url.query, keep_blank_values=True, errors="replace"))
        headers = tuple(each for each in headers if each[0].lower() not in _OWN_HEADERS)
        if operation.key_parameter and BEARER in headers:
            headers = tuple(each for each in headers if each != BEARER)
            query = (*query, (operation.key_parameter, KEY))
        headers, body = self._body(operation, headers, prepared.body)
        return Request(operation.method, url.path, query, headers, body, operation.id)

    def _called(self, method: str, path: str) -> Operation | None:
        fitting = (
            each for (own, pattern), each in self._operations.items() if own == method and pattern.fullmatch(path)
        )
        return next(fitting, None)

    def _body(self, operation: Operation, headers: Pairs, body: Any) -> tuple[Pairs, bytes | None]:
        """Return a body with this run's ids, and the same boundary in each run of a seed."""
        data = body.encode() if isinstance(body, str) else body
        if not isinstance(data, bytes):
            return headers, None
        random = _BOUNDARY.match(data)
        if random is None:
            return headers, self._naming.named(operation, data)
        renamed = tuple((name, value.replace(random[1].decode(), BOUNDARY)) for name, value in headers)
        return renamed, _as_file(operation, data.replace(random[1], BOUNDARY.encode()))


def _as_file(operation: Operation, form: bytes) -> bytes:
    """Return a form whose part is a file: Schemathesis leaves out the filename."""
    named = f'name="{operation.body.part if operation.body else ""}"'
    return form.replace(f"{named}\r\n".encode(), f'{named}; filename="{FILE_NAME}"\r\n'.encode())


def response(adapter: "HTTPAdapter", prepared: "PreparedRequest", reply: Reply) -> "Response":
    """Return a reply as Schemathesis expects it."""
    from urllib3 import HTTPHeaderDict, HTTPResponse

    headers = HTTPHeaderDict([(name, value) for name, value in reply.headers if name.lower() not in _DONE_WITH])
    raw = HTTPResponse(
        body=BytesIO(reply.body), headers=headers, status=reply.status, version=11, preload_content=False
    )
    return adapter.build_response(prepared, raw)


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _sendable(header: tuple[str, str]) -> bool:
    return _HEADER_VALUE.fullmatch(header[1]) is not None


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)))
