"""The OpenAPI document of the control API; request bodies are described by the structs that read them."""

from collections.abc import Iterator
from typing import Final

from traits_sandbox import __version__
from traits_sandbox.bulk.loading.intake import BatchResult, Outage, RowBatch
from traits_sandbox.contract.model import Contract
from traits_sandbox.control.fault_reading import fault_schemas
from traits_sandbox.control.matching import OPERATORS
from traits_sandbox.control.search import INSIDE, OUTSIDE
from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.derive.struct_schemas import COMPONENTS, struct_schemas
from traits_sandbox.web.control.guard import TOKEN_HEADER
from traits_sandbox.web.control.queries import (
    DEFAULT_LIMIT,
    MAX_LIMIT,
    CountQuery,
    FindQuery,
    RecordCountQuery,
    RecordFindQuery,
    RecordWaitQuery,
    WaitQuery,
)
from traits_sandbox.web.control.records import record_kinds
from traits_sandbox.web.control.services import PREFIX

_SEARCHES: Final = (CountQuery, FindQuery, WaitQuery, RecordCountQuery, RecordFindQuery, RecordWaitQuery)

_TEXT: Final[Schema] = {"type": "string"}
_NUMBER: Final[Schema] = {"type": "number"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_TEXTS: Final[Schema] = {"type": "array", "items": _TEXT}
_ID: Final[Schema] = {"name": "id", "in": "path", "required": True, "schema": _TEXT}
_OPERATORS: Final = ", ".join(OPERATORS)
_MATCHING: Final = (
    "A part of what is looked for. An object matches when each of its members matches, a list when each of its "
    "elements matches some element, anything else when it is equal. In the place of a value, conditions may stand: "
    f"{_OPERATORS}. What is not there matches only {{exists: false}}."
)
_ABOUT: Final = (
    "What only a sandbox has: the request journal, what is stored, bulk loads, faults and reset. With a key, each call "
    "concerns that key's dashboard alone; without one, all of them (what is loaded in bulk goes into `default`). A "
    "browser's page of another origin is refused with 403."
)


def control_openapi(contract: Contract) -> Schema:
    """Return the OpenAPI document of the control API."""
    paths: Schema = {}
    for method, path, operation in _operations(contract):
        paths.setdefault(PREFIX + path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "traits-sandbox control API", "version": __version__, "description": _ABOUT},
        "security": [{}, {"dashboardKey": []}],
        "paths": paths,
        "components": {
            "schemas": _schemas(contract),
            "responses": _refusals(),
            "securitySchemes": {
                "dashboardKey": {"type": "http", "scheme": "bearer", "description": "The key of one dashboard."},
                "controlToken": {
                    "type": "apiKey",
                    "in": "header",
                    "name": TOKEN_HEADER,
                    "description": "Asked for where the sandbox was started with --control-token.",
                },
            },
        },
    }


def _operations(contract: Contract) -> Iterator[tuple[str, str, Schema]]:
    kinds = record_kinds(contract)
    yield "get", "/health", _operation("Tell whether the sandbox is ready", {200: {"type": "object"}})
    yield "get", "/openapi.json", _operation("Describe the control API", {200: {"type": "object"}})
    yield (
        "post",
        "/reset",
        _operation("Empty records, journal, uploads, the ledger of bulk loads, and faults", {204: None}),
    )
    yield from _requests()
    yield from _records(kinds)
    yield from _bulk([category.folder for category in contract.categories])
    uploads = [_limit()]
    yield "get", "/uploads", _operation("List uploads", {200: _listing("uploads", "Upload")}, uploads, refused=(400,))
    yield "get", "/uploads/{id}", _operation("Show an upload", {200: _ref("Upload")}, [_ID], refused=(404,))
    yield from _faults()


def _requests() -> Iterator[tuple[str, str, Schema]]:
    page = _object({"requests": _list_of("Request"), "meta": _object({"total": _COUNT, "evicted": _COUNT})})
    filters = [
        _query("operation", _TEXT, "Only requests for this operation, such as push_purchases."),
        _query("status", {"type": "integer", "minimum": 100, "maximum": 599}, "Only requests with this answer."),
        _since(),
        _limit(),
    ]
    yield "get", "/requests", _operation("List requests, the newest last", {200: page}, filters, refused=(400,))
    yield "delete", "/requests", _operation("Empty the journal", {204: None})
    yield "get", "/requests/{id}", _operation("Show a request", {200: _ref("Request")}, [_ID], refused=(404,))
    yield from _matching("requests", "Request", (CountQuery, FindQuery, WaitQuery))


def _records(kinds: dict[str, str]) -> Iterator[tuple[str, str, Schema]]:
    kind = {"name": "kind", "in": "path", "required": True, "schema": {"enum": list(kinds)}}
    filters = [kind, _query("user_id", _TEXT, "Only records about this user."), _since(), _limit()]
    listing = _listing("records", "Record")
    shown = _operation("List records of a kind, the newest last", {200: listing}, filters, refused=(400, 404))
    yield "get", "/records/{kind}", shown
    yield from _matching("records", "Record", (RecordCountQuery, RecordFindQuery, RecordWaitQuery))


def _matching(name: str, shown: str, bodies: tuple[type, type, type]) -> Iterator[tuple[str, str, Schema]]:
    counting, finding, waiting = (_ref(body.__name__) for body in bodies)
    found = _listing(name, shown)
    counted = _object({"count": _COUNT})
    yield "post", f"/{name}/count", _operation(f"Count {name} that match", {200: counted}, body=counting)
    yield "post", f"/{name}/find", _operation(f"Find {name} that match", {200: found}, body=finding)
    answers: dict[int, Schema | None] = {200: found, 404: _ref(f"{shown}Misses")}
    yield "post", f"/{name}/wait", _operation(f"Wait for {name} that match", answers, body=waiting)


def _bulk(folders: list[str]) -> Iterator[tuple[str, str, Schema]]:
    folder = {"name": "folder", "in": "path", "required": True, "schema": {"enum": folders}}
    known = {"name": "If-None-Match", "in": "header", "schema": _TEXT, "description": "The ETag of an earlier answer."}
    listed = _operation("Show the ledger of objects that have come in", {200: _listing("objects", "Load")}, [known])
    listed["responses"]["304"] = {"description": "The ledger is still the same."}
    yield "get", "/bulk", listed
    told = _operation("Tell that a storage cannot be connected to", {201: _ref("Upload")}, body=_ref("Outage"))
    yield "post", "/bulk", told
    answers: dict[int, Schema | None] = {200: _ref("Taken"), 409: _ref("Gap")}
    yield (
        "post",
        "/bulk/{folder}",
        _operation("Ingest rows of an object, each once", answers, [folder], body=_ref("RowBatch"), refused=(404,)),
    )


def _faults() -> Iterator[tuple[str, str, Schema]]:
    deleted = _object({"deleted": _COUNT})
    yield "post", "/faults", _operation("Plan a fault", {201: _ref("PlannedFault")}, body=_ref("Fault"))
    yield "get", "/faults", _operation("List planned faults", {200: _listing("faults", "PlannedFault")})
    yield "delete", "/faults", _operation("Take all faults back", {200: deleted})
    yield "get", "/faults/{id}", _operation("Show a fault", {200: _ref("PlannedFault")}, [_ID], refused=(404,))
    yield "delete", "/faults/{id}", _operation("Take a fault back", {204: None}, [_ID], refused=(404,))


def _operation(
    summary: str,
    answers: dict[int, Schema | None],
    parameters: list[Schema] | None = None,
    *,
    body: Schema | None = None,
    refused: tuple[int, ...] = (),
) -> Schema:
    statuses = {401, 403, *refused, *((400, 413, 415) if body else ())} - answers.keys()
    responses = {str(status): _answer(schema) for status, schema in answers.items()}
    responses |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)}
    content = {"required": True, "content": {"application/json": {"schema": body}}}
    return {
        "summary": summary,
        **({"parameters": parameters} if parameters else {}),
        **({"requestBody": content} if body else {}),
        "responses": responses,
    }


def _answer(schema: Schema | None) -> Schema:
    if schema is None:
        return {"description": "Done."}
    return {"description": "As asked.", "content": {"application/json": {"schema": schema}}}


def _refusals() -> Schema:
    reasons = {
        400: "The call is invalid; the message says why.",
        401: "The key opens no dashboard, or the control token is missing or wrong.",
        403: "A page of another origin, or a host name that is not served.",
        404: "There is no such thing, or it is another dashboard's.",
        413: "The body is too large.",
        415: "The body is not sent as application/json.",
    }
    content = {"application/json": {"schema": _ref("Refusal")}}
    return {str(status): {"description": reason, "content": content} for status, reason in reasons.items()}


def _schemas(contract: Contract) -> Schema:
    bodies = struct_schemas(_SEARCHES)
    loads = struct_schemas((RowBatch, Outage, BatchResult))
    for schema in bodies.values():
        schema["properties"]["match"] |= {"description": _MATCHING}
        if "kind" in schema["properties"]:
            schema["properties"]["kind"] = {"enum": list(record_kinds(contract))}
        else:
            schema["properties"]["match"] |= _request_match()
    refusal = _object({"code": {"type": "integer"}, "message": _TEXT})
    refusal["properties"]["errors"] = {"type": "object", "additionalProperties": _TEXT}
    return {
        **bodies,
        **loads,
        "Load": _shown_load(),
        "Gap": _object({"code": {"const": 409}, "message": _TEXT, "offset": _COUNT}),
        **fault_schemas(),
        "Request": _shown_request(),
        "Record": _object(dict.fromkeys(("kind", "dashboard", "time", "request_id"), _TEXT) | {"record": _ANY_OBJECT}),
        "Upload": _shown_upload(),
        "PlannedFault": _planned_fault(),
        "RequestMisses": _misses("request", "Request"),
        "RecordMisses": _misses("record", "Record"),
        "Refusal": refusal,
    }


_ANY_OBJECT: Final[Schema] = {"type": "object"}


def _request_match() -> Schema:
    return {"properties": {name: {} for name in (*OUTSIDE, *INSIDE)}, "additionalProperties": False}


def _shown_request() -> Schema:
    texts = ("id", "time", "operation", "dashboard", "method", "path", "query", "fault", "hint")
    lists = ("violations", "unknown_fields", "lenient_readings")
    return _object(
        dict.fromkeys(texts, _TEXT)
        | dict.fromkeys(("status", "records", "violation_count"), _COUNT)
        | dict.fromkeys(lists, _TEXTS)
        | {"duration_ms": _NUMBER, "headers": {"type": "object", "additionalProperties": _TEXT}, "body": {}}
    )


def _shown_upload() -> Schema:
    line = {"type": ["integer", "null"], "description": "The line of the file, from 1; null if it is about the file."}
    verdict = _object({"line": line, "field": _TEXT, "rule": _TEXT, "message": _TEXT})
    loaded = _object(
        dict.fromkeys(("source", "folder", "key", "etag"), _TEXT) | {"rows": _COUNT, "complete": {"type": "boolean"}}
    )
    about = "Which object of a storage it is; without a key, the storage itself. Null for an upload."
    return _object(
        dict.fromkeys(("id", "time", "operation", "dashboard"), _TEXT)
        | dict.fromkeys(("records", "refused_count"), _COUNT)
        | {
            "status": {**_COUNT, "description": "That of the answer; 0 for a bulk load, which is not answered."},
            "kind": {"enum": ["upload", "bulk"]},
            "refused": {"type": "array", "items": verdict},
            "unknown_fields": _TEXTS,
            "object": {"description": about, "anyOf": [loaded, {"type": "null"}]},
            "notices": {"type": "array", "items": _ref("UploadNotice")},
        }
    )


def _shown_load() -> Schema:
    texts = ("id", "time", "dashboard", "source", "folder", "key", "etag", "error", "overwritten")
    counts = ("offset", "rows", "records", "refused_rows")
    return _object(dict.fromkeys(texts, _TEXT) | dict.fromkeys(counts, _COUNT) | {"complete": {"type": "boolean"}})


def _planned_fault() -> Schema:
    expiry = {"type": ["number", "null"], "description": "In epoch seconds."}
    owner = {"type": ["string", "null"], "description": "Whose calls it meets; null for all."}
    return _object(
        {"id": _TEXT, "dashboard": owner, "calls": _COUNT, "hits": _COUNT, "expires_at": expiry, "fault": _ANY_OBJECT}
    )


def _misses(noun: str, shown: str) -> Schema:
    nearest = _object({noun: _ref(shown), "misses": _TEXTS})
    return _object(
        {
            "code": {"const": 404},
            "message": _TEXT,
            "count": _COUNT,
            "nearest": {"type": "array", "items": nearest},
        }
    )


def _object(properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _listing(name: str, shown: str) -> Schema:
    return _object({name: _list_of(shown)})


def _list_of(shown: str) -> Schema:
    return {"type": "array", "items": _ref(shown)}


def _ref(name: str) -> Schema:
    return {"$ref": COMPONENTS.format(name=name)}


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": description}


def _since() -> Schema:
    return _query("since", _TEXT, "A time (epoch seconds or ISO 8601), or the id of the request after which.")


def _limit() -> Schema:
    schema = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    return _query("limit", schema, "The largest number of entries; the newest are returned.")
