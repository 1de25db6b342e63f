"""Segments and their personas: their users and their traits."""

import sys
from collections.abc import Callable, Collection
from typing import Any

from traits_sandbox.contract.model import Operation
from traits_sandbox.derive.sentences import excerpt
from traits_sandbox.errors import BadRequest, NotFound, Rule, Violation
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.handlers.traits import TraitModel, persona_of, weighted_mean

_LONGEST_INDEX = 10

PersonaAnswer = Callable[[str, int | None, Collection[str]], Any]


def persona_users(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that lists the users of one persona, or of all, sorted by id."""

    def ids(segment: str, persona: int | None, users: Collection[str]) -> Any:
        members = users if persona is None else (user for user in users if _persona(backend, segment, user) == persona)
        return {operation.roles["ids"]: sorted(members)}

    return _persona_read(operation, backend, ids)


def persona_traits(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that returns the traits of a persona; for all personas, their mean weighted by size."""
    assert operation.response is not None
    model = TraitModel(operation.response.example["data"])

    def traits(segment: str, persona: int | None, users: Collection[str]) -> Any:
        if persona is not None:
            return model.traits(backend.seed, segment, persona)
        sizes = [0] * backend.personas
        for user in users:
            sizes[_persona(backend, segment, user) - 1] += 1
        parts = [model.traits(backend.seed, segment, persona + 1) for persona in range(backend.personas)]
        return weighted_mean(parts, sizes if any(sizes) else [1] * backend.personas)

    return _persona_read(operation, backend, traits)


def _persona_read(operation: Operation, backend: Backend, answer: PersonaAnswer) -> Handler:
    roles = operation.roles

    async def handle(call: Call) -> HandlerResult:
        segment, asked = call.path[roles["segment"]], call.path[roles["persona"]]
        persona = None if asked == roles["all_personas"] else _index(asked, roles)
        if segment != roles["default_segment"]:
            raise NotFound(f"the sandbox has one segment, {roles['default_segment']}")
        if persona is not None and persona > backend.personas:
            raise NotFound(f"the segment has personas 1 to {backend.personas}")
        users = await backend.store.users(call.dashboard)
        return HandlerResult(data=answer(segment, persona, users))

    return handle


def _persona(backend: Backend, segment: str, user: str) -> int:
    return persona_of(user, seed=backend.seed, segment=segment, personas=backend.personas)


def _index(text: str, roles: dict[str, str]) -> int:
    """Return a persona index; raises BadRequest unless it is a whole number from 1."""
    if text.isascii() and text.isdigit() and not text.startswith("0"):
        # An index with this many digits is beyond the last persona.
        return int(text) if len(text) < _LONGEST_INDEX else sys.maxsize
    name = roles["persona"]
    message = f"must be an index starting with 1, or {roles['all_personas']}"
    raise BadRequest((Violation(name, Rule.PERSONA, message, excerpt(text)),))
