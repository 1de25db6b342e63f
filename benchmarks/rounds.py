"""Two contestants in turns. The machine is noisy, so only what is measured side by side is compared."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Measure = Callable[[], float]
"""Takes one measurement: seconds, requests a second, whatever is compared."""


def ratios(ours: Measure, theirs: Measure, rounds: int) -> tuple[float, ...]:
    """Return ours / theirs of every round; who goes first alternates. One round before them is not counted."""
    ours(), theirs()
    return tuple(_round(ours, theirs, ours_first=bool(number % 2)) for number in range(rounds))


def _round(ours: Measure, theirs: Measure, *, ours_first: bool) -> float:
    if ours_first:
        mine, other = ours(), theirs()
    else:
        other, mine = theirs(), ours()
    return mine / other


def best_time(action: Callable[[], object], tries: int, calls: int = 1) -> Measure:
    """Return a measure of the processor seconds a call takes, the least of several tries of several calls each.

    The processor's time, as others may be at work on the machine.
    """

    def measure() -> float:
        with no_collections():
            return min(_seconds(action, calls) for _ in range(tries)) / calls

    return measure


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the garbage collector from running within, and have it run before."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _seconds(action: Callable[[], object], calls: int) -> float:
    begin = time.thread_time()
    for _ in range(calls):
        action()
    return time.thread_time() - begin
