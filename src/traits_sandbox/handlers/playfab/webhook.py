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
from traits_sandbox.handlers.playfab.delivery import DAY, REGISTRATION, WEBHOOK_EVENT, Arrived, Delivery
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
            unseen, repeated = await _sorted(store, call, events)
            arrived = [Arrived(index, event, rules.map(event)) for index, event in unseen]
            delivery = Delivery(backend.intake, call.request_id, await _days(store, call.dashboard, arrived))
            for index, value in enumerate(sent):
                if not isinstance(value, dict):
                    delivery.refuse(index, reader.redacted(value))
            for index, event, request_id in repeated:
                delivery.repeat(index, event, request_id)
            for each in arrived:
                delivery.add(each)
            await store.append(call.dashboard, delivery.batches(Arrival(call.received_at, call.request_id)))
        return delivery.result()

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


async def _sorted(
    store: Store, call: Call, events: Sequence[tuple[int, PlayFabEvent]]
) -> tuple[list[tuple[int, PlayFabEvent]], list[tuple[int, PlayFabEvent, str]]]:
    """Return the events that are new in the store and in this delivery, and the others with the first one's request.

    An event without an id is always new.
    """
    ids = {event.id for _, event in events if event.id}
    first = {**await store.known_keys(call.dashboard, WEBHOOK_EVENT, ids)}
    unseen, repeated = [], []
    for index, event in events:
        if event.id in first:
            repeated.append((index, event, first[event.id]))
        else:
            unseen.append((index, event))
            if event.id:
                first[event.id] = call.request_id
    return unseen, repeated


async def _days(store: Store, dashboard: str, arrived: Sequence[Arrived]) -> dict[str, str]:
    """Return the known days of registration of the players whose records need one."""
    days = {each.player: each.mapped.registered for each in arrived if each.mapped and each.mapped.registered}
    for each in arrived:
        if each.wants_registration and each.player not in days:
            found = await store.latest(dashboard, REGISTRATION, each.player)
            days[each.player] = found.value[DAY] if found else ""
    return days
