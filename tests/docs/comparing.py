"""Comparing what a page shows with what a command printed: times, ids and ports differ from run to run."""

import json
import re
from typing import Any

ELLIPSIS = "..."
"""A line of an output in place of any number of lines."""

_MASKS = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?", "TIME"),
        (r"\b\d\d:\d\d:\d\d\b", "TIME"),
        (r"^date: .* GMT$", "date: TIME"),
        (r'"pid":\d+', '"pid":PID'),
        (r"127\.0\.0\.1:\d+", "HOST"),
        (r"(?<![\w-])[0-9a-f]{4}-\d+(?![\w-])", "ID"),
        (r"\btsc-[0-9a-f]{8}\b", "RUN"),
        (r"\bcurl/[\d.]+", "curl"),
        (r"\b\d+\.\d+\.\d+\b", "VERSION"),
        (r"\b[\d.]+ (?:[KMG]i)?B/s", "SPEED"),
        (r"\b\d+(?:\.\d+)? (?:ms|s)\b", "DURATION"),
        (r"\b\d+ (of \d+ )?(?:cases|requests)\b", "COUNT"),
    )
)
# Members of JSON objects that are numbers of one run.
_MEASURED = ("pid", "duration_ms", "expires_at", "bytes")


def same(shown: str, printed: str) -> bool:
    """Tell whether an output is what a page shows: as JSON where that is all of it, else line by line."""
    expected = _documents(shown)
    if expected is not None:
        return expected == _documents(printed)
    return _fits(_lines(shown), _lines(printed))


def masked(text: str) -> str:
    """Return a text with everything masked that differs from run to run."""
    for pattern, replacement in _MASKS:
        text = pattern.sub(replacement, text)
    return text


def _documents(text: str) -> list[Any] | None:
    """Return the JSON values that a text consists of, masked; None if it has anything else."""
    decoder, found, rest = json.JSONDecoder(), [], text.strip()
    while rest:
        try:
            value, end = decoder.raw_decode(rest)
        except ValueError:
            return None
        found.append(_masked_value(value))
        rest = rest[end:].lstrip()
    return found


def _masked_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: 0 if name in _MEASURED else _masked_value(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked_value(each) for each in value]
    return masked(value) if isinstance(value, str) else value


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in masked(text).strip("\n").splitlines()]


def _fits(shown: list[str], printed: list[str]) -> bool:
    first, *others = _parts(shown)
    if not others:
        return first == printed
    *between, last = others
    rest = printed[len(first) : len(printed) - len(last)]
    if printed[: len(first)] != first or printed[len(printed) - len(last) :] != last:
        return False
    for part in between:
        start = _place(part, rest)
        if start is None:
            return False
        rest = rest[start + len(part) :]
    return len(printed) >= len(first) + len(last)


def _parts(lines: list[str]) -> list[list[str]]:
    """Return the lines between ellipses."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if line.strip() == ELLIPSIS:
            parts.append([])
        else:
            parts[-1].append(line)
    return parts


def _place(part: list[str], lines: list[str]) -> int | None:
    """Return where lines first stand among others."""
    starts = range(len(lines) - len(part) + 1)
    return next((start for start in starts if lines[start : start + len(part)] == part), None)
