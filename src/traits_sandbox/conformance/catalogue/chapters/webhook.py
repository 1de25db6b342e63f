"""HOOK: the webhook accepts all events, with the key in the query."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from traits_sandbox.conformance.catalogue.case import Breach, Case, JudgeReply, Talk, accepted, refused
from traits_sandbox.conformance.catalogue.lookups import single
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory
from traits_sandbox.conformance.http.exchange import BEARER, JSON, Pairs
from traits_sandbox.conformance.http.keys import DUMMY, marker
from traits_sandbox.contract.model import Operation, Webhook
from traits_sandbox.json_types import JsonObject

_ANY = "*"


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield, for every webhook, cases that send events, and events without the right key."""
    for operation in made.having("webhook"):
        assert operation.webhook is not None
        yield single(f"HOOK-001.{operation.id}", "send an event", operation, made.documented(operation), accepted)
        yield from _without_its_key(made, operation)
        yield from _events(made, operation, operation.webhook)
        yield from _further(made, operation)


def _without_its_key(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    keys = {"unknown": DUMMY, "empty": ""} | {name: marker(name) for name in made.near_keys}
    queries: dict[str, Pairs] = {name: ((operation.key_parameter, key),) for name, key in keys.items()}
    for name, query in ({"none": ()} | queries).items():
        request = replace(made.documented(operation), query=query)
        title = f"send an event with this key in the query: {name}"
        yield single(f"HOOK-002.{operation.id}.{name}", title, operation, request, refused)


def _events(made: RequestFactory, operation: Operation, webhook: Webhook) -> Iterator[Case]:
    known = {f"event-{rule.event.replace('_', '-')}": rule.event for rule in webhook.events if rule.event != _ANY}
    for name, event in (known | {"unknown": "tsc_unknown_event", "namespaced": "com.example.studio.event"}).items():
        request = made.json(operation, made.event(event), headers=(JSON,))
        yield single(f"HOOK-003.{operation.id}.{name}", f"send an event called {event}", operation, request, accepted)
    bodies: dict[str, tuple[str, JsonObject]] = {
        "no-player": ("send an event without a player", _without(made.event(), webhook, "entity", "entity_type")),
        "no-name": ("send an event without a name", _without(made.event(), webhook, "name")),
        "nested": ("send an event with values of every kind", made.event(**_NESTED)),
    }
    for name, (title, event_body) in bodies.items():
        request = made.json(operation, event_body, headers=(JSON,))
        yield single(f"HOOK-003.{operation.id}.{name}", title, operation, request, accepted)
    title = "deliver an event twice"
    judge = _twice(made, operation, webhook)
    yield Case(f"HOOK-003.{operation.id}.again", title, operation.id, operation.effect, judge, requests=2)


_NESTED: JsonObject = {"tsc_values": {"list": [1, 2.5, None, True, "text"], "object": {"deeper": {}}}}


def _without(event: JsonObject, webhook: Webhook, *words: str) -> JsonObject:
    dropped = {path for word in words for path in webhook.names[word]}
    return {name: value for name, value in event.items() if name not in dropped}


def _twice(made: RequestFactory, operation: Operation, webhook: Webhook) -> JudgeReply:
    # With the run's prefix, the clean-up would take the id for a user.
    event_id = str(UUID(int=made.random("HOOK-003.again").getrandbits(128), version=4))
    event = made.event() | {webhook.names["id"][0]: event_id}
    request = made.json(operation, event, headers=(JSON,))

    async def judge(talk: Talk) -> Breach | None:
        return accepted(await talk.send(request)) or accepted(await talk.send(request))

    return judge


def _further(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    several = made.json(operation, [made.event(), made.event("tsc_unknown_event")], headers=(JSON,))
    yield single(f"HOOK-004.{operation.id}.several", "send a list of events", operation, several, accepted)
    by_header = replace(made.documented(operation), query=(), headers=(BEARER, JSON))
    yield single(f"HOOK-004.{operation.id}.header", "send the key in the header", operation, by_header, accepted)
