"""Ingests the rows of objects into a sandbox: batch by batch, each object once, judged as pushed records are."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from traits_sandbox.bulk.loading.ingested_rows import LAST_LINE, IngestedRows, LineNumber, UnreadableRow, judge
from traits_sandbox.control.ledger import Ledger, LedgerEntry
from traits_sandbox.control.uploads import BulkObject, Upload, UploadNotice, Uploads
from traits_sandbox.derive.bodies import MAX_UNKNOWN
from traits_sandbox.derive.violations import MAX_VIOLATIONS
from traits_sandbox.errors import TraitsSandboxError, UsageError
from traits_sandbox.handlers.call import Backend
from traits_sandbox.handlers.intake import Arrival

MAX_ROWS: Final = 10_000
LONGEST_MESSAGE: Final = 1000

CANNOT_CONNECT: Final = "cannot-connect"
NOT_VALID: Final = "format-not-valid"
OVERWRITTEN: Final = "overwritten"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
BatchStatus = Literal["taken", "known", "overwritten"]


class Gap(TraitsSandboxError):
    """A batch does not begin where the last one of its object ended, at `offset`."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the object has been ingested up to line {offset}: continue there, with this offset")
        self.offset = offset


class RowBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of an object that follow its first `offset` lines.

    Without `lines`, each row is one line. `last` says that the object ends here; `error` says why it could not be read
    any further. The key is relative to the URI `source`.
    """

    key: Name
    etag: Annotated[str, msgspec.Meta(max_length=1024)]
    source: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    offset: Annotated[int, msgspec.Meta(ge=0, le=LAST_LINE)] = 0
    rows: Annotated[list[Any], msgspec.Meta(max_length=MAX_ROWS)] = []
    lines: Annotated[list[LineNumber], msgspec.Meta(max_length=MAX_ROWS)] | None = None
    unread: Annotated[list[UnreadableRow], msgspec.Meta(max_length=MAX_ROWS)] = []
    last: bool = True
    error: Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)] = ""

    @property
    def numbered(self) -> list[tuple[int, Any]]:
        """Return the rows with their lines.

        Raises:
            UsageError: there is not one line for each row, or they do not ascend from the offset.

        """
        lines = range(self.offset + 1, self.offset + 1 + len(self.rows)) if self.lines is None else self.lines
        ascending = all(one < next_one for one, next_one in zip([self.offset, *lines], lines, strict=False))
        if len(lines) != len(self.rows) or not ascending:
            raise UsageError("lines: must have one number for each row, ascending from the offset")
        return list(zip(lines, self.rows, strict=True))


class Outage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A storage that cannot be reached, and the reason if it is known."""

    source: Name
    message: Annotated[str, msgspec.Meta(max_length=LONGEST_MESSAGE)]


class BatchResult(msgspec.Struct, frozen=True):
    """The result of a batch, and the progress of its object: the numbers are those of the whole object."""

    id: str
    # Clients know it as `became`.
    status: BatchStatus = msgspec.field(name="became")
    offset: int
    rows: int
    records: int
    refused_rows: int
    complete: bool
    notices: tuple[UploadNotice, ...] = ()


class BulkIntake:
    """Ingests objects into a sandbox: into its store, its ledger and its list of uploads."""

    def __init__(self, backend: Backend, ledger: Ledger, uploads: Uploads, new_request_id: Callable[[], str]) -> None:
        self._backend, self._ledger, self._uploads, self._new_request_id = backend, ledger, uploads, new_request_id
        self.folders = {category.folder: category.record for category in backend.contract.categories}
        # One batch at a time, so that the same one cannot be stored twice at the same time.
        self._one_at_a_time = asyncio.Lock()

    async def ingest(self, dashboard: str, folder: str, batch: RowBatch) -> BatchResult:
        """Store the good rows of a batch, unless they were ingested before.

        Raises:
            Gap: rows before these are missing.
            UsageError: the lines of the batch are inconsistent, or the ledger is full.
            KeyError: there is no such folder.

        """
        intake, numbered = self._backend.intake.of(self.folders[folder]), batch.numbered
        async with self._one_at_a_time:
            load = self._load(dashboard, folder, batch)
            if load.etag != batch.etag:
                return self._overwritten(load, batch)
            if batch.offset > load.offset and not load.complete:
                raise Gap(load.offset)
            rows = [(line, row) for line, row in numbered if line > load.offset]
            unread = [each for each in batch.unread if each.line > load.offset]
            if load.complete or not (rows or unread or batch.last):
                return _result(load, "known")
            judged = judge(intake.schema, rows, unread)
            arrival = Arrival(self._backend.clock(), load.id)
            await self._backend.store.append(dashboard, intake.batches(judged.good, arrival))
            load.offset = max([load.offset, *(line for line, _ in rows), *(each.line for each in unread)])
            return self._advanced(load, batch, judged)

    def report(self, dashboard: str, outage: Outage) -> Upload:
        """Keep the notice that a storage cannot be reached."""
        now = self._backend.clock()
        load = LedgerEntry(self._new_request_id(), dashboard, outage.source, folder="", key="", etag="", begun_at=now)
        notice = UploadNotice(CANNOT_CONNECT, outage.message)
        upload = msgspec.structs.replace(_upload(load), notices=(notice,))
        self._uploads.put(upload)
        return upload

    def _load(self, dashboard: str, folder: str, batch: RowBatch) -> LedgerEntry:
        load = self._ledger.find(dashboard, batch.source, batch.key)
        # If an object changed before anything was ingested, its current state counts as the first.
        untouched = load is not None and not load.offset and not load.complete
        if load is None or (untouched and load.etag != batch.etag):
            if batch.offset:
                raise Gap(0)
            now = self._backend.clock()
            load = LedgerEntry(self._new_request_id(), dashboard, batch.source, folder, batch.key, batch.etag, now)
            self._ledger.begin(load)
        return load

    def _overwritten(self, load: LedgerEntry, batch: RowBatch) -> BatchResult:
        if load.overwritten != batch.etag:
            load.overwritten = batch.etag
            self._ledger.touch()
            self._uploads.put(msgspec.structs.replace(self._earlier(load), notices=_notices(load)))
        return _result(load, "overwritten")

    def _advanced(self, load: LedgerEntry, batch: RowBatch, judged: IngestedRows) -> BatchResult:
        load.rows += judged.rows
        load.records += len(judged.good)
        load.refused_rows = load.rows - load.records
        load.complete, load.error = batch.last, batch.error
        self._ledger.touch()
        earlier = self._earlier(load)
        unknown = {each.name: each for each in (*earlier.unknown, *judged.unknown)}
        upload = msgspec.structs.replace(
            _upload(load),
            refused=(*earlier.refused, *judged.refused.kept)[:MAX_VIOLATIONS],
            refused_count=earlier.refused_count + judged.refused.count,
            unknown=tuple(unknown.values())[:MAX_UNKNOWN],
        )
        self._uploads.put(upload)
        return _result(load, "taken")

    def _earlier(self, load: LedgerEntry) -> Upload:
        return self._uploads.find(load.id) or _upload(load)


def _upload(load: LedgerEntry) -> Upload:
    return Upload(
        id=load.id,
        received_at=load.begun_at,
        operation="",
        dashboard=load.dashboard,
        status=0,
        records=load.records,
        refused=(),
        refused_count=0,
        unknown=(),
        object=BulkObject(load.source, load.folder, load.key, load.etag, load.rows, load.complete),
        notices=_notices(load),
    )


def _result(load: LedgerEntry, status: BatchStatus) -> BatchResult:
    counts = (load.offset, load.rows, load.records, load.refused_rows)
    return BatchResult(load.id, status, *counts, load.complete, _notices(load))


def _notices(load: LedgerEntry) -> tuple[UploadNotice, ...]:
    return tuple(UploadNotice(kind, message) for kind, message in _reasons(load) if message)


def _reasons(load: LedgerEntry) -> Iterator[tuple[str, str]]:
    refused = f"{load.refused_rows} of {load.rows} rows are refused" if load.refused_rows else ""
    if why := "; ".join(filter(None, (refused, load.error))):
        yield NOT_VALID, f"the format of the file is not valid: {why}"
    if load.overwritten:
        yield OVERWRITTEN, "it was overwritten after it was ingested; the new content is not ingested: add new files"
