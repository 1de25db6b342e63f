"""The control API of stored records, by kind, and of uploads."""

from functools import cache
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from traits_sandbox.contract.model import Contract
from traits_sandbox.control.impossible import RecordKind
from traits_sandbox.control.search import Located, RecordSearch
from traits_sandbox.control.since import parse_since
from traits_sandbox.control.views import shown_record, shown_upload
from traits_sandbox.control.waiting import wait_for
from traits_sandbox.errors import UsageError
from traits_sandbox.json_types import JsonObject
from traits_sandbox.web.control.bodies import read, unknown
from traits_sandbox.web.control.guard import dashboard_of
from traits_sandbox.web.control.outcome import found, refuse_reserved, unmet
from traits_sandbox.web.control.queries import (
    CountQuery,
    RecordCountQuery,
    RecordFindQuery,
    RecordWaitQuery,
    limit_of,
    parameters,
    without_query,
)
from traits_sandbox.web.control.services import PREFIX, ControlServices

_NAME = "records"


def record_kinds(contract: Contract) -> dict[str, str]:
    """Return the kinds of stored records, each with the field of its user, empty if it has none."""
    nested = {field.item for record in contract.records for field in record.fields}
    kinds: dict[str, str] = {}
    for record in contract.records:
        if record.heading not in nested or record.kind in kinds:
            user = record.field_of("user")
            kinds.setdefault(record.kind, user.name if user else "")
    return kinds


class RecordEndpoints:
    """Handles the calls under `/_sandbox/records`, each for the dashboard of its key, or for all."""

    def __init__(self, controls: ControlServices) -> None:
        self._controls = controls
        self._kinds = record_kinds(controls.contract)
        self._schemas = cache(self._kind)

    def _kind(self, kind: str) -> RecordKind:
        contract = self._controls.contract
        return RecordKind(contract, [record for record in contract.records if record.kind == kind])

    def _search(self, request: Request, kind: str, asked: CountQuery) -> RecordSearch:
        if kind not in self._kinds:
            raise UsageError(f"kind: {unknown('kind of records', kind, self._kinds)}")
        dashboard, user = dashboard_of(request), asked.match.get(self._kinds[kind])
        search = RecordSearch(
            self._controls.store,
            dashboard,
            kind,
            match=asked.match,
            since=parse_since(str(asked.since), self._controls.journal, dashboard),
            user=user if isinstance(user, str) else None,
        )
        self._schemas(kind).refuse_impossible(asked.match)
        return search

    async def show_all(self, request: Request) -> JSONResponse:
        """List the records of one kind, the newest last; 404 if there is no such kind."""
        kind = request.path_params["kind"]
        refuse_reserved(kind)
        if kind not in self._kinds:
            raise HTTPException(404, unknown("kind of records", kind, self._kinds))
        given = parameters(request, "user_id", "since", "limit")
        if given["user_id"] is not None and not self._kinds[kind]:
            raise UsageError(f"user_id: records of kind {kind} have no user")
        if given["user_id"] == "":
            raise UsageError("user_id: must not be empty")
        match: dict[str, Any] = {self._kinds[kind]: given["user_id"]} if given["user_id"] else {}
        limit = limit_of(given["limit"])
        searched = self._search(request, kind, CountQuery(match=match, since=given["since"] or ""))
        return found(_NAME, await searched.newest(limit), _shown)

    async def count(self, request: Request) -> JSONResponse:
        """Count the records that match the pattern of the body."""
        asked = await read(request, RecordCountQuery)
        records = await self._search(request, asked.kind, asked).all()
        return JSONResponse({"count": len(records)})

    async def find(self, request: Request) -> JSONResponse:
        """Return the records that match the pattern of the body."""
        asked = await read(request, RecordFindQuery)
        records = await self._search(request, asked.kind, asked).all()
        return found(_NAME, records[-asked.limit :], _shown)

    async def wait(self, request: Request) -> JSONResponse:
        """Wait until enough records match; 404 with the nearest misses if too few do in time."""
        asked = await read(request, RecordWaitQuery)
        searched = self._search(request, asked.kind, asked)
        records: list[Located] = [
            *await wait_for(searched, self._controls.stored, count=asked.count, within=asked.timeout_ms / 1000)
        ]
        if len(records) < asked.count:
            return unmet("record", asked, len(records), await searched.nearest(), _shown)
        return found(_NAME, records[-asked.limit :], _shown)


def record_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/records`."""
    endpoints, path = RecordEndpoints(controls), f"{PREFIX}/{_NAME}"
    return [
        Route(f"{path}/count", without_query(endpoints.count), methods=["POST"]),
        Route(f"{path}/find", without_query(endpoints.find), methods=["POST"]),
        Route(f"{path}/wait", without_query(endpoints.wait), methods=["POST"]),
        Route(f"{path}/{{kind}}", endpoints.show_all, methods=["GET"]),
    ]


def upload_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/uploads`."""

    async def show_all(request: Request) -> JSONResponse:
        limit = limit_of(parameters(request, "limit")["limit"])
        return found("uploads", [*controls.uploads.of(dashboard_of(request))][-limit:], shown_upload)

    async def show(request: Request) -> JSONResponse:
        upload = controls.uploads.find(request.path_params["id"], dashboard_of(request))
        if upload is None:
            raise HTTPException(404, "no such upload is kept: it was dropped, or it belongs to another dashboard")
        return found("", [upload], shown_upload)

    path = f"{PREFIX}/uploads"
    return [Route(path, show_all, methods=["GET"]), Route(f"{path}/{{id}}", without_query(show), methods=["GET"])]


def _shown(located: Located) -> JsonObject:
    return shown_record(*located)
