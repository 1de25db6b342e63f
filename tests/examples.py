"""How many examples of a property are tried: a share at each change, all with `--full` or in the proofs of a part."""

import os

from hypothesis import settings

ALL = "ALL_EXAMPLES"
"""The variable that is set where all examples are wanted."""

_SHARE = 3


def examples(count: int) -> settings:
    """Return the settings of a test that tries so many examples in the complete run."""
    return settings(max_examples=count if os.environ.get(ALL) else max(1, count // _SHARE))
