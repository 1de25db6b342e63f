"""The control API of faults: plans, lists and removes them, for the dashboard of the call or for all."""

from typing import Any

import msgspec
import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from traits_sandbox.control.fault_plan import PlannedFault
from traits_sandbox.control.fault_reading import FaultError, read_fault
from traits_sandbox.web.control.guard import dashboard_of
from traits_sandbox.web.control.services import PREFIX, ControlServices


def fault_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/faults`."""
    plan = controls.faults.plan
    operations = [operation.id for operation in controls.contract.operations]

    async def add(request: Request) -> JSONResponse:
        try:
            fault = read_fault(_parsed(await request.body()), operations)
        except FaultError as error:
            body = {"code": 400, "message": "this is not a fault", "errors": error.errors}
            return JSONResponse(body, status_code=400)
        planned = plan.add(fault, dashboard_of(request))
        return JSONResponse(_shown(planned), 201, {"location": f"{PREFIX}/faults/{planned.id}"})

    async def show_all(request: Request) -> JSONResponse:
        return JSONResponse({"faults": [_shown(planned) for planned in plan.planned(dashboard_of(request))]})

    async def clear(request: Request) -> JSONResponse:
        return JSONResponse({"deleted": plan.clear(dashboard_of(request))})

    async def show(request: Request) -> JSONResponse:
        if (planned := plan.find(request.path_params["id"], dashboard_of(request))) is None:
            raise _absent(request)
        return JSONResponse(_shown(planned))

    async def remove(request: Request) -> Response:
        if not plan.remove(request.path_params["id"], dashboard_of(request)):
            raise _absent(request)
        return Response(status_code=204)

    path = f"{PREFIX}/faults"
    return [
        Route(path, add, methods=["POST"]),
        Route(path, show_all, methods=["GET"]),
        Route(path, clear, methods=["DELETE"]),
        Route(f"{path}/{{id}}", show, methods=["GET"]),
        Route(f"{path}/{{id}}", remove, methods=["DELETE"]),
    ]


def _parsed(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError as error:
        raise FaultError({"body": f"body must be JSON: {error}"}) from None


def _shown(planned: PlannedFault) -> dict[str, Any]:
    """Return a fault with its id, its dashboard and its counts."""
    return {
        "id": planned.id,
        "dashboard": planned.dashboard,
        "calls": planned.calls,
        "hits": planned.hits,
        "expires_at": planned.expires_at,
        "fault": msgspec.to_builtins(planned.fault),
    }


def _absent(request: Request) -> HTTPException:
    return HTTPException(404, f"no fault {request.path_params['id'][:80]} is planned here")
