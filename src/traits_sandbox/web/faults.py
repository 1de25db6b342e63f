"""Faults on the wire: what is planned comes between a request and its answer."""

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
from traits_sandbox.web.app import Act
from traits_sandbox.web.connection import connection_of
from traits_sandbox.web.envelope import EnvelopeResponse
from traits_sandbox.web.faulty_response import FaultyResponse

_HEADER = HEADER.lower().encode()


class FaultGate:
    """Spoils answers as planned, or as the request itself asks."""

    def __init__(self, contract: Contract, clock: Clock, *, seed: int) -> None:
        self.plan = FaultPlan(clock, seed=seed)
        self._contract = contract
        self._seed = seed
        self._collections = {o.id: o.body.collection for o in contract.operations if o.body}

    @property
    def idle(self) -> bool:
        """Tell whether no fault is planned."""
        return self.plan.idle

    async def apply(self, entry: JournalEntry, scope: Scope, act: Act) -> EnvelopeResponse:
        """Return the answer, spoilt if its header or a plan says so; raises BadRequest for a bad header."""
        decision = self._decide(entry)
        if decision is None:
            return await act()
        effect = decision.effect
        if effect.status is not None:
            plain = planned_answer(self._contract, effect)
        else:
            plain = EnvelopeResponse(0, b"") if effect.reset == "before" else await act()
        return FaultyResponse(
            0 if effect.lost else plain.status,
            plain.body,
            plain.headers,
            connection=connection_of(scope),
            decision=decision,
            content_type=_content_type(effect),
        )

    def _decide(self, entry: JournalEntry) -> Decision | None:
        asked = next((value for name, value in entry.headers if name == _HEADER), None)
        if asked is not None:
            entry.fault = "header"
            return self._asked_for(asked.decode(errors="replace"))

        @cache
        def candidates() -> Sequence[Any]:
            return tuple(_candidates(entry.body, self._collections.get(entry.operation, "")))

        entry.fault, decision = self.plan.claim(entry.operation, entry.dashboard, candidates) or ("", None)
        return decision

    def _asked_for(self, text: str) -> Decision | None:
        try:
            fault = read_header(text)
        except FaultError as error:
            violation = Violation(HEADER, Rule.FAULT, f"cannot be read: {error}")
            raise BadRequest((violation,), hint=HEADER_HINT) from None
        window = fault.quota.window if fault.quota else 0.0
        return decide(fault, Turn(1, in_window=1, left=window), seed=self._seed)


def planned_answer(contract: Contract, effect: FaultEffect) -> EnvelopeResponse:
    """Return the answer that a fault has instead of ours: the documented envelope unless it brings a body."""
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
    """Yield what a matcher may match: the parsed body, and each record in it."""
    try:
        parsed = orjson.loads(body or b"")
    except ValueError:
        return
    yield parsed
    records = parsed.get(collection) if isinstance(parsed, dict) else parsed
    if isinstance(records, list):
        yield from records
