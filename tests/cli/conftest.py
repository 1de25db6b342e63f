"""What the tests of the commands share."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """Collect garbage again, which a command that runs in this process no longer does."""
    yield
    gc.enable()
