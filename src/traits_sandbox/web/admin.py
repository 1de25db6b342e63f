"""The sandbox's own endpoints, all under `/_sandbox`."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from traits_sandbox.web.controls import PREFIX, Controls


def admin(controls: Controls) -> Starlette:
    """Return the app of the sandbox's own endpoints."""

    async def show_health(_: Request) -> JSONResponse:
        return JSONResponse(await controls.health())

    return Starlette(
        routes=[Route(f"{PREFIX}/health", show_health, methods=["GET"])],
        exception_handlers={HTTPException: _error},
    )


async def _error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    body = {"code": error.status_code, "message": error.detail.lower()}
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
