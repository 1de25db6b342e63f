"""Uploaded files, each with a verdict on every row that was refused."""

from collections import deque
from collections.abc import Iterator

import msgspec

from traits_sandbox.control.entry import Entry
from traits_sandbox.derive.validation import UnknownField
from traits_sandbox.errors import Violation

MAX_UPLOADS = 1000

# A verdict takes half a KiB, and a file may have a thousand.
MAX_VERDICTS = 50_000


class Upload(msgspec.Struct, frozen=True):
    """One file: `id` is that of the request it came with, `records` counts what was stored.

    `refused` are the first verdicts on rows, or what is wrong with the file; `refused_count` counts them all.
    """

    id: str
    received_at: float
    operation: str
    dashboard: str
    status: int
    records: int
    refused: tuple[Violation, ...]
    refused_count: int
    unknown: tuple[UnknownField, ...]


class Uploads:
    """A ring of uploads, oldest first. Bounded in number and in verdicts."""

    def __init__(self, *, max_uploads: int = MAX_UPLOADS, max_verdicts: int = MAX_VERDICTS) -> None:
        self._max_uploads, self._max_verdicts = max_uploads, max_verdicts
        self._uploads: deque[Upload] = deque()
        self._verdicts = 0

    def add(self, entry: Entry) -> None:
        """Keep the upload that an exchange was."""
        upload = Upload(
            id=entry.id,
            received_at=entry.received_at,
            operation=entry.operation,
            dashboard=entry.dashboard,
            status=entry.status,
            records=entry.records,
            refused=entry.violations,
            refused_count=entry.violation_count,
            unknown=entry.unknown,
        )
        self._uploads.append(upload)
        self._verdicts += len(upload.refused)
        while len(self._uploads) > self._max_uploads or self._verdicts > self._max_verdicts:
            self._verdicts -= len(self._uploads.popleft().refused)

    def of(self, dashboard: str | None = None) -> Iterator[Upload]:
        """Yield the uploads of one dashboard, or all, oldest first."""
        return (each for each in self._uploads if dashboard in (None, each.dashboard))

    def find(self, upload_id: str, dashboard: str | None = None) -> Upload | None:
        """Return an upload, if it is still kept."""
        return next((each for each in self.of(dashboard) if each.id == upload_id), None)

    def clear(self, dashboard: str | None = None) -> None:
        """Forget the uploads of one dashboard, or all."""
        kept = [each for each in self._uploads if dashboard not in (None, each.dashboard)]
        self._uploads = deque(kept)
        self._verdicts = sum(len(each.refused) for each in kept)
