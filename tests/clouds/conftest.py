import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.clouds.servers import CLOUDS, Amazon, Azure, Cloud

Start = Callable[[str], Cloud]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Return a function that starts a cloud when it is first needed; all clouds stop at the end of the session."""
    started: dict[str, Cloud] = {}
    with ExitStack() as stack:

        def begin(name: str) -> Cloud:
            if name not in started:
                folder: Path = tmp_path_factory.mktemp(name)
                started[name] = stack.enter_context(CLOUDS[name](folder))
            return started[name]

        yield begin


@pytest.fixture(params=list(CLOUDS))
def cloud(request: pytest.FixtureRequest, start: Start) -> Cloud:
    """Each of the three clouds in turn."""
    return start(request.param)


@pytest.fixture
def amazon(start: Start) -> Amazon:
    started = start("s3")
    assert isinstance(started, Amazon)
    return started


@pytest.fixture
def azure(start: Start) -> Azure:
    started = start("az")
    assert isinstance(started, Azure)
    return started


_NUMBERS = count(1)


@pytest.fixture
def bucket() -> str:
    """The name of a bucket that no other test uses."""
    return f"bucket-{next(_NUMBERS)}"


_CLOUDS = ("AWS_", "GOOGLE_", "AZURE_", "CLOUDSDK_", "STORAGE_EMULATOR_")


@pytest.fixture(autouse=True)
def no_real_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove proxies, and the credentials of the user who runs the tests."""
    for name in list(os.environ):
        if name.startswith(_CLOUDS) or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
