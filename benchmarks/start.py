"""P7: the time from the start until the first push is answered, and the time of `--help`."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

from benchmarks.figures import Effort, Figure, Result, Target
from benchmarks.processes import free_port, running, sandbox_command, script, uvicorn_command, wait_for
from benchmarks.rounds import Measure, ratios

Times = tuple[float, float]
"""Seconds on the clock, and processor seconds."""

TakeTimes = Callable[[], Times]


def start(effort: Effort) -> Iterator[Result]:
    """Yield P7: the sandbox compared with bare uvicorn, and --help compared with a Python that does nothing."""
    ours = partial(_until_ready, sandbox_command, 201)
    bare = partial(_until_ready, partial(uvicorn_command, "benchmarks.trivial:app"), 200)
    what = "serve until the first 201 ÷ bare uvicorn until the first 200"
    yield _figure(what, ours, bare, effort.starts, Target(at_most=1.3))
    helping = partial(_until_ended, [script("traits-sandbox"), "--help"])
    nothing = partial(_until_ended, [sys.executable, "-c", "pass"])
    yield _figure("traits-sandbox --help ÷ python -c pass", helping, nothing, effort.starts, Target(at_most=4))


def _figure(what: str, ours: TakeTimes, theirs: TakeTimes, rounds: int, target: Target) -> Figure:
    seen: tuple[list[Times], list[Times]] = ([], [])
    measured = ratios(_noted(ours, seen[0]), _noted(theirs, seen[1]), rounds)
    (mine, my_cost), (other, other_cost) = (
        (median(wall for wall, _ in times) * 1000, median(cost for _, cost in times)) for times in seen
    )
    note = f"{mine:.0f} and {other:.0f} ms; {my_cost / other_cost:.2f} by processor time"
    return Figure("P7", what, measured, target, note)


def _noted(taken: TakeTimes, seen: list[Times]) -> Measure:
    def measure() -> float:
        seen.append(taken())
        return seen[-1][0]

    return measure


def _until_ready(command: Callable[[int], list[str]], status: int) -> Times:
    port, before = free_port(), _of_children()
    begin = time.perf_counter()
    with running(command(port)):
        wait_for(port, status)
        wall = time.perf_counter() - begin
    return wall, _of_children() - before


def _until_ended(command: Sequence[str]) -> Times:
    before, begin = _of_children(), time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begin, _of_children() - before


def _of_children() -> float:
    """Return the processor seconds of all child processes that have ended."""
    import resource  # Windows does not have it.

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
