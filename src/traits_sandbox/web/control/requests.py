"""The control API of the request journal."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.control.search import RequestSearch
from traits_sandbox.control.since import parse_since
from traits_sandbox.control.views import shown_request
from traits_sandbox.control.waiting import wait_for
from traits_sandbox.web.control.guard import dashboard_of
from traits_sandbox.web.control.outcome import found, refuse_reserved, unmet
from traits_sandbox.web.control.queries import CountQuery, FindQuery, WaitQuery, limit_of, number_of, parameters, read
from traits_sandbox.web.control.services import PREFIX, ControlServices

_NAME = "requests"


def request_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/requests`."""
    journal = controls.journal

    def search(request: Request, asked: CountQuery) -> RequestSearch:
        dashboard = dashboard_of(request)
        since = parse_since(str(asked.since), journal, dashboard)
        return RequestSearch(journal, dashboard, match=asked.match, since=since)

    async def show_all(request: Request) -> JSONResponse:
        given = parameters(request, "operation", "status", "since", "limit")
        match = {"operation": given["operation"]} if given["operation"] else {}
        status = {"status": number_of("status", given["status"], 100, 599)} if given["status"] is not None else {}
        limit = limit_of(given["limit"])
        entries = await search(request, CountQuery(match=match | status, since=given["since"] or "")).all()
        meta = {"total": len(entries), "evicted": journal.evicted(dashboard_of(request))}
        return found(_NAME, entries[-limit:], shown_request, meta=meta)

    async def show(request: Request) -> JSONResponse:
        refuse_reserved(request.path_params["id"])
        entry = journal.find(request.path_params["id"], dashboard_of(request))
        if entry is None:
            raise HTTPException(404, "no such request is in the journal: it may have left, or be another dashboard's")
        return found("", [entry], shown_request)

    async def clear(request: Request) -> Response:
        journal.clear(dashboard_of(request))
        return Response(status_code=204)

    async def count(request: Request) -> JSONResponse:
        entries = await search(request, await read(request, CountQuery)).all()
        return JSONResponse({"count": len(entries)})

    async def find(request: Request) -> JSONResponse:
        asked = await read(request, FindQuery)
        entries = await search(request, asked).all()
        return found(_NAME, entries[-asked.limit :], shown_request)

    async def wait(request: Request) -> JSONResponse:
        asked = await read(request, WaitQuery)
        searched = search(request, asked)
        entries: list[JournalEntry] = [
            *await wait_for(searched, journal.arrivals, count=asked.count, within=asked.timeout_ms / 1000)
        ]
        if len(entries) < asked.count:
            return unmet("request", asked, len(entries), await searched.nearest(), shown_request)
        return found(_NAME, entries[-asked.limit :], shown_request)

    path = f"{PREFIX}/{_NAME}"
    return [
        Route(path, show_all, methods=["GET"]),
        Route(path, clear, methods=["DELETE"]),
        Route(f"{path}/count", count, methods=["POST"]),
        Route(f"{path}/find", find, methods=["POST"]),
        Route(f"{path}/wait", wait, methods=["POST"]),
        Route(f"{path}/{{id}}", show, methods=["GET"]),
    ]
