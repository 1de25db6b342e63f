from collections.abc import Iterator

import pytest

from tests.hostile.checks import Judge, unharmed
from tests.wire.served import serving


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Judge]:
    """Lend a sandbox to all tests of a module, with a judge of what they do to it."""
    options: tuple[str, ...] = getattr(request.module, "OPTIONS", ())
    with serving(tmp_path_factory.mktemp("sandbox"), *options) as served, unharmed(served) as judge:
        yield judge
