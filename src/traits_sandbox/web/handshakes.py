"""TLS handshakes that report why they fail, and answer a client that sends plain HTTP.

TLS and plain HTTP differ in the first byte of a connection. An event loop makes no protocol of ours before a handshake
has succeeded, so the TLS object itself has to look.
"""

import ssl
from collections.abc import Callable
from typing import Any, Final

from traits_sandbox.web.early_refusals import RefusalReason, RefusedRequest
from traits_sandbox.web.protocol import TLS_HANDSHAKE, ReportRefused

_TEXT: Final = RefusalReason.HTTP_TO_TLS.sentence.encode("ascii")
_PLAIN_REPLY: Final = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
    b"sandbox-hint: %b\r\nconnection: close\r\n\r\n%b"
) % (len(_TEXT), _TEXT, _TEXT)

# OpenSSL's names of the alerts by which a client refuses a certificate.
_CERTIFICATE_ALERTS: Final = frozenset(
    {
        "TLSV1_ALERT_UNKNOWN_CA",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSL/TLS_ALERT_BAD_CERTIFICATE",
        "SSL/TLS_ALERT_CERTIFICATE_UNKNOWN",
        "SSL/TLS_ALERT_CERTIFICATE_EXPIRED",
        "SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE",
    }
)


class WatchedHandshake(ssl.SSLObject):
    """A TLS connection over memory whose failed handshake is reported once."""

    report: ReportRefused
    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    _looked = False
    _plain = False

    def do_handshake(self) -> None:
        """Continue the handshake; raises ssl.SSLError if it fails."""
        if not self._looked and self.incoming.pending:
            self._looked = True
            self._look()
        if self._plain:
            self.incoming.read()
            raise ssl.SSLWantReadError
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            self._fail(error)
            raise

    def _look(self) -> None:
        """Look at the first bytes: to plain HTTP, answer in plain HTTP, and wait until the client disconnects."""
        begin = self.incoming.read()
        self.incoming.write(begin)
        self._is_tls = begin[0] == TLS_HANDSHAKE
        if begin[:1].isupper():
            self._plain = True
            self.outgoing.write(_PLAIN_REPLY)
            self.report(RefusedRequest(RefusalReason.HTTP_TO_TLS, 400))

    def _fail(self, error: ssl.SSLError) -> None:
        if not self._looked:  # the client disconnected before it sent anything
            return
        if not self._is_tls:
            reason = RefusalReason.NOT_TLS
        elif error.reason in _CERTIFICATE_ALERTS:
            reason = RefusalReason.CERTIFICATE_REFUSED
        else:
            reason = RefusalReason.HANDSHAKE_FAILED
        self.report(RefusedRequest(reason))


class WatchedContext(ssl.SSLContext):
    """A server's TLS settings, whose connections report failed handshakes."""

    report: ReportRefused
    sslobject_class = WatchedHandshake

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *options: Any, **named: Any) -> ssl.SSLObject:
        """Return a new connection over two pieces of memory."""
        handshake = super().wrap_bio(incoming, outgoing, *options, **named)
        assert isinstance(handshake, WatchedHandshake)
        handshake.report, handshake.incoming, handshake.outgoing = self.report, incoming, outgoing
        return handshake


def watched(config: Any, _default: Callable[[], ssl.SSLContext], *, report: ReportRefused) -> ssl.SSLContext:
    """Return the TLS settings of a uvicorn configuration, with a report of failed handshakes."""
    context = WatchedContext(ssl.PROTOCOL_TLS_SERVER)
    context.report = report
    context.load_cert_chain(config.ssl_certfile, config.ssl_keyfile)
    return context
