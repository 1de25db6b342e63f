"""The control API of bulk loads: it ingests rows of objects, and lists the objects of the ledger."""

from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from traits_sandbox.bulk.loading.intake import Gap, Outage, RowBatch
from traits_sandbox.control.views import shown_load, shown_upload
from traits_sandbox.web.auth import DEFAULT_DASHBOARD
from traits_sandbox.web.control.bodies import read, unknown
from traits_sandbox.web.control.guard import dashboard_of
from traits_sandbox.web.control.outcome import JsonAnswer
from traits_sandbox.web.control.queries import parameters, without_query
from traits_sandbox.web.control.services import PREFIX, ControlServices

PATH: Final = f"{PREFIX}/bulk"


def bulk_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/bulk`."""
    bulk_intake = controls.bulk_intake

    async def show_ledger(request: Request) -> Response:
        parameters(request)
        dashboard = dashboard_of(request)
        version = f'"{controls.ledger.version}{"-" + dashboard if dashboard else ""}"'
        if request.headers.get("if-none-match") == version:
            return Response(status_code=304, headers={"etag": version})
        answer = JsonAnswer({"objects": [shown_load(load) for load in controls.ledger.of(dashboard)]})
        answer.headers["etag"] = version
        return answer

    async def ingest(request: Request) -> JSONResponse:
        folder = request.path_params["folder"]
        if folder not in bulk_intake.folders:
            raise HTTPException(404, unknown("folder", folder, bulk_intake.folders))
        batch = await read(request, RowBatch)
        try:
            result = await bulk_intake.ingest(dashboard_of(request) or DEFAULT_DASHBOARD, folder, batch)
        except Gap as gap:
            return JsonAnswer({"code": 409, "message": str(gap), "offset": gap.offset}, 409)
        return JsonAnswer(msgspec.to_builtins(result))

    async def report(request: Request) -> JSONResponse:
        outage = await read(request, Outage)
        return JsonAnswer(shown_upload(bulk_intake.report(dashboard_of(request) or DEFAULT_DASHBOARD, outage)), 201)

    return [
        Route(PATH, show_ledger, methods=["GET"]),
        Route(PATH, without_query(report), methods=["POST"]),
        Route(f"{PATH}/{{folder}}", without_query(ingest), methods=["POST"]),
    ]
