"""Optional dependencies: they are imported when they are needed, and a missing one is reported in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from traits_sandbox.errors import UsageError


@contextmanager
def required(extra: str, *, by: str) -> Iterator[None]:
    """Import modules of an extra in the body; `by` is the option or command that needs them, such as `--tls`.

    The body has ordinary imports, so that type checkers and the tests of imports see them:

        with required("tls", by="--tls"):
            import trustme

    Raises:
        UsageError: a module is not installed.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"{by} needs the extra '{extra}': pip install 'traits-sandbox[{extra}]'") from error
