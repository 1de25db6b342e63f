"""All cases, made from the contract: each one fault at most away from a valid request."""

from collections.abc import Callable, Iterator

from traits_sandbox.conformance.case import Case
from traits_sandbox.conformance.catalogue import operations
from traits_sandbox.conformance.materials import Materials

Chapter = Callable[[Materials], Iterator[Case]]

CHAPTERS: tuple[Chapter, ...] = (operations.cases,)


def catalogue(materials: Materials) -> Iterator[Case]:
    """Yield every case, in an order that is always the same."""
    for chapter in CHAPTERS:
        yield from chapter(materials)
