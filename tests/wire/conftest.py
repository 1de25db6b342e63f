import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.wire.served import Served, serving


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a sandbox over HTTP to all tests of a module."""
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@pytest.fixture(scope="module")
def stranger(sandbox: Served) -> Iterator[httpx.Client]:
    """Yield a client that sends no key to the shared sandbox."""
    with sandbox.stranger() as opened:
        yield opened


@pytest.fixture(scope="module")
def secure_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Yield a sandbox over HTTPS, with a CA in a data folder of its own."""
    folder: Path = tmp_path_factory.mktemp("secure")
    kept = {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    with serving(folder, "--tls", env=kept | {"XDG_DATA_HOME": str(folder), "HOME": str(folder)}) as served:
        yield served
