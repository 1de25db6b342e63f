"""The request log of `serve` on standard error: one line for each exchange, with its violations below."""

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from traits_sandbox.control.journal_entry import JournalEntry
from traits_sandbox.event_results import EventReport
from traits_sandbox.reporting.colours import wants_colours
from traits_sandbox.reporting.masking import Masker
from traits_sandbox.reporting.words import printable
from traits_sandbox.reporting.writer import TextSink
from traits_sandbox.web.auth import DEFAULT_DASHBOARD

_SHOWN = 10
_COLOURS = {2: "\x1b[32m", 4: "\x1b[33m", 5: "\x1b[31m"}
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_DIM, _PLAIN = "\x1b[2m", "\x1b[0m"

Render = Callable[[JournalEntry], str]


class RequestLog:
    """Writes exchanges in one format; nothing after its stream is closed."""

    def __init__(self, render: Render | None, masker: Masker, stream: TextSink) -> None:
        self._render = render
        self._masker = masker
        self._stream: TextSink | None = stream

    def observe(self, entry: JournalEntry) -> None:
        """Write one entry."""
        if self._render is not None:
            self._write(self._render(entry))

    def report_bug(self, entry: JournalEntry, error: Exception) -> None:
        """Write the cause of a 500, in every format."""
        cause = "".join(traceback.format_exception(error))
        self._write(f"{entry.request_id}: this is a bug in traits-sandbox, please report it\n{cause}")

    def write_line(self, sentence: str) -> None:
        """Write a line about the sandbox itself."""
        self._write(sentence)

    def write_event(self, sentence: str, details: Sequence[str] = (), *, always: bool = True, **fields: Any) -> None:
        """Write what happened outside of exchanges in the format of the log; `fields` are only in JSON.

        The format `none` has it only if `always`.
        """
        if self._render is as_json:
            time = datetime.now(UTC).isoformat(timespec="milliseconds")
            self._write(_ascii_json({"time": time, "message": sentence, "details": list(details), **fields}))
        elif self._render or always:
            clock = f"{datetime.now(UTC):%H:%M:%S}  " if self._render else ""
            self._write("\n".join([clock + printable(sentence), *(f"    {printable(detail)}" for detail in details)]))

    def _write(self, text: str) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write(self._masker(text) + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, but requests are still answered
            self._stream = None


def request_log(log_format: str, masker: Masker, stream: TextSink | None = None) -> RequestLog:
    """Return the log of a format: `pretty`, `json` or `none`; without a stream, on standard error."""
    stream = stream or sys.stderr
    if log_format == "none":
        return RequestLog(None, masker, stream)
    if log_format == "json":
        return RequestLog(as_json, masker, stream)
    return RequestLog(coloured if wants_colours(stream) else pretty, masker, stream)


def pretty(entry: JournalEntry) -> str:
    """Return an exchange as lines of text."""
    return "\n".join([_headline(entry, _status(entry)), *_details(entry)])


def coloured(entry: JournalEntry) -> str:
    """Return an exchange as lines of text for a terminal."""
    status = f"{_COLOURS.get(entry.status // 100, '')}{_status(entry)}{_PLAIN}"
    details = (f"{_DIM}{line}{_PLAIN}" for line in _details(entry))
    return "\n".join([_headline(entry, status), *details])


def as_json(entry: JournalEntry) -> str:
    """Return an exchange as one JSON object in ASCII, as documented for `--log-format json`."""
    return _ascii_json(
        {
            "time": _moment(entry).isoformat(timespec="milliseconds"),
            "id": entry.request_id,
            "method": entry.method,
            "path": entry.path,
            "operation": entry.operation,
            "dashboard": entry.dashboard,
            "status": entry.status,
            "duration_ms": round(entry.duration * 1000, 3),
            "records": entry.records,
            "violations": [str(violation) for violation in entry.violations[:_SHOWN]],
            "violation_count": entry.violation_count,
            "unknown_fields": [str(unknown) for unknown in entry.unknown],
            "lenient_readings": [str(reading) for reading in entry.readings[:_SHOWN]],
            "reason": entry.reason,
            "events": [str(event) for event in _notable_first(entry.events)[:_SHOWN]],
            "hint": entry.hint,
            "fault": entry.fault,
        }
    )


def _ascii_json(value: dict[str, Any]) -> str:
    """Return JSON that is the same in every encoding of the stream."""
    return _BEYOND_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], orjson.dumps(value).decode())


def _status(entry: JournalEntry) -> str:
    return str(entry.status or "---")  # a fault suppressed the response


def _headline(entry: JournalEntry, status: str) -> str:
    parts = [
        f"{_moment(entry):%H:%M:%S}",
        status,
        f"{entry.method} {printable(entry.path)}" if entry.method else "(no request)",
        f"{entry.duration * 1000:.1f} ms",
    ]
    if entry.records:
        parts.append("1 record" if entry.records == 1 else f"{entry.records} records")
    if entry.dashboard and entry.dashboard != DEFAULT_DASHBOARD:
        parts.append(f"[{entry.dashboard}]")
    return "  ".join([*parts, entry.request_id])


def _details(entry: JournalEntry) -> Iterator[str]:
    yield from _listed(entry.violations, entry.violation_count)
    yield from _listed(entry.unknown, len(entry.unknown))
    yield from _listed(entry.readings, len(entry.readings))
    yield from _listed(_notable_first(entry.events), len(entry.events))
    if entry.hint and not entry.events:  # the events say the same
        yield f"    {entry.hint}"
    if entry.fault:
        yield f"    fault applied: {entry.fault}"


def _notable_first(events: Sequence[EventReport]) -> list[EventReport]:
    return sorted(events, key=lambda event: event.is_plain)


def _listed(values: Sequence[object], count: int) -> Iterator[str]:
    yield from (f"    {printable(str(value))}" for value in values[:_SHOWN])
    if (more := count - min(len(values), _SHOWN)) > 0:
        yield f"    … and {more} more"


def _moment(entry: JournalEntry) -> datetime:
    return datetime.fromtimestamp(entry.received_at, UTC)
