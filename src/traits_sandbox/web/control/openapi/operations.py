"""The operations of the control API, as its OpenAPI document describes them."""

from collections.abc import Iterator
from typing import Final

from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.json_schema import Schema
from traits_sandbox.web.control.openapi.parts import (
    COUNT,
    TEXT,
    array_of,
    limit_parameter,
    listing,
    object_schema,
    query_parameter,
    reference,
    since_parameter,
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

_ID: Final[Schema] = {"name": "id", "in": "path", "required": True, "schema": TEXT}


def operations(contract: Contract) -> Iterator[tuple[str, str, Schema]]:
    """Yield the method, the path below `/_sandbox` and the description of each operation."""
    kinds = record_kinds(contract)
    yield "get", "/health", _operation("Report whether the sandbox is ready", {200: {"type": "object"}})
    yield "get", "/openapi.json", _operation("Describe the control API", {200: {"type": "object"}})
    yield (
        "post",
        "/reset",
        _operation("Empty records, journal, uploads, the ledger of bulk loads, and faults", {204: None}),
    )
    yield from _requests()
    yield from _records(kinds)
    yield from _bulk([category.folder for category in contract.categories])
    uploads = [limit_parameter()]
    yield "get", "/uploads", _operation("List uploads", {200: listing("uploads", "Upload")}, uploads)
    yield "get", "/uploads/{id}", _operation("Show an upload", {200: reference("Upload")}, [_ID], refused=(404,))
    yield from _faults()


def _requests() -> Iterator[tuple[str, str, Schema]]:
    page = object_schema({"requests": array_of("Request"), "meta": object_schema({"total": COUNT, "evicted": COUNT})})
    filters = [
        query_parameter("operation", TEXT, "Only requests for this operation, such as push_purchases."),
        query_parameter(
            "status", {"type": "integer", "minimum": 100, "maximum": 599}, "Only requests with this response status."
        ),
        since_parameter(),
        limit_parameter(),
    ]
    yield "get", "/requests", _operation("List requests, the newest last", {200: page}, filters)
    yield "delete", "/requests", _operation("Empty the journal", {204: None})
    yield "get", "/requests/{id}", _operation("Show a request", {200: reference("Request")}, [_ID], refused=(404,))
    yield from _matching("requests", "Request", (CountQuery, FindQuery, WaitQuery))


def _records(kinds: dict[str, str]) -> Iterator[tuple[str, str, Schema]]:
    kind = {"name": "kind", "in": "path", "required": True, "schema": {"enum": list(kinds)}}
    filters = [
        kind,
        query_parameter("user_id", TEXT, "Only records about this user."),
        since_parameter(),
        limit_parameter(),
    ]
    records = listing("records", "Record")
    shown = _operation("List records of a kind, the newest last", {200: records}, filters, refused=(404,))
    yield "get", "/records/{kind}", shown
    yield from _matching("records", "Record", (RecordCountQuery, RecordFindQuery, RecordWaitQuery))


def _matching(name: str, shown: str, bodies: tuple[type, type, type]) -> Iterator[tuple[str, str, Schema]]:
    counting, finding, waiting = (reference(body.__name__) for body in bodies)
    found = listing(name, shown)
    counted = object_schema({"count": COUNT})
    yield "post", f"/{name}/count", _operation(f"Count {name} that match", {200: counted}, body=counting)
    yield "post", f"/{name}/find", _operation(f"Find {name} that match", {200: found}, body=finding)
    answers: dict[int, Schema | None] = {200: found, 404: reference(f"{shown}Misses")}
    yield "post", f"/{name}/wait", _operation(f"Wait for {name} that match", answers, body=waiting)


def _bulk(folders: list[str]) -> Iterator[tuple[str, str, Schema]]:
    folder = {"name": "folder", "in": "path", "required": True, "schema": {"enum": folders}}
    known = {"name": "If-None-Match", "in": "header", "schema": TEXT, "description": "The ETag of an earlier response."}
    listed = _operation("List the objects that were ingested", {200: listing("objects", "Load")}, [known])
    listed["responses"]["304"] = {"description": "The ledger is still the same."}
    yield "get", "/bulk", listed
    reported = _operation(
        "Report that a storage cannot be reached", {201: reference("Upload")}, body=reference("Outage")
    )
    yield "post", "/bulk", reported
    answers: dict[int, Schema | None] = {200: reference("BatchResult"), 409: reference("Gap")}
    yield (
        "post",
        "/bulk/{folder}",
        _operation(
            "Ingest rows of an object, each once", answers, [folder], body=reference("RowBatch"), refused=(404,)
        ),
    )


def _faults() -> Iterator[tuple[str, str, Schema]]:
    deleted = object_schema({"deleted": COUNT})
    yield "post", "/faults", _operation("Plan a fault", {201: reference("PlannedFault")}, body=reference("Fault"))
    yield "get", "/faults", _operation("List planned faults", {200: listing("faults", "PlannedFault")})
    yield "delete", "/faults", _operation("Remove all faults", {200: deleted})
    yield "get", "/faults/{id}", _operation("Show a fault", {200: reference("PlannedFault")}, [_ID], refused=(404,))
    yield "delete", "/faults/{id}", _operation("Remove a fault", {204: None}, [_ID], refused=(404,))


def _operation(
    summary: str,
    answers: dict[int, Schema | None],
    parameters: list[Schema] | None = None,
    *,
    body: Schema | None = None,
    refused: tuple[int, ...] = (),
) -> Schema:
    statuses = {400, 401, 403, *refused, *((413, 415) if body else ())} - answers.keys()
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
    return {"description": "The result.", "content": {"application/json": {"schema": schema}}}
