"""The part of a request's way that depends on its operation: read within the limit, then act."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from traits_sandbox.contract.model import Operation
from traits_sandbox.errors import BadRequest, Violation
from traits_sandbox.handlers.call import Call, Handler, Reply
from traits_sandbox.web.body import MAX_JSON, Sent
from traits_sandbox.web.exchange import Exchange

_MAX_QUERY_FIELDS = 100


class Endpoint:
    """One operation in front of its handler."""

    def __init__(self, operation: Operation, handler: Handler) -> None:
        self._handler = handler
        self._media_type = operation.body.media_type if operation.body else ""
        self._part = operation.body.part if operation.body else ""
        self._query = tuple(parameter.name for parameter in operation.query_parameters)

    async def __call__(
        self,
        exchange: Exchange,
        path: Mapping[str, str],
        query: Mapping[str, str],
        sent: Sent,
    ) -> Reply:
        """Return the handler's reply; raises ApiError."""
        if self._media_type:
            sent.require(self._media_type)
        self._require(query)
        where = (exchange.dashboard, exchange.id, exchange.received_at, path, query)
        if self._part:
            async with sent.uploaded_file(self._part) as file:
                return await self._handler(Call(*where, upload=file))
        return await self._handler(Call(*where, body=await sent.read(MAX_JSON)))

    def _require(self, query: Mapping[str, str]) -> None:
        if missing := [name for name in self._query if not query.get(name)]:
            message = "is required, as a query parameter"
            raise BadRequest(tuple(Violation("", name, name, "required", message) for name in missing))


def parse_query(query_string: bytes) -> dict[str, str]:
    """Return the query parameters, decoded once, the last of each name; raises BadRequest if they cannot be."""
    if not query_string:
        return {}
    try:
        text = query_string.decode("ascii")
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_QUERY_FIELDS))
    except ValueError:
        message = f"must be percent-encoded UTF-8 with at most {_MAX_QUERY_FIELDS} parameters"
        raise BadRequest((Violation("", "query", "query", "query", message),)) from None
