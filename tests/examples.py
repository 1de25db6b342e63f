"""The number of examples of a property: a share of them in `scripts/test`, all in `scripts/proofs properties`."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

from hypothesis import settings

from tests.tiers import Tier, part

ALL = "ALL_EXAMPLES"
"""The environment variable that is set to try all examples."""

_SHARE = 3
Test = TypeVar("Test", bound=Callable[..., Any])


def examples(count: int) -> Callable[[Test], Test]:
    """Return a decorator for a test with `count` examples in the proofs, and a share of them in `scripts/test`."""
    tried = settings(max_examples=count if os.environ.get(ALL) else max(1, count // _SHARE))
    mark = part("properties", Tier.BOTH)
    return lambda test: mark(tried(test))
