from collections.abc import Generator, Iterator

import pytest

from tests.hostile.checks import UNHURRIED, Judge, unharmed
from tests.hostile.wire import Hang
from tests.wire.served import serving


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """End a sandbox that hangs, so that the other tests that use it fail at once."""
    judge = item.funcargs.get("judge")
    if call.excinfo and call.excinfo.errisinstance(Hang) and isinstance(judge, Judge):
        judge.served.process.kill()
    return (yield)


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Judge]:
    """Yield a sandbox to all tests of a module, with a judge of what they do to it."""
    options: tuple[str, ...] = getattr(request.module, "OPTIONS", ())
    with serving(tmp_path_factory.mktemp("sandbox"), *UNHURRIED, *options) as served, unharmed(served) as judge:
        yield judge
