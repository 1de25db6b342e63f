"""Exchanges, records and uploads as JSON objects of the control API."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson

from traits_sandbox.control.journal_entry import Headers, JournalEntry
from traits_sandbox.control.ledger import LedgerEntry
from traits_sandbox.control.uploads import Upload
from traits_sandbox.errors import Violation
from traits_sandbox.event_results import EventReport
from traits_sandbox.json_types import JsonObject
from traits_sandbox.store.protocol import StoredRecord


def shown_request(entry: JournalEntry) -> JsonObject:
    """Return an exchange; its body is parsed if it is JSON, else a text, and null if there was none."""
    return {
        **brief_request(entry),
        "query": entry.query,
        "headers": shown_headers(entry.headers),
        "violations": [str(violation) for violation in entry.violations],
        "violation_count": entry.violation_count,
        "unknown_fields": [str(unknown) for unknown in entry.unknown],
        "lenient_readings": [str(reading) for reading in entry.readings],
        "events": [_shown_event(event) for event in entry.events],
        "hint": entry.hint,
        "body": _shown_body(entry.body),
    }


def brief_request(entry: JournalEntry) -> JsonObject:
    """Return the facts about an exchange that need no parsing."""
    return {
        "id": entry.request_id,
        "time": _iso(entry.received_at),
        "operation": entry.operation,
        "dashboard": entry.dashboard,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "duration_ms": round(entry.duration * 1000, 3),
        "records": entry.records,
        "fault": entry.fault,
        "reason": entry.reason,
    }


def shown_headers(headers: Headers) -> dict[str, str]:
    """Return headers by name, in lower case; the values of a repeated one are joined by commas."""
    shown: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        shown[name] = f"{shown[name]}, {value}" if name in shown else value
    return shown


def shown_record(dashboard: str, record: StoredRecord) -> JsonObject:
    """Return a record with its origin."""
    return {
        "kind": record.kind,
        "dashboard": dashboard,
        "time": _iso(record.received_at),
        "request_id": record.request_id,
        "record": record.value,
    }


def shown_upload(upload: Upload) -> JsonObject:
    """Return an upload with the violations of its refused rows; `object` is null unless it is a bulk load."""
    return {
        "id": upload.id,
        "kind": "bulk" if upload.object else "upload",
        "time": _iso(upload.received_at),
        "operation": upload.operation,
        "dashboard": upload.dashboard,
        "status": upload.status,
        "records": upload.records,
        "refused_count": upload.refused_count,
        "refused": [_shown_verdict(violation) for violation in upload.refused],
        "unknown_fields": [str(unknown) for unknown in upload.unknown],
        "object": msgspec.to_builtins(upload.object),
        "notices": msgspec.to_builtins(upload.notices),
    }


def shown_load(load: LedgerEntry) -> JsonObject:
    """Return an object of the ledger."""
    shown: JsonObject = msgspec.to_builtins(load)
    return {"time": _iso(shown.pop("begun_at")), **shown}


def parsed_body(body: bytes | None) -> Any:
    """Return a body as a value to match against: JSON if it is, else a text."""
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


def _shown_body(body: bytes | None) -> Any:
    value = parsed_body(body)
    try:
        orjson.dumps(value)
    except TypeError:  # too deep to be written
        return (body or b"").decode(errors="replace")
    # Unchanged: parsing would round numbers with more digits than a float has.
    return value if isinstance(value, str) or not body else orjson.Fragment(body)


def _shown_verdict(violation: Violation) -> JsonObject:
    return {
        "line": violation.line,
        "field": violation.name,
        "rule": violation.rule,
        "message": str(violation),
    }


def _shown_event(event: EventReport) -> JsonObject:
    return {
        "index": event.index,
        "event_id": event.event_id,
        "name": event.name,
        "result": event.result,
        "records": event.records,
        "reason": event.reason,
        "field": event.field,
        "duplicate_of": event.duplicate_of or None,
        "left_out": [str(violation) for violation in event.left_out],
        "refused_count": event.refused_count,
        "message": str(event),
    }


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
