"""What a test needs beyond Python packages: without it the test is skipped, or fails where all is required."""

import os

import pytest


def require(name: str, *, present: object) -> None:
    """Go on where a component is present; else skip, or with REQUIRE_ALL set to 1 (as in CI), fail."""
    if present:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"{name} is required and missing", pytrace=False)
    pytest.skip(f"{name} is missing")
