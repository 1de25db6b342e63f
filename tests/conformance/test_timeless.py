"""The event loop in which waiting takes no time."""

import asyncio
import time

import pytest

from tests.conformance.timeless import Stuck, run


def test_sleeping_takes_no_time_and_ends_in_order() -> None:
    woken: list[int] = []

    async def sleep(seconds: int) -> None:
        await asyncio.sleep(seconds)
        woken.append(seconds)

    async def passed() -> float:
        await asyncio.gather(*map(sleep, (86400, 3600, 60)))
        return asyncio.get_running_loop().time()

    assert run(passed()) == 86400
    assert woken == [60, 3600, 86400]


def test_what_is_being_done_is_never_late() -> None:
    async def toil() -> None:
        async with asyncio.timeout(0.001):
            for _ in range(5):
                time.sleep(0.002)  # noqa: ASYNC251 - work that takes its time
                await asyncio.sleep(0)

    run(toil())


def test_what_never_comes_is_late() -> None:
    async def wait() -> None:
        async with asyncio.timeout(600):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(wait())


def test_waiting_for_what_cannot_happen_is_an_error() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run(wait())
