"""The machine on which the benchmarks run."""

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("orjson", "msgspec", "jsonschema-rs", "starlette", "uvicorn", "httptools", "uvloop")


@dataclass(frozen=True, slots=True)
class Machine:
    """The properties of a machine that decide its speed; `load` is the average of the last minute."""

    processor: str
    cores: int
    system: str
    python: str
    libraries: dict[str, str]
    load: float

    def as_json(self) -> dict[str, object]:
        """Return the machine as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        libraries = ", ".join(f"{name} {number}" for name, number in self.libraries.items())
        return (
            f"{self.processor}, {self.cores} cores, {self.system}, Python {self.python}, {libraries}; "
            f"load before the run {self.load:.1f}"
        )


def machine() -> Machine:
    """Return this machine with its present load."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        libraries={name: version(name) for name in LIBRARIES},
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else 0.0,
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or "unknown processor")
