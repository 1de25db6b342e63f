"""Faults between a request and its response."""

from collections.abc import Iterator, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from starlette.types import Scope

from traits_sandbox.clock import Clock
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.fault_plan import FaultPlan
from traits_sandbox.control.fault_reading import HEADER, HEADER_HINT, FaultError, read_header
from traits_sandbox.control.faults import Decision, FaultEffect, Turn, decide
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.derive.messages import error_message
from traits_sandbox.errors import BadRequest, Rule, Violation
from traits_sandbox.web.connection import connection_of
from traits_sandbox.web.envelope import EnvelopeResponse
from traits_sandbox.web.faulty_response import FaultyResponse


class FaultGate:
    """Decides which requests get a fault, from the plan or from their own fault header, and applies it."""

    def __init__(self, contract: Contract, clock: Clock, *, seed: int) -> None:
        self.plan = FaultPlan(clock, seed=seed)
        self._contract = contract
        self._seed = seed
        self._collections = {o.id: o.body.collection for o in contract.operations if o.body}

    def decide(self, entry: JournalEntry, asked: bytes | None) -> Decision | None:
        """Return the fault of a request, or None; `asked` is the value of its own fault header.

        Raises:
            BadRequest: the header cannot be read.

        """
        if asked is not None:
            entry.fault = "header"
            return self._asked_for(asked.decode(errors="replace"))
        if self.plan.idle:
            return None

        @cache
        def candidates() -> Sequence[Any]:
            return tuple(_candidates(entry.body, self._collections.get(entry.operation, "")))

        entry.fault, decision = self.plan.claim(entry.operation, entry.dashboard, candidates) or ("", None)
        return decision

    def replacement(self, decision: Decision) -> EnvelopeResponse | None:
        """Return the response that a fault has in place of the handler's, or None where the handler acts."""
        if decision.effect.status is not None:
            return planned_response(self._contract, decision.effect)
        return EnvelopeResponse(0, b"") if decision.effect.reset == "before" else None

    def apply(self, decision: Decision, response: EnvelopeResponse, scope: Scope) -> FaultyResponse:
        """Return a response that is sent as the fault demands; with status 0 nothing is sent."""
        effect = decision.effect
        return FaultyResponse(
            0 if effect.lost else response.status,
            response.body,
            response.headers,
            connection=connection_of(scope),
            decision=decision,
            content_type=_content_type(effect),
        )

    def _asked_for(self, text: str) -> Decision | None:
        try:
            fault = read_header(text)
        except FaultError as error:
            violation = Violation(HEADER, Rule.FAULT, f"cannot be read: {error}")
            raise BadRequest((violation,), hint=HEADER_HINT) from None
        window = fault.quota.window if fault.quota else 0.0
        return decide(fault, Turn(1, in_window=1, left=window), seed=self._seed)


def planned_response(contract: Contract, effect: FaultEffect) -> EnvelopeResponse:
    """Return the response that a fault has in place of ours: the documented envelope, unless it has a body."""
    assert effect.status is not None
    headers = () if effect.retry_after is None else ((b"retry-after", b"%d" % effect.retry_after),)
    if effect.status in (204, 205, 304):
        return EnvelopeResponse(effect.status, b"", headers)
    if isinstance(effect.body, str):
        return EnvelopeResponse(effect.status, effect.body.encode(errors="replace"), headers)
    body = {"code": effect.status, "message": _message(contract, effect.status)} if effect.body is None else effect.body
    return EnvelopeResponse(effect.status, orjson.dumps(body), headers)


def _message(contract: Contract, status: int) -> str:
    known = status in HTTPStatus.__members__.values()
    return error_message(contract, status) if known else "no reason is known"


def _content_type(effect: FaultEffect) -> str | None:
    return effect.content_type or ("text/plain; charset=utf-8" if isinstance(effect.body, str) else None)


def _candidates(body: bytes | None, collection: str) -> Iterator[Any]:
    """Yield the values that a matcher may match: the parsed body, and each record in it."""
    try:
        parsed = orjson.loads(body or b"")
    except ValueError:
        return
    yield parsed
    records = parsed.get(collection) if isinstance(parsed, dict) else parsed
    if isinstance(records, list):
        yield from records
