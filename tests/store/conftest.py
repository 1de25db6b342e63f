from collections.abc import Iterator

import pytest

from tests.store.blocking import STORES, BlockingStore, opened_store


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Iterator[BlockingStore]:
    """An empty store of each kind."""
    with opened_store(STORES[request.param]()) as opened:
        yield opened
