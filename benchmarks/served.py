"""P4: requests a second over loopback, the server on one core and the load on another."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.bodies import body, push
from benchmarks.figures import Bar, Effort, Figure, Result, Skipped
from benchmarks.processes import (
    KEY,
    SANDBOX,
    WITHOUT_JOURNAL,
    free_port,
    pinned,
    processor_seconds,
    running,
    sandbox_command,
    uvicorn_command,
    wait_for,
)
from benchmarks.rounds import ratios

Command = Callable[[int], list[str]]
"""Takes a port and returns the command that serves on it."""

SCRIPT = Path(__file__).with_name("push.lua")


@dataclass(frozen=True, slots=True)
class Case:
    """What a figure's requests are like. `memory` has room for all of them, unless room is what it is about."""

    records: int
    connections: int
    bar: Bar | None = None
    memory: str = "8GiB"
    remark: str = ""

    @property
    def what(self) -> str:
        """Return the case in words."""
        records, connections = (
            f"{number} {noun}{'s'[: number != 1]}"
            for number, noun in ((self.records, "record"), (self.connections, "connection"))
        )
        return f"served ÷ LIMIT, requests/s, {records}, {connections}{self.remark}"


CASES = (
    Case(1, 8, Bar(at_least=0.5)),
    Case(100, 8, Bar(at_least=0.5)),
    Case(1000, 8, Bar(at_least=0.5)),
    Case(1, 1, Bar(at_least=0.65)),
    Case(1000, 8, memory="64MiB", remark=", memory full"),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and what each second of load has shown: requests a second, and processor time for each."""

    pid: int
    port: int
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def load(self, raw: Path, connections: int) -> float:
        """Load the server for a second with one body; return the requests a second."""
        url = f"http://127.0.0.1:{self.port}{push().path}"
        wrk = ["wrk", "-t1", f"-c{connections}", "-d1s", "-s", str(SCRIPT), url, "--", str(raw), KEY]
        before = processor_seconds(self.pid)
        told = subprocess.run(pinned(_cores()[-1], wrk), capture_output=True, text=True, check=True).stdout
        spent = processor_seconds(self.pid) - before
        rate, requests, failed = (float(number) for number in told.partition("RESULT ")[2].split())
        if failed or not requests:
            raise RuntimeError(f"{failed:.0f} requests failed, {requests:.0f} were answered:\n{told}")
        self.rates.append(rate)
        self.costs.append(spent / requests)
        return rate

    def cost(self, raw: Path, case: Case) -> float:
        """Load the server for a second; return the processor seconds a request took."""
        self.load(raw, case.connections)
        return self.costs[-1]


def served(effort: Effort) -> Iterator[Result]:
    """Yield P4: our requests a second over those of LIMIT."""
    if reason := _obstacle():
        yield Skipped("P4", reason)
        return
    for case in CASES:
        limit = partial(uvicorn_command, "benchmarks.limit:app")
        with _body(case) as raw, _pair(_sandbox(case), limit) as (ours, theirs):
            yield _figure(effort, case, raw, ours, theirs)
    yield _journal(effort)


def _journal(effort: Effort) -> Figure:
    """Return what the journal adds to the processor time of the smallest push, where it weighs most."""
    case = Case(1, 8)
    with _body(case) as raw, _pair(_sandbox(case), _sandbox(case, WITHOUT_JOURNAL)) as (ours, bare):
        rounds = ratios(lambda: ours.cost(raw, case), lambda: bare.cost(raw, case), effort.loads)
    what = "processor time with the request journal ÷ without, 1 record, 8 connections"
    return Figure("P4", what, rounds, Bar(at_most=1.1))


def _figure(effort: Effort, case: Case, raw: Path, ours: Server, limit: Server) -> Figure:
    rounds = ratios(lambda: ours.load(raw, case.connections), lambda: limit.load(raw, case.connections), effort.loads)
    rates = f"{median(ours.rates):,.0f} and {median(limit.rates):,.0f} requests/s"
    return Figure("P4", case.what, rounds, case.bar, f"{rates}; {_by_processor(ours, limit):.2f} by processor time")


def _by_processor(ours: Server, limit: Server) -> float:
    """Return the ratio as it would be if nobody else were at work on the server's core."""
    return median(limit.costs) / median(ours.costs)


@contextmanager
def _body(case: Case) -> Iterator[Path]:
    """Write the body of a case's requests to a file for wrk."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body(case.records))
        file.flush()
        yield Path(file.name)


def _sandbox(case: Case, program: Sequence[str] = SANDBOX) -> Command:
    return lambda port: sandbox_command(port, "--max-memory", case.memory, program=program)


@contextmanager
def _pair(ours: Command, theirs: Command) -> Iterator[tuple[Server, Server]]:
    """Run two servers on the first core, each on a port of its own."""
    ports, core = (free_port(), free_port()), _cores()[0]
    with (
        running(pinned(core, ours(ports[0]))) as first,
        running(pinned(core, theirs(ports[1]))) as second,
    ):
        for port in ports:
            wait_for(port, 201)
        yield Server(first, ports[0]), Server(second, ports[1])


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def _obstacle() -> str:
    """Return why this cannot run here; wrk is installed where that is ours to do."""
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        return "it needs Linux and taskset"
    if len(_cores()) < 2:
        return "it needs two cores"
    if shutil.which("wrk") is None and not _install_wrk():
        return "wrk is missing (Debian: apt-get install wrk)"
    return ""


def _install_wrk() -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"]
    subprocess.run(command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, check=False)
    return shutil.which("wrk") is not None
