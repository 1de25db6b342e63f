"""The request log of `serve`: one line an exchange on standard error, what was wrong with it below."""

import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TextIO

import orjson

from traits_sandbox.control.redaction import Redactor
from traits_sandbox.web.exchange import Exchange

_SHOWN = 10
_COLOURS = {2: "\x1b[32m", 4: "\x1b[33m", 5: "\x1b[31m"}
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"

Render = Callable[[Exchange], str]


class RequestLog:
    """Writes exchanges in the format it was made with; nothing once its stream is gone."""

    def __init__(self, render: Render | None, redact: Redactor, stream: TextIO) -> None:
        self._render = render
        self._redact = redact
        self._stream: TextIO | None = stream

    def observe(self, exchange: Exchange) -> None:
        """Write one exchange."""
        if self._render is not None:
            self._write(self._render(exchange))

    def report_bug(self, exchange: Exchange, error: Exception) -> None:
        """Write the cause of a 500: always, whatever the format."""
        cause = "".join(traceback.format_exception(error))
        self._write(f"{exchange.id}: this is a bug in traits-sandbox, please report it\n{cause}")

    def say(self, sentence: str) -> None:
        """Write a sentence about the sandbox itself."""
        self._write(sentence)

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(self._redact(text) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # whoever read it has gone; requests are still to be answered
            self._stream = None


def request_log(log_format: str, redact: Redactor, stream: TextIO = sys.stderr) -> RequestLog:
    """Return the log of a format: `pretty`, `json` or `none`."""
    if log_format == "none":
        return RequestLog(None, redact, stream)
    if log_format == "json":
        return RequestLog(as_json, redact, stream)
    return RequestLog(coloured if stream.isatty() else pretty, redact, stream)


def pretty(exchange: Exchange) -> str:
    """Return an exchange as lines of text."""
    return "\n".join([_headline(exchange, f"{exchange.status}"), *_details(exchange)])


def coloured(exchange: Exchange) -> str:
    """Return an exchange as lines of text for a terminal."""
    status = f"{_COLOURS.get(exchange.status // 100, '')}{exchange.status}{_PLAIN}"
    details = (f"{_DIM}{line}{_PLAIN}" for line in _details(exchange))
    return "\n".join([_headline(exchange, status), *details])


def as_json(exchange: Exchange) -> str:
    """Return an exchange as one JSON object: the shape that `--log-format json` promises."""
    return orjson.dumps(
        {
            "time": _moment(exchange).isoformat(timespec="milliseconds"),
            "id": exchange.id,
            "method": exchange.method,
            "path": exchange.path,
            "operation": exchange.operation,
            "dashboard": exchange.dashboard,
            "status": exchange.status,
            "duration_ms": round(exchange.duration * 1000, 3),
            "records": exchange.records,
            "violations": [str(violation) for violation in exchange.violations[:_SHOWN]],
            "violation_count": exchange.violation_count,
            "unknown_fields": [str(unknown) for unknown in exchange.unknown],
            "lenient_readings": [str(reading) for reading in exchange.readings[:_SHOWN]],
            "hint": exchange.hint,
        }
    ).decode()


def _headline(exchange: Exchange, status: str) -> str:
    parts = [
        f"{_moment(exchange):%H:%M:%S}",
        status,
        f"{exchange.method} {printable(exchange.path)}",
        f"{exchange.duration * 1000:.1f} ms",
    ]
    if exchange.records:
        parts.append("1 record" if exchange.records == 1 else f"{exchange.records} records")
    if exchange.dashboard and exchange.dashboard != "default":
        parts.append(f"[{exchange.dashboard}]")
    return "  ".join([*parts, exchange.id])


def _details(exchange: Exchange) -> Iterator[str]:
    yield from _listed(exchange.violations, exchange.violation_count)
    yield from _listed(exchange.unknown, len(exchange.unknown))
    yield from _listed(exchange.readings, len(exchange.readings))
    if exchange.hint:
        yield f"    {exchange.hint}"


def _listed(values: Sequence[object], count: int) -> Iterator[str]:
    yield from (f"    {printable(str(value))}" for value in values[:_SHOWN])
    if (more := count - min(len(values), _SHOWN)) > 0:
        yield f"    … and {more} more"


def _moment(exchange: Exchange) -> datetime:
    return datetime.fromtimestamp(exchange.received_at, UTC)


def printable(text: str) -> str:
    """Return a client's text with whatever a terminal would obey written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
