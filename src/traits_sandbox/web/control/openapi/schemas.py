"""The schemas of the control API's bodies; request bodies are described by the structs that read them."""

from typing import Final

from traits_sandbox.bulk.loading.intake import BatchResult, Outage, RowBatch
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.fault_reading import fault_schemas
from traits_sandbox.control.matching import OPERATORS
from traits_sandbox.control.search import INSIDE, OUTSIDE
from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.derive.struct_schemas import struct_schemas
from traits_sandbox.event_results import EventResult, IgnoredReason
from traits_sandbox.web.control.openapi.parts import (
    ANY_OBJECT,
    COUNT,
    NUMBER,
    TEXT,
    TEXTS,
    array_of,
    object_schema,
    reference,
)
from traits_sandbox.web.control.queries import (
    CountQuery,
    FindQuery,
    RecordCountQuery,
    RecordFindQuery,
    RecordWaitQuery,
    WaitQuery,
)
from traits_sandbox.web.control.records import record_kinds
from traits_sandbox.web.control.requests import REASONS

_SEARCHES: Final = (CountQuery, FindQuery, WaitQuery, RecordCountQuery, RecordFindQuery, RecordWaitQuery)
_OPERATORS: Final = ", ".join(OPERATORS)
_MATCHING: Final = (
    "The pattern to match. An object matches when each of its members matches, a list when each of its "
    "elements matches some element, anything else when it is equal. Conditions can replace a value: "
    f"{_OPERATORS}. A missing member matches only {{exists: false}}."
)
_REASON: Final = (
    "Why the key was refused, or why the request never reached the API; empty for every other request. A request that "
    "never reached the API has no dashboard, so only calls without a key show it; the newest 500 are kept."
)


def component_schemas(contract: Contract) -> Schema:
    """Return the schemas of all bodies, by the name of their component."""
    bodies = struct_schemas(_SEARCHES)
    loads = struct_schemas((RowBatch, Outage, BatchResult))
    for schema in bodies.values():
        schema["properties"]["match"] |= {"description": _MATCHING}
        if "kind" in schema["properties"]:
            schema["properties"]["kind"] = {"enum": list(record_kinds(contract))}
        else:
            schema["properties"]["match"] |= _request_match()
    refusal = object_schema({"code": {"type": "integer"}, "message": TEXT})
    refusal["properties"]["errors"] = {"type": "object", "additionalProperties": TEXT}
    return {
        **bodies,
        **loads,
        "Load": _shown_load(),
        "Gap": object_schema({"code": {"const": 409}, "message": TEXT, "offset": COUNT}),
        **fault_schemas(),
        "Request": _shown_request(),
        "EventReport": _shown_event(),
        "Record": object_schema(
            dict.fromkeys(("kind", "dashboard", "time", "request_id"), TEXT) | {"record": ANY_OBJECT}
        ),
        "Upload": _shown_upload(),
        "PlannedFault": _planned_fault(),
        "RequestMisses": _misses("request", "Request"),
        "RecordMisses": _misses("record", "Record"),
        "Refusal": refusal,
    }


def _request_match() -> Schema:
    return {"properties": {name: {} for name in (*OUTSIDE, *INSIDE)}, "additionalProperties": False}


def _shown_request() -> Schema:
    texts = ("id", "time", "operation", "dashboard", "method", "path", "query", "fault", "hint")
    lists = ("violations", "unknown_fields", "lenient_readings")
    about = "What became of each event of a PlayFab delivery; empty for any other request."
    return object_schema(
        dict.fromkeys(texts, TEXT)
        | {"reason": {"enum": list(REASONS), "description": _REASON}}
        | dict.fromkeys(("status", "records", "violation_count"), COUNT)
        | dict.fromkeys(lists, TEXTS)
        | {"duration_ms": NUMBER, "headers": {"type": "object", "additionalProperties": TEXT}, "body": {}}
        | {"events": {**array_of("EventReport"), "description": about}}
    )


def _shown_event() -> Schema:
    reason = {"enum": [*IgnoredReason, None], "description": "Why the event was ignored; null for any other result."}
    earlier = {"type": ["string", "null"], "description": "The id of the request that brought this event before."}
    left_out = {**TEXTS, "description": "Optional values that did not fit, and were left out of the stored records."}
    records = {"type": "object", "additionalProperties": COUNT, "description": "The stored records by kind."}
    return object_schema(
        dict.fromkeys(("event_id", "name", "message"), TEXT)
        | dict.fromkeys(("index", "refused_count"), COUNT)
        | {"field": {**TEXT, "description": "The property of the event that the reason is about."}}
        | {"result": {"enum": list(EventResult)}, "records": records, "reason": reason}
        | {"duplicate_of": earlier, "left_out": left_out}
    )


def _shown_upload() -> Schema:
    line = {"type": ["integer", "null"], "description": "The line of the file, from 1; null if it is about the file."}
    violation = object_schema({"line": line, "field": TEXT, "rule": TEXT, "message": TEXT})
    loaded = object_schema(
        dict.fromkeys(("source", "folder", "key", "etag"), TEXT) | {"rows": COUNT, "complete": {"type": "boolean"}}
    )
    about = "The object of the storage; without a key, the storage itself. Null for an upload."
    return object_schema(
        dict.fromkeys(("id", "time", "operation", "dashboard"), TEXT)
        | dict.fromkeys(("records", "refused_count"), COUNT)
        | {
            "status": {**COUNT, "description": "The status of the response; 0 for a bulk load, which has no response."},
            "kind": {"enum": ["upload", "bulk"]},
            "refused": {"type": "array", "items": violation},
            "unknown_fields": TEXTS,
            "object": {"description": about, "anyOf": [loaded, {"type": "null"}]},
            "notices": {"type": "array", "items": reference("UploadNotice")},
        }
    )


def _shown_load() -> Schema:
    texts = ("id", "time", "dashboard", "source", "folder", "key", "etag", "error", "overwritten")
    counts = ("offset", "rows", "records", "refused_rows")
    return object_schema(dict.fromkeys(texts, TEXT) | dict.fromkeys(counts, COUNT) | {"complete": {"type": "boolean"}})


def _planned_fault() -> Schema:
    expiry = {"type": ["number", "null"], "description": "In epoch seconds."}
    owner = {"type": ["string", "null"], "description": "The dashboard whose calls get the fault; null for all."}
    return object_schema(
        {"id": TEXT, "dashboard": owner, "calls": COUNT, "hits": COUNT, "expires_at": expiry, "fault": ANY_OBJECT}
    )


def _misses(noun: str, shown: str) -> Schema:
    nearest = object_schema({noun: reference(shown), "misses": TEXTS})
    return object_schema(
        {
            "code": {"const": 404},
            "message": TEXT,
            "count": COUNT,
            "nearest": {"type": "array", "items": nearest},
        }
    )
