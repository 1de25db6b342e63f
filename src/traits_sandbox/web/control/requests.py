"""The control API of the request journal."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from traits_sandbox.control.journal import Journal
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


class RequestEndpoints:
    """Handles the calls under `/_sandbox/requests`, each for the dashboard of its key, or for all."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def _search(self, request: Request, asked: CountQuery) -> RequestSearch:
        dashboard = dashboard_of(request)
        since = parse_since(str(asked.since), self._journal, dashboard)
        return RequestSearch(self._journal, dashboard, match=asked.match, since=since)

    async def show_all(self, request: Request) -> JSONResponse:
        """List the requests that match the query parameters, the newest last."""
        given = parameters(request, "operation", "status", "since", "limit")
        match = {"operation": given["operation"]} if given["operation"] else {}
        status = {"status": number_of("status", given["status"], 100, 599)} if given["status"] is not None else {}
        limit = limit_of(given["limit"])
        entries = await self._search(request, CountQuery(match=match | status, since=given["since"] or "")).all()
        meta = {"total": len(entries), "evicted": self._journal.evicted(dashboard_of(request))}
        return found(_NAME, entries[-limit:], shown_request, meta=meta)

    async def show(self, request: Request) -> JSONResponse:
        """Return one request by its id; 404 if the journal does not have it."""
        refuse_reserved(request.path_params["id"])
        entry = self._journal.find(request.path_params["id"], dashboard_of(request))
        if entry is None:
            raise HTTPException(
                404, "no such request is in the journal: it was dropped, or it belongs to another dashboard"
            )
        return found("", [entry], shown_request)

    async def clear(self, request: Request) -> Response:
        """Empty the journal."""
        self._journal.clear(dashboard_of(request))
        return Response(status_code=204)

    async def count(self, request: Request) -> JSONResponse:
        """Count the requests that match the pattern of the body."""
        entries = await self._search(request, await read(request, CountQuery)).all()
        return JSONResponse({"count": len(entries)})

    async def find(self, request: Request) -> JSONResponse:
        """Return the requests that match the pattern of the body."""
        asked = await read(request, FindQuery)
        entries = await self._search(request, asked).all()
        return found(_NAME, entries[-asked.limit :], shown_request)

    async def wait(self, request: Request) -> JSONResponse:
        """Wait until enough requests match; 404 with the nearest misses if too few do in time."""
        asked = await read(request, WaitQuery)
        searched = self._search(request, asked)
        entries: list[JournalEntry] = [
            *await wait_for(searched, self._journal.arrivals, count=asked.count, within=asked.timeout_ms / 1000)
        ]
        if len(entries) < asked.count:
            return unmet("request", asked, len(entries), await searched.nearest(), shown_request)
        return found(_NAME, entries[-asked.limit :], shown_request)


def request_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/requests`."""
    endpoints, path = RequestEndpoints(controls.journal), f"{PREFIX}/{_NAME}"
    return [
        Route(path, endpoints.show_all, methods=["GET"]),
        Route(path, endpoints.clear, methods=["DELETE"]),
        Route(f"{path}/count", endpoints.count, methods=["POST"]),
        Route(f"{path}/find", endpoints.find, methods=["POST"]),
        Route(f"{path}/wait", endpoints.wait, methods=["POST"]),
        Route(f"{path}/{{id}}", endpoints.show, methods=["GET"]),
    ]
