"""Servers that do not take events as they come."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.conformance.mutants.facts import KEY, the
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.wrapping import Answered, Asked, Inner, answer, before, both, refusing


def mutants() -> Iterator[Mutant]:
    yield from _of_keys()
    yield from _of_events()


def hooked(asked: Asked) -> bool:
    return asked.behaviour == "webhook"


def event_of(asked: Asked) -> dict[str, Any]:
    value = asked.json() if hooked(asked) else None
    return value if isinstance(value, dict) else {}


def _of_keys() -> Iterator[Mutant]:
    name = the("webhook").key_parameter

    def header_alone(asked: Asked) -> Asked:
        return asked.changed(query_string=b"") if hooked(asked) else asked

    def query_alone(asked: Asked) -> Asked:
        return asked.without_header("authorization") if hooked(asked) else asked

    def any_value(asked: Asked) -> Asked:
        return asked.with_query(**{name: KEY}) if hooked(asked) and asked.query.get(name) else asked

    def empty_value(asked: Asked) -> Asked:
        return asked.with_query(**{name: KEY}) if hooked(asked) and asked.query.get(name, "x") == "" else asked

    yield broken_by("hook.key-in-header-alone", "The webhook does not look for its key in the query.", "HOOK-001",
                 before(header_alone))  # fmt: skip
    yield broken_by("hook.key-in-query-alone", "The webhook does not look for its key in the header.", "HOOK-004",
                 before(query_alone))  # fmt: skip
    yield broken_by("hook.any-key", "The webhook takes any value for its key.", "HOOK-002", before(any_value))
    yield broken_by("hook.empty-key", "The webhook takes an empty value for its key.", "HOOK-002", before(empty_value))


class OnceOnly:
    """Refuses an event that came before."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    async def __call__(self, asked: Asked, inner: Inner) -> Answered:
        if not hooked(asked):
            return await inner(asked)
        if asked.body in self._seen:
            return answer(409, message="known")
        reply = await inner(asked)
        if reply.accepted:
            self._seen.add(asked.body)
        return reply


def _of_events() -> Iterator[Mutant]:
    webhook = the("webhook").webhook
    assert webhook is not None
    known = {rule.event for rule in webhook.events}
    name, entity, kind = (webhook.names[each][0] for each in ("name", "entity", "entity_type"))

    refused: dict[str, tuple[str, str, Callable[[Asked], object]]] = {
        "any-event": ("The webhook refuses events.", "HOOK-001", lambda a: event_of(a)),
        "unknown-event": (
            "The webhook refuses an event that it does not know.",
            "HOOK-003",
            lambda a: event_of(a) and event_of(a).get(name) not in known,
        ),
        "no-player": (
            "The webhook refuses an event that is about no player.",
            "HOOK-003",
            lambda a: (
                event_of(a) and (not event_of(a).get(entity) or event_of(a).get(kind) not in webhook.player_types)
            ),
        ),
        "several": ("The webhook refuses several events at once.", "HOOK-004", _is_list),
    }
    for label, (does, kills, bad) in refused.items():
        yield broken_by(f"hook.refuses-{label}", does, kills, refusing(both(hooked, bad)))
    yield broken_by("hook.once-only", "The webhook refuses an event that came before.", "HOOK-003", OnceOnly)


def _is_list(asked: Asked) -> bool:
    return isinstance(asked.json(), list)
