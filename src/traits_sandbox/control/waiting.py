"""Waits for enough matches: woken by arrivals, it searches only what is new."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from traits_sandbox.control.arrivals import Arrivals

T_co = TypeVar("T_co", covariant=True)


class Search(Protocol[T_co]):
    """A search in a growing collection."""

    def all(self) -> Awaitable[Sequence[T_co]]:
        """Return all current matches."""

    def fresh(self) -> Awaitable[int]:
        """Return the number of matches that arrived since the last call of either method."""


async def wait_for(search: Search[T_co], arrivals: Arrivals, *, count: int, within: float) -> Sequence[T_co]:
    """Return all matches as soon as there are `count` of them, or those after `within` seconds."""
    found: Sequence[T_co] = ()
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            while len(found) < count:
                seen = arrivals.count
                found = await search.all()
                hoped = len(found)
                # Matches can be deleted meanwhile, so enough of them is a reason to search again, not a result.
                while hoped < count:
                    await arrivals.after(seen)
                    seen = arrivals.count
                    hoped += await search.fresh()
            return found
    return await search.all()
