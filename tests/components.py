"""Components that tests need beside Python packages. Without one, a test is skipped, or fails if all are required."""

import os
import shutil
import subprocess
from functools import cache

import pytest

OLDEST_NODE = (20, 19)


def require(name: str, *, present: object) -> None:
    """Skip the test if a component is missing; with REQUIRE_ALL=1, as in CI, fail."""
    if present:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"{name} is required and missing", pytrace=False)
    pytest.skip(f"{name} is missing")


def require_node() -> None:
    """Skip the test, or fail, if Node is too old for the npm packages of the tests."""
    oldest = ".".join(map(str, OLDEST_NODE))
    require(f"Node {oldest} or newer (this is {node_version()})", present=is_new_enough(node_version()))


def is_new_enough(version: str) -> bool:
    """Return whether Node is new enough, given the version that it prints (`v20.19.0`, or empty without Node)."""
    major, minor, *_ = [int(part) for part in version.removeprefix("v").split(".")] if version else (0, 0)
    return (major, minor) >= OLDEST_NODE


@cache
def node_version() -> str:
    """Return the version that Node prints, or an empty text without Node."""
    node = shutil.which("node")
    if not node:
        return ""
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
