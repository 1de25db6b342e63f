"""All cases, made from the contract: each is at most one change away from a valid request."""

from collections.abc import Callable, Iterator

from traits_sandbox.conformance.catalogue.case import Case
from traits_sandbox.conformance.catalogue.chapters import (
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
from traits_sandbox.conformance.catalogue.request_factory import RequestFactory

CaseChapter = Callable[[RequestFactory], Iterator[Case]]

CHAPTERS: tuple[CaseChapter, ...] = (
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


def catalogue(materials: RequestFactory) -> Iterator[Case]:
    """Yield every case, always in the same order."""
    for chapter in CHAPTERS:
        yield from chapter(materials)
