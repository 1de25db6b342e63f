"""The sandbox's endpoints, all under `/_sandbox`."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from traits_sandbox.errors import UsageError
from traits_sandbox.system import machine_error
from traits_sandbox.web.control.bulk import bulk_routes
from traits_sandbox.web.control.faults import fault_routes
from traits_sandbox.web.control.guard import Guard, dashboard_of
from traits_sandbox.web.control.masking import Masking
from traits_sandbox.web.control.openapi.document import control_openapi
from traits_sandbox.web.control.outcome import JsonAnswer
from traits_sandbox.web.control.queries import without_query
from traits_sandbox.web.control.records import record_routes, upload_routes
from traits_sandbox.web.control.requests import request_routes
from traits_sandbox.web.control.services import PREFIX, ControlServices


def admin(controls: ControlServices) -> ASGIApp:
    """Return the app of the sandbox's endpoints, with access checks and masking."""

    async def fail(_: Request, error: Exception) -> JSONResponse:
        if reason := machine_error(error):
            return _refusal(503, reason)
        controls.report_bug(error)
        return _refusal(500, "this is a bug in traits-sandbox, its cause is in the log")

    app = Starlette(
        routes=control_routes(controls),
        exception_handlers={HTTPException: _error, UsageError: _usage_error, Exception: fail},
    )
    app.router.redirect_slashes = False
    return Masking(Guard(app, controls.keys, controls.diagnosis, controls.token), controls.masker)


def control_routes(controls: ControlServices) -> list[Route]:
    """Return all routes of the control API."""
    return [
        *_own_routes(controls),
        *request_routes(controls),
        *record_routes(controls),
        *upload_routes(controls),
        *bulk_routes(controls),
        *fault_routes(controls),
    ]


def _own_routes(controls: ControlServices) -> list[Route]:
    async def show_health(_: Request) -> JSONResponse:
        return JSONResponse(await controls.health())

    async def describe(_: Request) -> JSONResponse:
        return JsonAnswer(control_openapi(controls.contract))

    async def reset(request: Request) -> Response:
        await controls.reset(dashboard_of(request))
        return Response(status_code=204)

    return [
        Route(f"{PREFIX}/health", without_query(show_health), methods=["GET"]),
        Route(f"{PREFIX}/openapi.json", without_query(describe), methods=["GET"]),
        Route(f"{PREFIX}/reset", without_query(reset), methods=["POST"]),
    ]


async def _error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    message = phrase.lower() if error.detail == phrase else error.detail
    headers = {"allow": ", ".join(_allowed(request))} if error.status_code == 405 else error.headers
    return _refusal(error.status_code, message, headers)


def _allowed(request: Request) -> list[str]:
    """Return the methods of all routes with a request's path: those of the path itself, before those of a pattern."""
    routes: list[Route] = [each for each in request.app.routes if each.matches(request.scope)[0] is not Match.NONE]
    exact = [route for route in routes if route.path == request.url.path] or routes
    return sorted({method for route in exact for method in route.methods or ()})


async def _usage_error(_: Request, error: Exception) -> JSONResponse:
    return _refusal(400, str(error))


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"code": status, "message": message}, status_code=status, headers=headers)
