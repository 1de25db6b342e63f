"""Uploaded files and bulk loads, each with a verdict on every row that was refused."""

from collections.abc import Iterator

import msgspec

from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.derive.records import UnknownField
from traits_sandbox.errors import Violation

MAX_UPLOADS = 1000

# A verdict takes half a KiB, and a file may have a thousand.
MAX_VERDICTS = 50_000


class BulkObject(msgspec.Struct, frozen=True):
    """What was loaded in bulk: the object `key` below the URI `source`, in a category folder.

    `rows` counts its rows so far, the refused ones too. Without a key it is the storage itself.
    """

    source: str
    folder: str = ""
    key: str = ""
    etag: str = ""
    rows: int = 0
    complete: bool = False


class UploadNotice(msgspec.Struct, frozen=True):
    """What a customer is told about a load: `kind` is stable, `message` is a sentence."""

    kind: str
    message: str


class Upload(msgspec.Struct, frozen=True):
    """One file, or one object of a storage.

    `id` is that of the request or the load that it came with, `records` counts what was stored. `refused` are the
    first verdicts on rows, or what is wrong with the file; `refused_count` counts them all. `object` is there for
    bulk loads alone, which have no status: nobody is answered.
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
    """A ring of uploads, oldest first. Bounded in number and in verdicts."""

    def __init__(self, *, max_uploads: int = MAX_UPLOADS, max_verdicts: int = MAX_VERDICTS) -> None:
        self._max_uploads, self._max_verdicts = max_uploads, max_verdicts
        self._uploads: dict[str, Upload] = {}
        self._verdicts = 0

    def add(self, entry: JournalEntry) -> None:
        """Keep the upload that an exchange was."""
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
        """Keep an upload, in the place of an earlier state of the same one."""
        earlier = self._uploads.get(upload.id)
        self._verdicts += len(upload.refused) - (len(earlier.refused) if earlier else 0)
        self._uploads[upload.id] = upload
        while len(self._uploads) > self._max_uploads or self._verdicts > self._max_verdicts:
            oldest = next(iter(self._uploads))
            self._verdicts -= len(self._uploads.pop(oldest).refused)

    def of(self, dashboard: str | None = None) -> Iterator[Upload]:
        """Yield the uploads of one dashboard, or all, oldest first."""
        return (each for each in self._uploads.values() if dashboard in (None, each.dashboard))

    def find(self, upload_id: str, dashboard: str | None = None) -> Upload | None:
        """Return an upload, if it is still kept."""
        upload = self._uploads.get(upload_id)
        return upload if upload and dashboard in (None, upload.dashboard) else None

    def clear(self, dashboard: str | None = None) -> None:
        """Forget the uploads of one dashboard, or all."""
        self._uploads = {at: each for at, each in self._uploads.items() if dashboard not in (None, each.dashboard)}
        self._verdicts = sum(len(each.refused) for each in self._uploads.values())
