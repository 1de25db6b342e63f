"""All cases, made from the contract: each one fault at most away from a valid request."""

from collections.abc import Callable, Iterator

from traits_sandbox.conformance.case import Case
from traits_sandbox.conformance.catalogue import (
    atomicity,
    authentication,
    bodies,
    deletion,
    fields,
    limits,
    methods,
    operations,
    personas,
    repetition,
    replies,
    state,
    timestamps,
    transport,
    uploads,
    webhook,
)
from traits_sandbox.conformance.materials import Materials

Chapter = Callable[[Materials], Iterator[Case]]

CHAPTERS: tuple[Chapter, ...] = (
    operations.cases,
    limits.cases,
    fields.cases,
    timestamps.cases,
    bodies.cases,
    atomicity.cases,
    authentication.cases,
    transport.cases,
    replies.cases,
    uploads.cases,
    webhook.cases,
    state.cases,
    personas.cases,
    deletion.cases,
    repetition.cases,
    methods.cases,
)


def catalogue(materials: Materials) -> Iterator[Case]:
    """Yield every case, in an order that is always the same."""
    for chapter in CHAPTERS:
        yield from chapter(materials)
