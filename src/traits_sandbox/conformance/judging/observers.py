"""Checks the requirements that every reply must keep. Each exchange of a case tests these too."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from traits_sandbox.conformance.catalogue.case import Breach
from traits_sandbox.conformance.http.exchange import Exchange, NotJson, Reply
from traits_sandbox.contract.model import Contract
from traits_sandbox.reporting.masking import Masker

Observation = tuple[str, Breach | None]
"""The id of a requirement, and how an exchange broke it, or None."""

# RFC 6839: a media type with JSON syntax can end in +json.
_JSON = re.compile(r"application/(?:[\w.!#$&^-]+\+)?json", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";,]+)", re.IGNORECASE)


class Observers:
    """Judges single exchanges by the requirements that hold for all of them."""

    def __init__(self, contract: Contract, masker: Masker) -> None:
        self._examples = {each.id: each.response for each in contract.operations if each.response}
        self._shown = {each.id for each in contract.operations if each.response and _has_example(each)}
        self._masker = masker

    def __call__(self, exchange: Exchange) -> Iterator[Observation]:
        """Yield every requirement that the exchange tests, with its breach if there is one."""
        if exchange.request.plain or exchange.problem == "over":
            # A call over plain HTTP may end in any way. An exchange that the kit ended itself proves nothing.
            return
        yield "HTTP-002", _alive(exchange)
        if exchange.reply is None:
            return
        yield "AUTH-010", self._secretive(exchange.reply)
        if exchange.request.method == "HEAD" or exchange.reply.cut:
            return
        if exchange.reply.accepted and exchange.request.operation in self._shown:
            yield from self._of_success(exchange.request.operation, exchange.reply)
        elif exchange.reply.refused:
            yield "ENV-006", _error_envelope(exchange.reply)

    def _secretive(self, reply: Reply) -> Breach | None:
        headers = "\n".join(value for _, value in reply.headers).encode()
        if self._masker.shows(reply.body) or self._masker.shows(headers):
            return Breach("the key is in the reply", "a reply that does not contain the key")
        return None

    def _of_success(self, operation: str, reply: Reply) -> Iterator[Observation]:
        yield "ENV-005", _is_json(reply)
        try:
            body = reply.json()
        except NotJson:
            return
        yield "ENV-001", _envelope(body)
        if isinstance(body, dict) and "code" in body:
            yield "ENV-002", _same_code(body["code"], reply.status)
        status = self._examples[operation].status
        right = reply.status == status
        yield "ENV-008", None if right else Breach(str(reply.status), f"status {status}, as the example shows")


def _has_example(operation: Any) -> bool:
    return operation.response.example is not None


def _alive(exchange: Exchange) -> Breach | None:
    expected = "a complete reply in time that is not of class 5xx"
    if exchange.reply is None:
        return Breach(exchange.problem, expected)
    if exchange.reply.status >= 500:
        return Breach(str(exchange.reply.status), expected)
    # A reply with a Content-Length does end, even if it is longer than the kit reads.
    endless = exchange.reply.cut and not exchange.reply.header("Content-Length")
    return Breach("a reply without an end", expected) if endless else None


def _is_json(reply: Reply) -> Breach | None:
    media_type, _, parameters = reply.header("Content-Type").partition(";")
    if not _JSON.fullmatch(media_type.strip()):
        return Breach(f"Content-Type {media_type.strip() or 'absent'}", "Content-Type application/json")
    charset = _CHARSET.search(parameters)
    if charset and charset[1].lower() not in ("utf-8", "utf8"):
        return Breach(f"charset {charset[1]}", "JSON in UTF-8")
    try:
        reply.json()
    except NotJson:
        return Breach("a body that is not JSON", "a JSON body")
    return None


def _envelope(body: Any) -> Breach | None:
    expected = "an object with `code` (a number), `message` (a string) and `data`"
    if not isinstance(body, dict):
        return Breach("a body that is not an object", expected)
    missing = [name for name in ("code", "message", "data") if name not in body]
    if missing:
        return Breach(f"no {' and '.join(missing)}", expected)
    if not isinstance(body["message"], str):
        return Breach("a message that is not a string", expected)
    return None


def _same_code(code: Any, status: int) -> Breach | None:
    return (
        None if code == status and not isinstance(code, bool) else Breach("another code", "`code` equal to the status")
    )


def _error_envelope(reply: Reply) -> Breach | None:
    expected = "JSON with `code` equal to the status and a `message`"
    try:
        body = reply.json()
    except NotJson:
        return Breach("a refusal that is not JSON", expected)
    if not isinstance(body, dict) or not isinstance(body.get("message"), str):
        return Breach("a refusal without a message", expected)
    if body.get("code") != reply.status:
        return Breach("a refusal with another code", expected)
    return None


def phrase(status: int) -> str:
    """Return a status with its usual phrase."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
