"""The control API of the request journal."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from traits_sandbox.control.impossible import METHODS, STATUSES, is_request_id, refuse_impossible_request
from traits_sandbox.control.journal import Journal
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.control.search import RequestSearch
from traits_sandbox.control.since import parse_since
from traits_sandbox.control.views import shown_request
from traits_sandbox.control.waiting import wait_for
from traits_sandbox.errors import UsageError
from traits_sandbox.web.control.bodies import read
from traits_sandbox.web.control.guard import dashboard_of
from traits_sandbox.web.control.outcome import found, refuse_reserved, unmet
from traits_sandbox.web.control.queries import (
    CountQuery,
    FindQuery,
    WaitQuery,
    limit_of,
    number_of,
    parameters,
    without_query,
)
from traits_sandbox.web.control.services import PREFIX, ControlServices
from traits_sandbox.web.early_refusals import RefusalReason
from traits_sandbox.web.key_mistakes import KeyMistake

REASONS: Final = ("", *KeyMistake, *RefusalReason)
_NAME = "requests"


class RequestEndpoints:
    """Handles the calls under `/_sandbox/requests`, each for the dashboard of its key, or for all."""

    def __init__(self, journal: Journal, operations: list[str]) -> None:
        self._journal = journal
        self._known = {"operation": (*operations, ""), "status": STATUSES, "method": METHODS, "reason": REASONS}

    def _search(self, request: Request, asked: CountQuery) -> RequestSearch:
        dashboard = dashboard_of(request)
        since = parse_since(str(asked.since), self._journal, dashboard)
        search = RequestSearch(self._journal, dashboard, match=asked.match, since=since)
        known = self._known if dashboard is None else {**self._known, "dashboard": (dashboard,)}
        refuse_impossible_request(asked.match, known)
        return search

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
            raise HTTPException(404, _absent(request.path_params["id"]))
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
        if asked.count > self._journal.max_entries:
            raise UsageError(f"count: the journal keeps at most {self._journal.max_entries} requests")
        searched = self._search(request, asked)
        entries: list[JournalEntry] = [
            *await wait_for(searched, self._journal.arrivals, count=asked.count, within=asked.timeout_ms / 1000)
        ]
        if len(entries) < asked.count:
            return unmet("request", asked, len(entries), await searched.nearest(), shown_request)
        return found(_NAME, entries[-asked.limit :], shown_request)


def request_routes(controls: ControlServices) -> list[Route]:
    """Return the routes under `/_sandbox/requests`."""
    operations = [operation.id for operation in controls.contract.operations]
    endpoints, path = RequestEndpoints(controls.journal, operations), f"{PREFIX}/{_NAME}"
    return [
        Route(path, endpoints.show_all, methods=["GET"]),
        Route(path, without_query(endpoints.clear), methods=["DELETE"]),
        Route(f"{path}/count", without_query(endpoints.count), methods=["POST"]),
        Route(f"{path}/find", without_query(endpoints.find), methods=["POST"]),
        Route(f"{path}/wait", without_query(endpoints.wait), methods=["POST"]),
        Route(f"{path}/{{id}}", without_query(endpoints.show), methods=["GET"]),
    ]


def _absent(request_id: str) -> str:
    if not is_request_id(request_id):
        return f"{request_id[:80]!a} has not the form of a request id, such as 1a2b-3"
    return "no such request is in the journal: it was dropped, or it belongs to another dashboard"
