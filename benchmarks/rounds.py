"""Measures two things in turn. Machines are noisy, so only measurements of the same run are compared."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Measure = Callable[[], float]
"""Takes one measurement: seconds, requests per second, or another value to compare."""


def ratios(ours: Measure, theirs: Measure, rounds: int) -> tuple[float, ...]:
    """Return ours / theirs for each round; the order alternates. A first round is not counted."""
    ours(), theirs()
    return tuple(_round(ours, theirs, ours_first=bool(number % 2)) for number in range(rounds))


def _round(ours: Measure, theirs: Measure, *, ours_first: bool) -> float:
    if ours_first:
        mine, other = ours(), theirs()
    else:
        other, mine = theirs(), ours()
    return mine / other


def best_time(action: Callable[[], object], tries: int, calls: int = 1) -> Measure:
    """Return a measurement of the processor seconds of one call: the least of some tries of some calls.

    The time on the clock would include the work of other processes.
    """

    def measure() -> float:
        with no_collections():
            return min(_seconds(action, calls) for _ in range(tries)) / calls

    return measure


@contextmanager
def no_collections() -> Iterator[None]:
    """Collect garbage before the body, and turn the collector off in it."""
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
