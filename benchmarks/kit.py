"""P10: the duration of a conformance run against the sandbox over loopback, and its sent and planned requests."""

import time
from collections.abc import Iterator

from benchmarks.figures import Effort, Figure, Result, Target
from benchmarks.processes import KEY, free_port, running, sandbox_command, wait_for
from traits_sandbox.conformance import Options, Report, run_conformance


def kit(effort: Effort) -> Iterator[Result]:
    """Yield P10: the seconds of a whole run with the core profile, and the ratio of sent to planned requests."""
    port = free_port()
    with running(sandbox_command(port)):
        wait_for(port, 201)
        runs = [_run(port, seed) for seed in range(effort.fills)]
    seconds, reports = tuple(taken for taken, _ in runs), [report for _, report in runs]
    note = f"{reports[0].sent} requests, {len(reports[0].judged)} requirements, {reports[0].verdict}"
    yield Figure("P10", "the whole core catalogue against `serve`, seconds", seconds, Target(at_most=15), note)
    yield Figure(
        "P10", "requests sent ÷ planned", tuple(each.sent / each.planned for each in reports), Target(at_most=1)
    )


def _run(port: int, seed: int) -> tuple[float, Report]:
    begin = time.perf_counter()
    report = run_conformance(f"http://127.0.0.1:{port}", KEY, Options(profile="core", seed=seed))
    return time.perf_counter() - begin, report
