"""TLS: the server encrypts calls. Requests without TLS never contain the key."""

from collections.abc import Iterator
from dataclasses import replace

from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk
from traits_sandbox.conformance.catalogue.lookups import with_credential
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import Request
from traits_sandbox.conformance.http.keys import DUMMY
from traits_sandbox.conformance.reasons import ReasonKind, Unanswered


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield cases that call without TLS, check the certificate, and connect with an old TLS."""
    plain = replace(with_credential(made.users(), f"Bearer {DUMMY}"), plain=True, operation="")
    tries = {
        "TLS-001.plain": ("call over plain HTTP", _fails(plain)),
        "TLS-002.certificate": ("connect and verify the certificate", _is_verified(made.users())),
        "TLS-003.old": ("connect with TLS 1.1 at most", _refuses_old_tls),
    }
    for case_id, (title, judge) in tries.items():
        yield Case(case_id, title, "", "read", judge, secured=True)


def _fails(request: Request) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        reply = (await talk.attempt(request)).reply
        if reply is not None and reply.accepted:
            return Breach(str(reply.status), "a refusal, a redirect or no connection, but no success")
        return None

    return judge


def _is_verified(request: Request) -> JudgeReply:
    async def judge(talk: Talk) -> Breach | None:
        exchange = await talk.attempt(request)
        if exchange.problem == "certificate":
            return Breach("a certificate that cannot be verified", "a valid certificate for the host")
        if exchange.reply is None:
            raise Unanswered(ReasonKind.NO_REPLY, problem=exchange.problem, detail=exchange.detail)
        return None

    return judge


async def _refuses_old_tls(talk: Talk) -> Breach | None:
    if await talk.accepts_old_tls():
        return Breach("TLS 1.1 or older is accepted", "a server that requires TLS 1.2 or newer")
    return None
