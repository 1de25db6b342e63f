"""Uploads of CSV files: good rows are stored, bad rows are refused one by one."""

import asyncio
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import msgspec

from traits_sandbox.contract.model import Operation
from traits_sandbox.derive.places import on_line
from traits_sandbox.derive.violations import KeptViolations
from traits_sandbox.errors import BadRequest, Rule, Violation
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.handlers.csv.columns import CsvColumns
from traits_sandbox.handlers.csv.headers import Destination, HeaderError, columns_of, known_names
from traits_sandbox.handlers.csv.rows import CsvRow, read_rows
from traits_sandbox.handlers.intake import BATCH_SIZE, Arrival, RecordIntake
from traits_sandbox.json_types import JsonObject

# Rows are judged and stored in chunks: a large file takes little memory, and other requests are served in between.
_CHUNK_BYTES = 2**20

# Rows are stored at once, so the estimate is fake; it only has to grow with the file.
_ROWS_A_SECOND = 1000

_NO_ROWS = "must have at least one row after its header row"


def upload(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that stores the rows of an uploaded file; a bad row is refused whole."""
    estimate = operation.roles["estimate"]
    read_header = _HeaderReader(operation, backend)

    async def handle(call: Call) -> HandlerResult:
        assert call.upload is not None
        rows = read_rows(call.upload)
        columns = read_header(next(_filled(rows), None), call.upload)
        intake = backend.intake.of(columns.record.heading)
        arrival = Arrival(call.received_at, call.request_id)
        refused, total, stored = KeptViolations(), 0, 0
        for chunk in chunks(rows):
            records = _records(chunk, columns, intake, refused)
            await backend.store.append(call.dashboard, intake.batches(records, arrival))
            await asyncio.sleep(0)
            total += sum(1 for _ in _filled(chunk))
            stored += len(records)
        if not total:
            raise BadRequest((Violation(read_header.part, Rule.MIN_ITEMS, _NO_ROWS),))
        return HandlerResult(
            data={estimate: 1 + total // _ROWS_A_SECOND},
            records=stored,
            unknown=columns.unknown,
            refused=refused.kept,
            refused_count=refused.count,
        )

    return handle


def judge(row: CsvRow, columns: CsvColumns, intake: RecordIntake) -> tuple[list[JsonObject], list[Violation]]:
    """Return the records of a row, or its violations: a corrected row is sent again as a whole."""
    if found := columns.violation(row):
        return [], [found]
    records: list[JsonObject] = []
    # The metrics of a row share its other cells, so a violation in these is found once for each metric.
    violations: dict[Violation, None] = {}
    for metric, record in columns.records(row.cells):
        good, bad = intake.accept([record], lambda _: on_line(row.line))
        records += good
        violations |= {_in_column(violation, columns, metric): None for violation in bad}
    return ([], list(violations)) if violations else (records, [])


class _HeaderReader:
    """Reads the headers of the files of one operation."""

    def __init__(self, operation: Operation, backend: Backend) -> None:
        self.part = operation.body.part if operation.body else ""
        self._contract, self._dialects = backend.contract, operation.dialects
        uploads = (each for each in backend.contract.operations if each.dialects and each is not operation)
        self._others = [Destination(f'"{each.title}"', f"send it to {each.key}", each.dialects) for each in uploads]

    def __call__(self, header: CsvRow | None, file: BinaryIO) -> CsvColumns:
        """Return the columns of a file; raises BadRequest if its header fits no dialect."""
        try:
            if header is None:
                raise HeaderError("is empty, send CSV with a header row")
            if header.violation:
                raise HeaderError(f"must begin with a header row: line {header.line} {header.violation.message}")
            return columns_of(self._contract, self._dialects, header.cells, self._others)
        except HeaderError as error:
            raise BadRequest((self._content(file) or Violation(self.part, Rule.HEADER, str(error)),)) from None

    def _content(self, file: BinaryIO) -> Violation | None:
        """Return what a file without a usable header really is, if it is not CSV."""
        # Imported late: only refused files need them.
        from traits_sandbox.derive.content.detector import unexpected
        from traits_sandbox.derive.content.kinds import HEAD, ContentForm
        from traits_sandbox.derive.content.words import sentence

        file.seek(0)
        head = file.read(HEAD + 1)
        names = known_names(self._contract, self._dialects)
        found = unexpected(head, ContentForm.CSV_UPLOAD, names, whole=len(head) <= HEAD)
        return Violation(self.part, Rule.CONTENT, sentence(found, ContentForm.CSV_UPLOAD)) if found else None


def _filled(rows: Iterable[CsvRow]) -> Iterator[CsvRow]:
    return (row for row in rows if not row.is_blank)


def chunks(rows: Iterable[CsvRow]) -> Iterator[list[CsvRow]]:
    """Yield rows in lists of BATCH_SIZE, or fewer where they are long."""
    chunk: list[CsvRow] = []
    size = 0
    for row in rows:
        chunk.append(row)
        size += row.size
        if len(chunk) == BATCH_SIZE or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _records(
    chunk: list[CsvRow], columns: CsvColumns, intake: RecordIntake, refused: KeptViolations
) -> list[JsonObject]:
    records: list[JsonObject] = []
    for row in _filled(chunk):
        good, bad = judge(row, columns, intake)
        records += good
        refused.add(bad)
    return records


def _in_column(violation: Violation, columns: CsvColumns, metric: str) -> Violation:
    """Return a violation with the column of the file in place of the record's field."""
    return msgspec.structs.replace(violation, field=columns.column_of(violation.field, metric))
