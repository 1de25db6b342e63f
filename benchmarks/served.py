"""P4: requests per second over loopback; the server runs on one core, and the load on another."""

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
from benchmarks.figures import Effort, Figure, Result, Skipped, Target
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
    """The requests of one figure. `memory` has room for all records, except in the case of a full memory."""

    records: int
    connections: int
    target: Target | None = None
    memory: str = "8GiB"
    remark: str = ""

    @property
    def what(self) -> str:
        """Return a description of the case."""
        records, connections = (
            f"{number} {noun}{'s'[: number != 1]}"
            for number, noun in ((self.records, "record"), (self.connections, "connection"))
        )
        return f"served ÷ LIMIT, requests/s, {records}, {connections}{self.remark}"


CASES = (
    Case(1, 8, Target(at_least=0.5)),
    Case(100, 8, Target(at_least=0.5)),
    Case(1000, 8, Target(at_least=0.5)),
    Case(1, 1, Target(at_least=0.65)),
    Case(1000, 8, memory="64MiB", remark=", memory full"),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and the measurements of each second of load.

    `rates` are requests per second, `costs` processor seconds per request.
    """

    pid: int
    port: int
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def load(self, raw: Path, connections: int) -> float:
        """Send one body to the server for a second; return the requests per second."""
        url = f"http://127.0.0.1:{self.port}{push().path}"
        wrk = ["wrk", "-t1", f"-c{connections}", "-d1s", "-s", str(SCRIPT), url, "--", str(raw), KEY]
        before = processor_seconds(self.pid)
        printed = subprocess.run(pinned(_cores()[-1], wrk), capture_output=True, text=True, check=True).stdout
        spent = processor_seconds(self.pid) - before
        rate, requests, failed = (float(number) for number in printed.partition("RESULT ")[2].split())
        if failed or not requests:
            raise RuntimeError(f"{failed:.0f} requests failed, {requests:.0f} were answered:\n{printed}")
        self.rates.append(rate)
        self.costs.append(spent / requests)
        return rate

    def cost(self, raw: Path, case: Case) -> float:
        """Send requests to the server for a second; return the processor seconds per request."""
        self.load(raw, case.connections)
        return self.costs[-1]


def served(effort: Effort) -> Iterator[Result]:
    """Yield P4: the ratio of our requests per second to those of LIMIT."""
    if reason := _obstacle():
        yield Skipped("P4", reason)
        return
    for case in CASES:
        limit = partial(uvicorn_command, "benchmarks.limit:app")
        with _body(case) as raw, _pair(_sandbox(case), limit) as (ours, theirs):
            yield _figure(effort, case, raw, ours, theirs)
    yield _journal(effort)


def _journal(effort: Effort) -> Figure:
    """Return the cost of the journal for the smallest push, for which it is relatively largest."""
    case = Case(1, 8)
    with _body(case) as raw, _pair(_sandbox(case), _sandbox(case, WITHOUT_JOURNAL)) as (ours, bare):
        rounds = ratios(lambda: ours.cost(raw, case), lambda: bare.cost(raw, case), effort.loads)
    what = "processor time with the request journal ÷ without, 1 record, 8 connections"
    return Figure("P4", what, rounds, Target(at_most=1.1))


def _figure(effort: Effort, case: Case, raw: Path, ours: Server, limit: Server) -> Figure:
    rounds = ratios(lambda: ours.load(raw, case.connections), lambda: limit.load(raw, case.connections), effort.loads)
    rates = f"{median(ours.rates):,.0f} and {median(limit.rates):,.0f} requests/s"
    return Figure("P4", case.what, rounds, case.target, f"{rates}; {_by_processor(ours, limit):.2f} by processor time")


def _by_processor(ours: Server, limit: Server) -> float:
    """Return the ratio without the work of other processes on the server's core."""
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
    """Run two servers on the first core, each on its own port."""
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
    """Return why this benchmark cannot run, or an empty text; as root on Debian, wrk is installed."""
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
