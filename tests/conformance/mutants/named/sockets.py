"""Servers on sockets that are wrong below HTTP's meaning: in their certificates, versions of TLS, framing."""

import ssl
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme

from tests.conformance.kit import PATIENT
from tests.conformance.mutants.facts import sandbox_app
from tests.conformance.mutants.mutant import Host, Hosted, Mutant
from tests.conformance.mutants.named.keys import opened
from tests.conformance.mutants.wrapping import Around, Wrapped, before
from tests.conformance.sockets import both_ways, serving, with_body_always

NAME = "localhost"
# Looked up late, as already the names are warned of.
OLD: dict[str, Callable[[], ssl.TLSVersion]] = {
    "1.1": lambda: ssl.TLSVersion.TLSv1_1,
    "1.0": lambda: ssl.TLSVersion.TLSv1,
}

ON_SOCKETS: dict[str, Any] = {"limits": PATIENT, "in_process": False}


def mutants() -> Iterator[Mutant]:
    yield Mutant("head.with-body", "The reply to HEAD has a body.", ("HTTP-003",), _head_with_body, **ON_SOCKETS)
    yield Mutant("tls.plain-too", "Plain HTTP is answered too, and nobody looks at keys there.", ("TLS-001",),
                 _plain_too(opened(lambda _: True)), **ON_SOCKETS)  # fmt: skip
    yield Mutant("tls.plain-with-key", "Plain HTTP is answered too, with a valid key alone.", ("TLS-001",),
                 _plain_too(before(lambda asked: asked)), **ON_SOCKETS)  # fmt: skip
    certificates: dict[str, tuple[str, Callable[[], Papers]]] = {
        "untrusted": ("The certificate is of an authority that nobody knows.", lambda: Papers(known=False)),
        "other-host": ("The certificate is of another host.", lambda: Papers(host="example.org")),
        "expired": ("The certificate is out of date.", lambda: Papers(until=-timedelta(days=1))),
    }
    for name, (does, papers) in certificates.items():
        yield Mutant(f"tls.{name}", does, ("TLS-002",), _secured(papers), **ON_SOCKETS)
    for label in ("1.1", "1.0"):
        yield Mutant(f"tls.{label}", f"TLS {label} is accepted.", ("TLS-003",), _old(label), **ON_SOCKETS)


@dataclass(frozen=True, slots=True)
class Papers:
    """What a server shows of itself: a certificate for a host until then, of an authority that clients know or not."""

    host: str = NAME
    until: timedelta = timedelta(days=1)
    known: bool = True


@contextmanager
def shown(papers: Papers) -> Iterator[tuple[ssl.SSLContext, str]]:
    """Yield a server's side of TLS, and the file of the authority that its clients trust."""
    issuer, trusted = trustme.CA(), trustme.CA()
    now = datetime.now(UTC)
    leaf = issuer.issue_cert(papers.host, not_before=now - timedelta(days=7), not_after=now + papers.until)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "ca.pem")
        (issuer if papers.known else trusted).cert_pem.write_to_path(str(file))
        yield context, str(file)


@asynccontextmanager
async def _head_with_body() -> AsyncIterator[Hosted]:
    async with serving(sandbox_app(), framing=with_body_always) as port:
        yield Hosted(f"http://127.0.0.1:{port}")


def _secured(papers: Callable[[], Papers], weaken: Callable[[ssl.SSLContext], None] = lambda _: None) -> Host:
    @asynccontextmanager
    async def host() -> AsyncIterator[Hosted]:
        with shown(papers()) as (context, ca_file):
            weaken(context)
            async with serving(sandbox_app(), context=context) as port:
                yield Hosted(f"https://{NAME}:{port}", ca_file=ca_file)

    return host


def _old(version: str) -> Host:
    def weaken(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            # Python warns of what is broken here on purpose.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = OLD[version]()

    return _secured(Papers, weaken)


def _plain_too(around: Around) -> Host:
    @asynccontextmanager
    async def host() -> AsyncIterator[Hosted]:
        app = sandbox_app()
        with shown(Papers()) as (context, ca_file):
            async with (
                serving(app, context=context) as secured,
                serving(Wrapped(app, around)) as plain,
                both_ways(secured, plain) as port,
            ):
                yield Hosted(f"https://{NAME}:{port}", ca_file=ca_file)

    return host
