"""Uploads of CSV files: good rows are stored, bad ones refused one by one."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import replace

from traits_sandbox.contract.model import Operation
from traits_sandbox.errors import BadRequest, Violation
from traits_sandbox.handlers.call import Backend, Call, Handler, HandlerResult
from traits_sandbox.handlers.csv.columns import CsvColumns, HeaderFault, columns_of
from traits_sandbox.handlers.csv.rows import CsvRow, read_rows
from traits_sandbox.handlers.intake import BATCH_SIZE, Arrival, RecordIntake
from traits_sandbox.handlers.verdicts import Verdicts
from traits_sandbox.json_types import JsonObject

# Rows are judged and stored in chunks, so that a large file takes little memory and others are served meanwhile.
_CHUNK_BYTES = 2**20

# The estimate is as fake as the ingestion is immediate; it only has to grow with the file.
_ROWS_A_SECOND = 1000


def upload(operation: Operation, backend: Backend) -> Handler:
    """Return the handler that stores the rows of an uploaded file; a bad row is refused whole."""
    estimate = operation.roles["estimate"]

    async def handle(call: Call) -> HandlerResult:
        assert call.upload is not None
        rows = read_rows(call.upload)
        columns = _columns(operation, backend, next(_filled(rows), None))
        intake = backend.intake.of(columns.record.heading)
        arrival = Arrival(call.received_at, call.request_id)
        verdicts, total, stored = Verdicts(), 0, 0
        for chunk in chunks(rows):
            records = _records(chunk, columns, intake, verdicts)
            await backend.store.append(call.dashboard, intake.batches(records, arrival))
            await asyncio.sleep(0)
            total += sum(1 for _ in _filled(chunk))
            stored += len(records)
        return HandlerResult(
            data={estimate: 1 + total // _ROWS_A_SECOND},
            records=stored,
            unknown=columns.unknown,
            refused=verdicts.kept,
            refused_count=verdicts.count,
        )

    return handle


def judge(row: CsvRow, columns: CsvColumns, intake: RecordIntake) -> tuple[list[JsonObject], list[Violation]]:
    """Return the records of a row, or what is wrong with it: half a row would come twice when it is mended."""
    place = f"line {row.line}"
    if fault := row.fault or columns.fault(row.cells):
        return [], [Violation("", place, "row", "csv", fault)]
    records: list[JsonObject] = []
    # The records that a row's metrics make share its other cells, and so the faults of these.
    violations: dict[Violation, None] = {}
    for metric, record in columns.records(row.cells):
        good, bad = intake.accept([(place, record)])
        records += good
        violations |= {_blamed(violation, place, columns, metric): None for violation in bad}
    return ([], list(violations)) if violations else (records, [])


def _columns(operation: Operation, backend: Backend, header: CsvRow | None) -> CsvColumns:
    """Return what the columns of a file are for; raises BadRequest unless its header tells."""
    try:
        if header is None:
            raise HeaderFault("is empty, send CSV with a header row")
        if header.fault:
            raise HeaderFault(f"must begin with a header row: line {header.line} {header.fault}")
        return columns_of(backend.contract, operation.dialects, header.cells)
    except HeaderFault as fault:
        part = operation.body.part if operation.body else ""
        raise BadRequest((Violation("", part, part, "header", str(fault)),)) from None


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


def _records(chunk: list[CsvRow], columns: CsvColumns, intake: RecordIntake, verdicts: Verdicts) -> list[JsonObject]:
    records: list[JsonObject] = []
    for row in _filled(chunk):
        good, bad = judge(row, columns, intake)
        records += good
        verdicts.add(bad)
    return records


def _blamed(violation: Violation, place: str, columns: CsvColumns, metric: str) -> Violation:
    """Return a violation that names the column of the file, where that is not the field of the record."""
    column = columns.column_of(violation.name, metric)
    return violation if column == violation.name else replace(violation, name=column, where=f"{place}: {column}")
