"""Removes the data that a run has created, and reports what it could not remove."""

from collections.abc import Iterator

from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.client import Wire
from traits_sandbox.conformance.http.safety import Permit
from traits_sandbox.conformance.reasons import OverBudget, Vetoed
from traits_sandbox.conformance.running.runner import RunState
from traits_sandbox.reporting.words import plural

GRACE = 10.0


async def clean_up(wire: Wire, materials: RequestFactory, permit: Permit, tally: RunState) -> tuple[str, ...]:
    """Delete the users of this run, even if its time is over. Return the data that could not be removed."""
    wire.extend(GRACE)
    wire.reserved = 0
    users = sorted(tally.users)
    kept = [user for user in users if not await _removed(wire, materials, user)] if permit.allows("destroy") else users
    return tuple(_left(materials, kept, len(tally.created) - len(users), tally.unnamed))


async def _removed(wire: Wire, materials: RequestFactory, user: str) -> bool:
    try:
        exchange = await wire.send(materials.remove(user))
    except (OverBudget, Vetoed):
        return False
    # 404: the server does not know the user any more, or never stored it.
    return exchange.reply is not None and (exchange.reply.accepted or exchange.reply.status == 404)


def _left(materials: RequestFactory, users: list[str], items: int, unnamed: int) -> Iterator[str]:
    if users:
        shown = ", ".join(users[:5]) + ", ..." * (len(users) > 5)
        yield f"{plural(len(users), 'user')} whose ids begin with {materials.prefix}: {shown}"
    if items:
        yield f"{plural(items, 'item')} whose ids begin with {materials.prefix}: the API has no deletion of items"
    if unnamed:
        yield f"data that {plural(unnamed, 'accepted request')} without an id of this run may have created"
