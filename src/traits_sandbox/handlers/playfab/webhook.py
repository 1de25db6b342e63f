"""The webhook that PlayFab posts its events to: one event, or a list of them.

Every event is acknowledged, and stored raw with the violations of its records.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from traits_sandbox.contract.model import Operation
from traits_sandbox.derive.bodies import BODY, parse
from traits_sandbox.derive.sentences import excerpt
from traits_sandbox.errors import BadRequest, Rule, Violation
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.handlers.intake import Arrival
from traits_sandbox.handlers.playfab.delivery import DAY, REGISTRATION, WEBHOOK_EVENT, Arrived, Delivery, place_of
from traits_sandbox.handlers.playfab.event import EventReader, PlayFabEvent
from traits_sandbox.handlers.playfab.rules import Rules
from traits_sandbox.store.protocol import Store

# Far above any batch of PlayFab: it bounds the memory of one request.
MAX_EVENTS = 10_000


def webhook(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that stores events and their mapped records: a whole delivery or nothing."""
    assert operation.webhook is not None
    reader = EventReader(operation.webhook)
    rules = Rules(backend.contract, operation.webhook)
    store = backend.store
    # If an event is delivered twice at the same time, the second delivery must see what the first one stored.
    one_at_a_time = asyncio.Lock()

    async def handle(call: Call) -> HandlerResult:
        sent = _elements(parse(call.body))
        events = [(index, reader.read(value)) for index, value in enumerate(sent) if isinstance(value, dict)]
        async with one_at_a_time:
            unseen = await _unseen(store, call.dashboard, events)
            arrived = [Arrived(index, event, rules.map(event)) for index, event in unseen]
            delivery = Delivery(backend.intake, call.request_id, await _days(store, call.dashboard, arrived))
            delivery.refused.add(_no_event(i, value) for i, value in enumerate(sent) if not isinstance(value, dict))
            for each in arrived:
                delivery.add(each)
            await store.append(call.dashboard, delivery.batches(Arrival(call.received_at, call.request_id)))
        return HandlerResult(
            records=delivery.records, refused=delivery.refused.kept, refused_count=delivery.refused.count
        )

    return handle


def _elements(body: Any) -> list[Any]:
    """Return the elements of a delivery; raises BadRequest if it is neither an event nor a list."""
    if isinstance(body, dict):
        return [body]
    if not isinstance(body, list):
        message = "must be an event as a JSON object, or a list of events"
        raise BadRequest((Violation(BODY, Rule.TYPE, message, excerpt(body)),))
    if len(body) > MAX_EVENTS:
        message = f"must hold at most {MAX_EVENTS} events, got {len(body)}"
        raise BadRequest((Violation(BODY, Rule.MAX_ITEMS, message),))
    return body


async def _unseen(
    store: Store, dashboard: str, events: Sequence[tuple[int, PlayFabEvent]]
) -> list[tuple[int, PlayFabEvent]]:
    """Return the events that are new in the store and in this delivery; an event without an id is always new."""
    seen = await store.known_keys(dashboard, WEBHOOK_EVENT, {event.id for _, event in events if event.id})
    unseen = []
    for index, event in events:
        if event.id not in seen:
            unseen.append((index, event))
            seen |= {event.id} - {""}
    return unseen


async def _days(store: Store, dashboard: str, arrived: Sequence[Arrived]) -> dict[str, str]:
    """Return the known days of registration of the players whose records need one."""
    days = {each.player: each.mapped.registered for each in arrived if each.mapped and each.mapped.registered}
    for each in arrived:
        if each.wants_registration and each.player not in days:
            found = await store.latest(dashboard, REGISTRATION, each.player)
            days[each.player] = found.value[DAY] if found else ""
    return days


def _no_event(index: int, value: Any) -> Violation:
    return Violation(place_of(index), Rule.TYPE, "must be an object", excerpt(value))
