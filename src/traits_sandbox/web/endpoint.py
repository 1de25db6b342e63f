"""One operation between HTTP and its handler: read a request into a call, then act on it."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl

from traits_sandbox.contract.model import Operation
from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.derive.sentences import found_instead
from traits_sandbox.errors import BadRequest, Rule, Violation
from traits_sandbox.handlers.call import Call, Handler
from traits_sandbox.web.body import BodyLimits, IncomingBody
from traits_sandbox.web.envelope import EnvelopeResponse, success

_MAX_QUERY_FIELDS = 100


class Endpoint:
    """Reads the requests of one operation, and answers with its handler's result."""

    def __init__(self, operation: Operation, handler: Handler, limits: BodyLimits) -> None:
        assert operation.response is not None
        self._handler = handler
        self._limits = limits
        self._response = operation.response
        self._media_type = operation.body.media_type if operation.body else ""
        self._part = operation.body.part if operation.body else ""
        self._query = tuple(parameter.name for parameter in operation.query_parameters)

    async def read(
        self, entry: JournalEntry, path: Mapping[str, str], query: Mapping[str, str], body: IncomingBody
    ) -> Call:
        """Return the call that a request makes; raises BadRequest if it makes none."""
        if self._media_type:
            body.require(self._media_type)
        self._require(query)
        if self._part:
            file = await body.uploaded_file(self._part, self._limits.upload)
            return Call(entry.dashboard, entry.request_id, entry.received_at, path, query, upload=file)
        entry.body = await body.read(self._limits.body)
        return Call(entry.dashboard, entry.request_id, entry.received_at, path, query, entry.body)

    async def act(self, entry: JournalEntry, call: Call) -> EnvelopeResponse:
        """Return the envelope of the handler's result; raises ApiError."""
        result = await self._handler(call)
        entry.records, entry.unknown = result.records, result.unknown
        entry.violations, entry.violation_count = result.refused, result.refused_count
        if result.readings:
            entry.readings += result.readings
        if result.events or result.hint:
            entry.events, entry.hint = result.events, result.hint
        return success(self._response, result)

    def _require(self, query: Mapping[str, str]) -> None:
        if missing := [name for name in self._query if not query.get(name)]:
            unknown = [name for name in query if name not in self._query]
            raise BadRequest(tuple(Violation(name, Rule.REQUIRED, _required(name, unknown)) for name in missing))


def _required(name: str, unknown: Sequence[str]) -> str:
    return f"is required, as a query parameter{found_instead(name, unknown, only_alike=True)}"


def parse_query(query_string: bytes) -> dict[str, str]:
    """Return the query parameters, decoded once, the last of each name; raises BadRequest if they cannot be decoded."""
    if not query_string:
        return {}
    try:
        text = query_string.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS))
    except ValueError:
        message = f"must be percent-encoded UTF-8 with at most {_MAX_QUERY_FIELDS} parameters"
        raise BadRequest((Violation("query", Rule.QUERY, message),)) from None
