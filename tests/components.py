"""What a test needs beyond Python packages: without it the test is skipped, or fails where all is required."""

import os
import shutil
import subprocess
from functools import cache

import pytest

OLDEST_NODE = (20, 19)


def require(name: str, *, present: object) -> None:
    """Go on where a component is present; else skip, or with REQUIRE_ALL set to 1 (as in CI), fail."""
    if present:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"{name} is required and missing", pytrace=False)
    pytest.skip(f"{name} is missing")


def require_node() -> None:
    """Go on where Node is as new as the npm packages of the tests need it."""
    oldest = ".".join(map(str, OLDEST_NODE))
    require(f"Node {oldest} or newer (this is {node_version()})", present=is_new_enough(node_version()))


def is_new_enough(version: str) -> bool:
    """Tell whether a version as Node prints it (`v20.19.0`, empty where there is none) is one to rely on."""
    major, minor, *_ = [int(part) for part in version.removeprefix("v").split(".")] if version else (0, 0)
    return (major, minor) >= OLDEST_NODE


@cache
def node_version() -> str:
    """Return what Node says of its version, empty where there is none."""
    node = shutil.which("node")
    if not node:
        return ""
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
