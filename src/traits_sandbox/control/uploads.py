"""Uploaded files and bulk loads, with the violations of refused rows."""

from collections.abc import Iterator

import msgspec

from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.derive.records import UnknownField
from traits_sandbox.errors import Violation

MAX_UPLOADS = 1000

# A violation takes half a KiB, and a file can have a thousand.
MAX_VERDICTS = 50_000


class BulkObject(msgspec.Struct, frozen=True):
    """An ingested object: `key` relative to the URI `source`, in a category folder.

    `rows` counts its rows so far, refused ones included. Without a key it is the storage itself.
    """

    source: str
    folder: str = ""
    key: str = ""
    etag: str = ""
    rows: int = 0
    complete: bool = False


class UploadNotice(msgspec.Struct, frozen=True):
    """A notice about a load: `kind` is stable, `message` is a sentence."""

    kind: str
    message: str


class Upload(msgspec.Struct, frozen=True):
    """One file, or one object of a storage.

    `id` is the id of the request or the load, `records` counts the stored records. `refused` are the first violations
    of its rows, or of the file; `refused_count` counts all of them. Only bulk loads have an `object`; their status is
    0, because they have no response.
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
    object: BulkObject | None = None
    notices: tuple[UploadNotice, ...] = ()


class Uploads:
    """A ring of uploads, oldest first. The number of uploads and of violations is bounded."""

    def __init__(self, *, max_uploads: int = MAX_UPLOADS, max_violations: int = MAX_VERDICTS) -> None:
        self._max_uploads, self._max_violations = max_uploads, max_violations
        self._uploads: dict[str, Upload] = {}
        self._verdicts = 0

    def add(self, entry: JournalEntry) -> None:
        """Add the upload of an exchange."""
        upload = Upload(
            id=entry.request_id,
            received_at=entry.received_at,
            operation=entry.operation,
            dashboard=entry.dashboard,
            status=entry.status,
            records=entry.records,
            refused=entry.violations,
            refused_count=entry.violation_count,
            unknown=entry.unknown,
        )
        self.put(upload)

    def put(self, upload: Upload) -> None:
        """Add an upload, in place of an earlier state of it."""
        earlier = self._uploads.get(upload.id)
        self._verdicts += len(upload.refused) - (len(earlier.refused) if earlier else 0)
        self._uploads[upload.id] = upload
        while len(self._uploads) > self._max_uploads or self._verdicts > self._max_violations:
            oldest = next(iter(self._uploads))
            self._verdicts -= len(self._uploads.pop(oldest).refused)

    def of(self, dashboard: str | None = None) -> Iterator[Upload]:
        """Yield the uploads of one dashboard, or all, oldest first."""
        return (each for each in self._uploads.values() if dashboard in (None, each.dashboard))

    def find(self, upload_id: str, dashboard: str | None = None) -> Upload | None:
        """Return an upload, or None if it is not kept."""
        upload = self._uploads.get(upload_id)
        return upload if upload and dashboard in (None, upload.dashboard) else None

    def clear(self, dashboard: str | None = None) -> None:
        """Remove the uploads of one dashboard, or all."""
        self._uploads = {at: each for at, each in self._uploads.items() if dashboard not in (None, each.dashboard)}
        self._verdicts = sum(len(each.refused) for each in self._uploads.values())
