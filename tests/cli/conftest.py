"""Fixtures for the tests of commands."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def garbage_is_collected() -> Iterator[None]:
    """Turn garbage collection on again after a command in this process has turned it off."""
    yield
    gc.enable()
