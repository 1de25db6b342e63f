"""Verdicts on rows that have come in, by the schema that judges pushes, in bounded time and memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any, Final

import msgspec
import orjson

from traits_sandbox.derive.sentences import excerpt
from traits_sandbox.derive.validation import MAX_COUNTED, MAX_UNKNOWN, MAX_VIOLATIONS, RecordSchema, UnknownField
from traits_sandbox.errors import Violation
from traits_sandbox.handlers.verdicts import Verdicts

ROW: Final = "row"
LAST_LINE: Final = 2**53

Line = Annotated[int, msgspec.Meta(ge=1, le=LAST_LINE)]
Numbered = Sequence[tuple[int, Any]]


class UnreadableRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that holds no row, and why, as the rest of a sentence."""

    line: Line
    rule: Annotated[str, msgspec.Meta(max_length=40)]
    message: Annotated[str, msgspec.Meta(max_length=1000)]


class JudgedRows(msgspec.Struct, frozen=True):
    """Rows that were judged: the good ones, and verdicts on the others; `rows` counts both."""

    rows: int
    good: list[dict[str, Any]]
    verdicts: Verdicts
    unknown: list[UnknownField]


def judge(schema: RecordSchema, rows: Numbered, unread: Sequence[UnreadableRow]) -> JudgedRows:
    """Part rows, each with its line; lines that hold none are refused too."""
    deep = _too_deep(rows)
    whole = [each for each in rows if each[0] not in deep]
    bad = {whole[index][0]: whole[index][1] for index in schema.invalid([row for _, row in whole])}
    refused = {line: [Violation("", "", ROW, "depth", "is nested too deeply")] for line in deep}
    refused |= {each.line: [Violation("", "", ROW, each.rule, each.message)] for each in unread}
    verdicts = Verdicts()
    for line in sorted(refused.keys() | bad.keys()):
        found = refused[line] if line in refused else _violations(schema, bad[line], verdicts)
        verdicts.add(_at(line, violation) for violation in found)
    good = [each for each in whole if each[0] not in bad]
    return JudgedRows(len(rows) + len(unread), [row for _, row in good], verdicts, list(_unknown(schema, good)))


def _violations(schema: RecordSchema, row: Any, verdicts: Verdicts) -> Iterator[Violation]:
    """Return what is wrong with a row: all of it as long as it is worth the time, then the first of it."""
    if not isinstance(row, dict):
        return iter([Violation("", "", ROW, "type", "must be an object", excerpt(row))])
    return islice(schema.violations(row), MAX_VIOLATIONS if verdicts.count < MAX_COUNTED else 1)


def _at(line: int, violation: Violation) -> Violation:
    return replace(violation, pointer="", where=f"line {line}: {violation.where or violation.name}", record=None)


def _unknown(schema: RecordSchema, rows: Numbered) -> Iterator[UnknownField]:
    """Return the first unknown fields of good rows, each name once."""
    found: dict[str, UnknownField] = {}
    for line, row in rows:
        for each in schema.unknown(row):
            found.setdefault(each.name, replace(each, where=f"line {line}: {each.where}"))
        if len(found) >= MAX_UNKNOWN:
            break
    return islice(found.values(), MAX_UNKNOWN)


def _too_deep(rows: Numbered) -> set[int]:
    """Return the lines of rows that could be read, but could not be written again."""
    if _can_be_written([row for _, row in rows]):
        return set()
    return {line for line, row in rows if not _can_be_written([row])}


def _can_be_written(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except orjson.JSONEncodeError:
        return False
    return True
