"""P6: pauses by the garbage collector, and the memory of stored records and of an idle server."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.figures import Effort, Figure, Result, Skipped, Target
from benchmarks.processes import (
    ROOT,
    free_port,
    resident_bytes,
    running,
    sandbox_command,
    uvicorn_command,
    wait_for,
)
from benchmarks.rounds import ratios

MIB = 2**20


def memory(effort: Effort) -> Iterator[Result]:
    """Yield P6: the slowest batch, the memory of stored records, the memory of an idle server."""
    if not Path("/proc/self/statm").exists():
        yield Skipped("P6", "it needs Linux's /proc")
        return
    yield from _filled(effort)
    ours = partial(_idle, sandbox_command, 201)
    bare = partial(_idle, partial(uvicorn_command, "benchmarks.trivial:app"), 200)
    note = f"{ours() / MIB:.0f} and {bare() / MIB:.0f} MiB"
    yield Figure("P6", "idle serve ÷ bare uvicorn, RSS", ratios(ours, bare, 3), Target(at_most=1.5), note)


def _filled(effort: Effort) -> Iterator[Figure]:
    runs = [_fill(effort.batches) for _ in range(effort.fills)]
    records = f"{effort.batches * 1000:,} records"
    worst = tuple(run["worst"] / run["mean"] for run in runs)
    times = ", ".join(f"{run['worst'] * 1000:.1f} of {run['mean'] * 1000:.2f}" for run in runs)
    yield Figure("P6", f"worst ÷ mean batch, {records}", worst, Target(at_most=10), f"{times} ms")
    stored = tuple(run["grown"] / run["wire"] for run in runs)
    each = runs[0]["grown"] / effort.batches / 1000
    yield Figure(
        "P6", f"stored RSS ÷ wire bytes, {records}", stored, Target(at_most=1.35), f"{each:.0f} bytes a record"
    )


def _fill(batches: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.million", str(batches)]
    printed: dict[str, float] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return printed


def _idle(command: Callable[[int], list[str]], status: int) -> float:
    """Return the resident memory of a server that has answered one request, in bytes."""
    port = free_port()
    with running(command(port)) as pid:
        wait_for(port, status)
        return resident_bytes(pid)
