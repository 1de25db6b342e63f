"""Requests that are refused before they reach the app: why, and what is known about them."""

from enum import StrEnum
from typing import Final

import msgspec

from traits_sandbox.control.journal_entry import Headers

# The limit of other servers, and far more than a client of this API sends.
MAX_HEAD: Final = 64 * 2**10

_LONGEST: Final = 1000
_MOST_HEADERS: Final = 20


class RefusalReason(StrEnum):
    """Why a request never reached the app."""

    TLS_TO_HTTP = "tls-to-http"
    HTTP_TO_TLS = "http-to-tls"
    NOT_TLS = "not-tls"
    CERTIFICATE_REFUSED = "certificate-refused"
    HANDSHAKE_FAILED = "handshake-failed"
    HTTP_2 = "http-2"
    METHOD = "method"
    TARGET = "target"
    MALFORMED = "malformed"
    TRANSFER_ENCODING = "transfer-encoding"
    HEAD_SIZE = "head-size"
    FRAMING_SIZE = "framing-size"
    TOO_SLOW = "too-slow"
    STOPPED = "stopped"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    FOREIGN_HOST = "foreign-host"

    @property
    def sentence(self) -> str:
        """Return the reason as a sentence with the next step."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    RefusalReason.TLS_TO_HTTP: (
        "the client began TLS, but this port serves plain HTTP: use http:// or start the sandbox with --tls"
    ),
    RefusalReason.HTTP_TO_TLS: "the client sent plain HTTP, but this port serves HTTPS: use https://",
    RefusalReason.NOT_TLS: "the client sent neither TLS nor HTTP, but this port serves HTTPS",
    RefusalReason.CERTIFICATE_REFUSED: (
        "the client refused the certificate of the sandbox: let it trust the CA certificate of the sandbox, "
        "and use a host name that the certificate has"
    ),
    RefusalReason.HANDSHAKE_FAILED: "the TLS handshake failed: the client and the sandbox share no version or cipher",
    RefusalReason.HTTP_2: "the client began HTTP/2, but the sandbox serves HTTP/1.1 only: let the client use HTTP/1.1",
    RefusalReason.METHOD: (
        "the request does not begin with an HTTP method: the client may speak another protocol than HTTP"
    ),
    RefusalReason.TARGET: "the path or query of the request is not valid: percent-encode spaces and special characters",
    RefusalReason.MALFORMED: "the request is not valid HTTP/1.1",
    RefusalReason.TRANSFER_ENCODING: "the only supported Transfer-Encoding is chunked",
    RefusalReason.HEAD_SIZE: f"the head of a request must be at most {MAX_HEAD // 2**10} KiB",
    RefusalReason.FRAMING_SIZE: "the body has far more chunk sizes, extensions or trailers than content",
    RefusalReason.TOO_SLOW: (
        "the request did not arrive within the receive timeout, so its connection was cut off (--receive-timeout)"
    ),
    RefusalReason.STOPPED: "the sandbox stopped before the request was complete",
    RefusalReason.TOO_MANY_CONNECTIONS: "too many connections are open at once: close some, or reuse them",
    RefusalReason.FOREIGN_HOST: "the name in the Host header is not served: start the sandbox with --allow-host",
}


class RefusedRequest(msgspec.Struct, frozen=True):
    """A request that never reached the app, as far as it is known.

    `status` is 0 if nothing was answered, `seconds` the time since it began.
    """

    reason: RefusalReason
    status: int = 0
    method: str = ""
    path: str = ""
    query: str = ""
    headers: Headers = []
    seconds: float = 0.0

    def __post_init__(self) -> None:
        """Leave out texts that are too long to be kept: a part of one could show a part of a key."""
        fields = msgspec.structs.force_setattr
        fields(self, "path", self.path if len(self.path) <= _LONGEST else "")
        fields(self, "query", self.query if len(self.query) <= _LONGEST else "")
        fields(self, "headers", [each for each in self.headers[:_MOST_HEADERS] if len(b"".join(each)) <= _LONGEST])
