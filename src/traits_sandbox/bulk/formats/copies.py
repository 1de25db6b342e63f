"""Copies of files on this machine, for readers that need a path."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from traits_sandbox.errors import UsageError


@contextmanager
def copied(content: Iterable[bytes]) -> Iterator[Path]:
    """Yield the path of a file with some content, in the folder for temporary files; it is removed at the end.

    Raises:
        UsageError: there is no such folder, or no room in it, which says nothing about the content.

    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="traits-sandbox-", ignore_cleanup_errors=True)
    except OSError as error:
        raise _unusable(error) from None
    with folder as name:
        path = Path(name, "file.parquet")
        try:
            with path.open("wb") as file:
                file.writelines(content)
        except OSError as error:
            raise _unusable(error) from None
        yield path


def _unusable(error: OSError) -> UsageError:
    if isinstance(error, FileNotFoundError) and not error.filename:
        return UsageError("there is no folder for temporary files that can be written; set TMPDIR to one")
    reason = error.strerror or type(error).__name__
    return UsageError(f"a Parquet file cannot be copied to the folder for temporary files ({reason}); set TMPDIR")
