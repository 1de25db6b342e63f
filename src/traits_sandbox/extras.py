"""Optional dependencies: imported late, and a missing one is one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager

from traits_sandbox.errors import UsageError


@contextmanager
def required(extra: str, *, by: str) -> Iterator[None]:
    """Let the imports of its body need an extra, for the sake of what `by` names (`--tls`).

    The body is an ordinary `import`, so that types and the rules on imports hold for it:

        with required("tls", by="--tls"):
            import trustme

    Raises:
        UsageError: a module that the body imports is not installed.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(f"{by} needs the extra '{extra}': pip install 'traits-sandbox[{extra}]'") from error
