"""Servers in separate processes, and measurements of processes."""

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.bodies import body, push

ROOT = Path(__file__).parents[1]
READY_WITHIN = 30.0
KEY = "sandbox-key"


def script(name: str) -> str:
    """Return the path of a command that is installed beside this Python."""
    return str(Path(sys.executable).with_name(name))


SANDBOX = (script("traits-sandbox"),)
WITHOUT_JOURNAL = (sys.executable, "-m", "benchmarks.without_journal")


def sandbox_command(port: int, *options: str, program: Sequence[str] = SANDBOX) -> list[str]:
    """Return the command that serves the sandbox on a port."""
    return [*program, "serve", "--port", str(port), "--log-format", "none", *options]


def uvicorn_command(app: str, port: int) -> list[str]:
    """Return the command that serves another app like the sandbox: with httptools and uvloop, and nothing else."""
    lean = ("--loop", "uvloop", "--http", "httptools", "--ws", "none", "--lifespan", "off", "--no-server-header")
    quiet = ("--no-access-log", "--log-level", "critical")
    return [script("uvicorn"), app, "--port", str(port), *lean, *quiet]


def free_port() -> int:
    """Return a port on which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """Return a command that runs on one core only."""
    return ["taskset", "--cpu-list", str(core), *command]


@contextmanager
def running(command: Sequence[str]) -> Iterator[int]:
    """Run a server and yield its process id; end it by SIGTERM. Its stderr is shown only if the body fails."""
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log) as process,
    ):
        try:
            yield process.pid
        except Exception:
            log.seek(0)
            sys.stderr.write(log.read().decode())
            raise
        finally:
            process.terminate()


def wait_for(port: int, status: int) -> None:
    """Wait until a push is answered with a status; try again a millisecond after a refused connection."""
    raw, end = body(1), time.monotonic() + READY_WITHIN
    while time.monotonic() < end:
        try:
            answered = _status_of_push(port, raw)
        except OSError:
            time.sleep(0.001)
            continue
        if answered != status:
            raise RuntimeError(f"a push was answered with {answered}, not {status}")
        return
    raise RuntimeError(f"nothing answers on port {port} after {READY_WITHIN:g} seconds")


def _status_of_push(port: int, raw: bytes) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN)
    try:
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        connection.request("POST", push().path, raw, headers)
        return connection.getresponse().status
    finally:
        connection.close()


def processor_seconds(pid: int) -> float:
    """Return the processor seconds of a process, from Linux's /proc."""
    # Fields are counted after the name, which can contain spaces: utime and stime are fields 14 and 15.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int | str) -> int:
    """Return the resident memory of a process, from Linux's /proc."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def peak_bytes(pid: int | str) -> int:
    """Return the peak resident memory of a process, from Linux's /proc."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def children() -> list[int]:
    """Return the ids of the running children of this process, from Linux's /proc."""
    pids = list[str]()
    for task in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError):  # the thread has ended since it was listed
            pids += task.read_text().split()
    return [int(pid) for pid in pids]


def running_seconds(pid: int) -> float:
    """Return the processor seconds of all threads of a process, precise to the nanosecond, from Linux's /proc."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text(encoding="utf-8").split()[0]) for task in tasks) / 1e9
