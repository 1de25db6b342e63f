"""Polars, which is part of an extra and uses one thread here."""

import os
from typing import Final

from traits_sandbox.extras import required

LIBRARIES: Final = ("polars",)
"""The modules of the extra that reading tables needs, by name."""


def require_polars() -> None:
    """Make sure that Polars can be imported; raises UsageError if it is not installed.

    Work is distributed over processes, so more threads in each would only compete. POLARS_MAX_THREADS overrides this.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    with required("bulk", by="bulk"):
        import polars  # noqa: F401
