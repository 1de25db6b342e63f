from collections.abc import Iterator

import pytest

from tests.store.shelf import STORES, Shelf, shelf


@pytest.fixture(params=STORES)
def held(request: pytest.FixtureRequest) -> Iterator[Shelf]:
    """An empty store of each kind."""
    with shelf(STORES[request.param]()) as opened:
        yield opened
