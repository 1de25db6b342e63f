"""The control API of faults: plans, lists and removes them, for the dashboard of the call or for all."""

from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from traits_sandbox.control.fault_plan import FaultPlan, PlannedFault
from traits_sandbox.control.fault_reading import FaultError, read_fault
from traits_sandbox.errors import UsageError
from traits_sandbox.web.control.bodies import parsed
from traits_sandbox.web.control.guard import dashboard_of
from traits_sandbox.web.control.queries import without_query
from traits_sandbox.web.control.services import PREFIX, ControlServices


class FaultEndpoints:
    """Handles the calls under `/_sandbox/faults`, each for the dashboard of its key, or for all."""

    def __init__(self, plan: FaultPlan, operations: list[str]) -> None:
        self._plan, self._operations = plan, operations

    async def add(self, request: Request) -> JSONResponse:
        """Plan the fault of the body; 400 with one message per invalid member."""
        try:
            fault = read_fault(_parsed(await request.body()), self._operations)
        except FaultError as error:
            body = {"code": 400, "message": "this is not a fault", "errors": error.errors}
            return JSONResponse(body, status_code=400)
        planned = self._plan.add(fault, dashboard_of(request))
        return JSONResponse(_shown(planned), 201, {"location": f"{PREFIX}/faults/{planned.id}"})

    async def show_all(self, request: Request) -> JSONResponse:
        """List the planned faults."""
        return JSONResponse({"faults": [_shown(planned) for planned in self._plan.planned(dashboard_of(request))]})

    async def clear(self, request: Request) -> JSONResponse:
        """Remove all faults."""
        return JSONResponse({"deleted": self._plan.clear(dashboard_of(request))})

    async def show(self, request: Request) -> JSONResponse:
        """Return one planned fault; 404 if it is not planned."""
        if (planned := self._plan.find(request.path_params["id"], dashboard_of(request))) is None:
            raise _absent(request)
        return JSONResponse(_shown(planned))

    async def remove(self, request: Request) -> Response:
        """Remove one planned fault; 404 if it is not planned."""
        if not self._plan.remove(request.path_params["id"], dashboard_of(request)):
            raise _absent(request)
        return Response(status_code=204)


def fault_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/faults`."""
    operations = [operation.id for operation in controls.contract.operations]
    endpoints, path = FaultEndpoints(controls.faults.plan, operations), f"{PREFIX}/faults"
    return [
        Route(path, without_query(endpoints.add), methods=["POST"]),
        Route(path, without_query(endpoints.show_all), methods=["GET"]),
        Route(path, without_query(endpoints.clear), methods=["DELETE"]),
        Route(f"{path}/{{id}}", without_query(endpoints.show), methods=["GET"]),
        Route(f"{path}/{{id}}", without_query(endpoints.remove), methods=["DELETE"]),
    ]


def _parsed(body: bytes) -> Any:
    try:
        return parsed(body)
    except UsageError as error:
        raise FaultError({"body": str(error).replace(":", "", 1)}) from None


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
