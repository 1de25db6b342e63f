"""Runs the command line as a process that seems to run on another system."""

import os
import subprocess
import sys
from pathlib import Path

from tests.patience import PATIENCE

# Encodings of a pipe on Windows and on a system without a locale: of the streams only, and of everything.
CP1252 = {"PYTHONIOENCODING": "cp1252"}
ASCII = {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}

# Modules that replace those of this system. `resource` behaves as on macOS: the hard limit is infinite, and a soft
# limit above that of the kernel is not accepted. No limit is really changed.
WITHOUT_UVLOOP = {"uvloop": "raise ImportError('there is no uvloop here')\n"}
WITHOUT_RESOURCE = {"resource": "raise ImportError('there is no resource here')\n"}
RESOURCE_OF_MACOS = """
import pathlib
RLIMIT_NOFILE, RLIMIT_CORE, RLIMIT_AS, RLIMIT_DATA = 8, 4, 5, 2
RLIM_INFINITY = 2**63 - 1
def getrlimit(which):
    return (256, RLIM_INFINITY)
def setrlimit(which, limits):
    allowed = which == RLIMIT_NOFILE and limits[0] <= {most}
    with pathlib.Path(__file__).with_name("asked").open("a", encoding="utf-8") as file:
        file.write(f"{{limits[0]}} {{allowed}}\\n")
    if not allowed:
        raise ValueError("current limit exceeds maximum limit")
"""


def other_system(folder: Path, modules: dict[str, str], **env: str) -> dict[str, str]:
    """Return the environment of a process that imports these modules instead of the system's."""
    folder.mkdir(exist_ok=True)
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8", newline="\n")
    return os.environ | {"PYTHONPATH": str(folder)} | env


def run(*arguments: str, cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "traits_sandbox", *arguments]
    return subprocess.run(command, cwd=cwd, env=os.environ | env, capture_output=True, timeout=PATIENCE, check=False)
