"""The door to Polars: it is part of an extra, and works on one thread."""

import os

from traits_sandbox.extras import required


def require_polars() -> None:
    """Make sure that Polars can be imported; raises UsageError if it is not installed.

    Work is shared out among processes. Within each, more threads would only be in the way, unless somebody who sets
    POLARS_MAX_THREADS knows better.
    """
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    with required("bulk", by="bulk"):
        import polars  # noqa: F401
