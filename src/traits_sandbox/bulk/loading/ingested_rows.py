"""Judges rows of files that are being ingested, as pushes are judged, in bounded time and memory."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Annotated, Any, Final

import msgspec

from traits_sandbox.derive.bodies import MAX_COUNTED, MAX_UNKNOWN
from traits_sandbox.derive.places import on_line
from traits_sandbox.derive.records import RecordSchema, UnknownField, can_be_written, too_deep
from traits_sandbox.derive.violations import MAX_VIOLATIONS, KeptViolations
from traits_sandbox.errors import Violation

LAST_LINE: Final = 2**53

LineNumber = Annotated[int, msgspec.Meta(ge=1, le=LAST_LINE)]
NumberedRows = Sequence[tuple[int, Any]]
"""Rows with their lines, in ascending order."""


class UnreadableRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line that is not a row, and the reason as the rest of a sentence."""

    line: LineNumber
    rule: Annotated[str, msgspec.Meta(max_length=40)]
    message: Annotated[str, msgspec.Meta(max_length=1000)]

    @property
    def violation(self) -> Violation:
        """Return the reason as a violation of the row."""
        return Violation("", self.rule, self.message, line=self.line)


class IngestedRows(msgspec.Struct, frozen=True):
    """Rows that were judged: the good ones, and the violations of the others; `rows` counts both."""

    rows: int
    good: list[dict[str, Any]]
    refused: KeptViolations
    unknown: list[UnknownField]


def judge(schema: RecordSchema, rows: NumberedRows, unread: Sequence[UnreadableRow]) -> IngestedRows:
    """Judge rows; lines that are not rows are refused too."""
    bad: dict[int, Iterator[Violation]] = {each.line: iter((each.violation,)) for each in unread}
    bad |= {line: iter((found,)) for line, found in _too_deep(rows)}
    whole = [each for each in rows if each[0] not in bad]
    found = schema.refused([row for _, row in whole], lambda index: on_line(whole[index][0]))
    bad |= {whole[index][0]: violations for index, violations in found}
    refused = KeptViolations()
    for line in sorted(bad):
        # All violations of a row, as long as that is worth the time; afterwards the first one only.
        refused.add(islice(bad[line], MAX_VIOLATIONS if refused.count < MAX_COUNTED else 1))
    good = [each for each in whole if each[0] not in bad]
    return IngestedRows(len(rows) + len(unread), [row for _, row in good], refused, list(_unknown(schema, good)))


def _too_deep(rows: NumberedRows) -> Iterator[tuple[int, Violation]]:
    if can_be_written([[row for _, row in rows]]):
        return
    for line, row in rows:
        if found := too_deep(row, on_line(line)):
            yield line, found


def _unknown(schema: RecordSchema, rows: NumberedRows) -> Iterator[UnknownField]:
    """Return the first unknown fields of good rows, each name once."""
    found: dict[str, UnknownField] = {}
    for line, row in rows:
        for each in schema.unknown(row):
            found.setdefault(each.name, replace(each, where=f"line {line}: {each.where}"))
        if len(found) >= MAX_UNKNOWN:
            break
    return islice(found.values(), MAX_UNKNOWN)
