"""Waiting until enough of something is there: woken by arrivals, looking at what is new alone."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from traits_sandbox.control.arrivals import Arrivals

T_co = TypeVar("T_co", covariant=True)


class Search(Protocol[T_co]):
    """Finds what matches in a collection that grows."""

    def all(self) -> Awaitable[Sequence[T_co]]:
        """Return all that match now."""

    def fresh(self) -> Awaitable[int]:
        """Return how many of those that came since the last call of either method match."""


async def wait_for(search: Search[T_co], arrivals: Arrivals, *, count: int, within: float) -> Sequence[T_co]:
    """Return all that match as soon as there are `count` of them, else what there is after `within` seconds."""
    found: Sequence[T_co] = ()
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while len(found) < count:
                seen = arrivals.count
                found = await search.all()
                hoped = len(found)
                # What matched may be deleted meanwhile, so enough of it is a reason to look again, not an answer.
                while hoped < count:
                    await arrivals.after(seen)
                    seen = arrivals.count
                    hoped += await search.fresh()
            return found
    return await search.all()
