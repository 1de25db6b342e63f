"""Questions that no request or record can ever match: mistakes of the one who asks, not empty results."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from traits_sandbox.contract.model import Contract, Field, Record
from traits_sandbox.control.credentials import CREDENTIAL_HEADERS
from traits_sandbox.control.matching import OPERATORS, Matcher, MatchError
from traits_sandbox.derive.records import RecordSchema
from traits_sandbox.derive.sentences import excerpt, nearest
from traits_sandbox.errors import Rule
from traits_sandbox.reporting.masking import MASK

STATUSES: Final = (0, *range(100, 600))

# Every method that the HTTP parser knows, and none for what is not a request.
METHODS: Final = (
    *("", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY", "COPY", "LOCK"),
    *("MKCOL", "MOVE", "PROPFIND", "PROPPATCH", "SEARCH", "UNLOCK", "BIND", "REBIND", "UNBIND", "ACL", "REPORT"),
    *("MKACTIVITY", "CHECKOUT", "MERGE", "M-SEARCH", "NOTIFY", "SUBSCRIBE", "UNSUBSCRIBE", "PURGE", "MKCALENDAR"),
    *("LINK", "UNLINK", "SOURCE", "PRI"),
)
_ID: Final = re.compile(r"[0-9a-f]{4}-[1-9][0-9]*\Z")
_ORDERED: Final = ("gt", "gte", "lt", "lte")
_TEXTS: Final = ("path", "query", "fault", "dashboard")


def is_request_id(text: str) -> bool:
    """Return whether a text has the form of a request's id."""
    return _ID.match(text) is not None


def refuse_impossible_request(match: Mapping[str, Any], known: Mapping[str, Collection[Any]]) -> None:
    """Raise MatchError if no request can match; `known` has all values that some members can have."""
    for name, values in known.items():
        if name in match and not any(map(Matcher.of(match[name]).matches, values)):
            raise MatchError(f"{name}: no request can match {excerpt(match[name])}{_meant(match[name], values)}")
    for mistake in chain(_form_mistakes(match), _header_mistakes(match.get("headers"))):
        raise MatchError(mistake)


def _meant(value: Any, values: Collection[Any]) -> str:
    known = [each for each in values if isinstance(each, str) and each]
    if not known:
        return f": it is a number from {min(filter(None, values))} to {max(values)}, or 0 without a response"
    if isinstance(value, str) and value.upper() in known:
        return f": write {value.upper()}"
    suggestion = nearest(value, known) if isinstance(value, str) else ""
    return f": did you mean {suggestion}?" if suggestion else ""


def _form_mistakes(match: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with plain values; conditions are not judged."""
    for name in _TEXTS:
        if name in match and not isinstance(match[name], str | dict):
            yield f"{name}: is a text, so no request can match {excerpt(match[name])}"
    request_id = match.get("id", {})
    if not isinstance(request_id, dict) and not (isinstance(request_id, str) and is_request_id(request_id)):
        yield f"id: {excerpt(request_id)} has not the form of a request id, such as 1a2b-3"
    path, query, records = match.get("path", ""), match.get("query", ""), match.get("records", 0)
    if isinstance(path, str) and path and (not path.startswith("/") or "?" in path):
        yield f"path: {excerpt(path)} must begin with a slash and have no query, which is the member query"
    if isinstance(query, str) and query.startswith("?"):
        yield "query: must not begin with a question mark"
    if not isinstance(records, dict) and not _is_count(records):
        yield f"records: is a number of records, so no request can match {excerpt(records)}"


def _header_mistakes(headers: Any) -> Iterator[str]:
    if headers is None or not isinstance(headers, dict):
        if headers is not None:
            yield "headers: must be an object from names to values"
        return
    for name, value in headers.items():
        if isinstance(value, str) and name.lower() in CREDENTIAL_HEADERS and MASK not in value:
            yield f"headers: the value of {name.lower()} is masked in the journal, so no request can match it"
        if not isinstance(value, str | dict):
            yield f"headers: values are texts, so no request can match {excerpt(value)}"


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == int(value)


class RecordKind:
    """One kind of stored records: the schemas that its records keep."""

    def __init__(self, contract: Contract, records: Sequence[Record]) -> None:
        self._records = records
        self._schemas = [RecordSchema(contract, record) for record in records]

    def refuse_impossible(self, match: Mapping[str, Any]) -> None:
        """Raise MatchError if no record of this kind can match, because no valid record has such a value."""
        for name, value in match.items():
            mistakes = [self._mistake(schema, name, value) for schema in self._schemas]
            if all(mistakes):
                raise MatchError(f"{mistakes[0]}, so no record can match")

    def _mistake(self, schema: RecordSchema, name: str, value: Any) -> str:
        """Return why no record of a schema has this value, or nothing."""
        field = next((field for field in schema.record.fields if field.name == name), None)
        if field is None or not isinstance(value, dict):
            return self._value_mistake(schema, field, name, value)
        if set(value) == {"in"} and isinstance(value["in"], list) and value["in"]:
            mistakes = [self._value_mistake(schema, field, name, each) for each in value["in"]]
            return mistakes[0] if all(mistakes) else ""
        for operand in (value[each] for each in _ORDERED if each in value):
            if isinstance(operand, str) == (field.type in ("int", "float")):
                return f"{name}: {'is a number' if isinstance(operand, str) else 'is a text'}, got {excerpt(operand)}"
        is_list = field.type == "list" or value.keys() <= OPERATORS.keys()
        return "" if is_list else f"{name}: has no members"

    def _value_mistake(self, schema: RecordSchema, field: Field | None, name: str, value: Any) -> str:
        if field is None:
            is_free = not schema.record.attributes or isinstance(value, str | dict)
            return "" if is_free else f"{name}: is a text, got {excerpt(value)}"
        if field.type == "list":
            return "" if isinstance(value, list) else f"{name}: is a list, got {excerpt(value)}"
        if isinstance(value, str) and value in field.aliases:
            return f"{name}: {excerpt(value)} is stored as {excerpt(field.aliases[value])}"
        broken = (
            each for each in schema.violations({name: value}) if each.field == name and each.rule != Rule.REQUIRED
        )
        return next(map(str, broken), "")
