"""A file for all bad rows of a task, which the quarantine reads; there may be any number of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import msgspec

from traits_sandbox.bulk.values import BadRow
from traits_sandbox.errors import UsageError


class Spool:
    """A file of bad rows, one JSON value on each line. It exists only if there are any, and when it is complete."""

    def __init__(self, path: str) -> None:
        """Prepare to write; without a path nothing is written."""
        self._path = Path(path) if path else None
        # A task that runs again after its worker was lost must not find the file of the first run.
        self._draft = self._path.with_name(f"{self._path.name}.{uuid4().hex}") if self._path else None
        self._file: BinaryIO | None = None

    def __bool__(self) -> bool:
        return self._path is not None

    def add(self, bad: BadRow) -> None:
        """Write a bad row.

        Raises:
            UsageError: there is no room, or the folder is gone.

        """
        if self._draft is None:
            return
        try:
            self._file = self._file or self._draft.open("xb")
            self._file.write(msgspec.json.encode(bad) + b"\n")
        except OSError as error:
            raise unwritable(error) from None

    def close(self) -> None:
        """Complete the file; raises as `add` does."""
        if self._file is None or self._draft is None or self._path is None:
            return
        try:
            self._file.close()
            self._draft.replace(self._path)
        except OSError as error:
            raise unwritable(error) from None


def spooled(path: str) -> Iterator[BadRow]:
    """Yield the bad rows of a task."""
    try:
        with Path(path).open("rb") as file:
            yield from map(_DECODER.decode, file)
    except FileNotFoundError:
        return


def unwritable(error: OSError) -> UsageError:
    """Return the error to raise when the quarantine cannot be written."""
    return UsageError(f"--quarantine cannot be written: {error.strerror or error}")


_DECODER = msgspec.json.Decoder(BadRow)
