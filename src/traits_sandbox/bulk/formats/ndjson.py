"""Judges newline-delimited JSON: one object a line."""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

import orjson
from msgspec.structs import replace

from traits_sandbox.bulk.checking.judging import CategoryRules, FileStats
from traits_sandbox.bulk.formats.content import (
    first_line,
    is_row,
    naming_content,
    offset_of_first_line,
    require_form,
)
from traits_sandbox.bulk.formats.lines import MAX_LINE, Lines, whole_lines
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import Unreadable, blocks
from traits_sandbox.bulk.values import Task
from traits_sandbox.derive.content.detector import invalid_byte
from traits_sandbox.derive.content.json_problems import json_problem
from traits_sandbox.derive.places import RecordPlace, on_line
from traits_sandbox.derive.records import may_be_deep, violation
from traits_sandbox.derive.sentences import excerpt
from traits_sandbox.errors import Rule, Violation

_TOO_LONG: Final = f"must be at most {MAX_LINE} bytes long"
# At the border of two parts only the end of a line is read.
_LITTLE: Final = 2**16
# A group of this many rows is too small to start the garbage collector.
_ROWS_AT_ONCE: Final = 100
_OBJECTS_ALONE: Final = {dict}
# The name of the whole content in a violation.
_FILE: Final = "file"


def judge(task: Task, source: FileSource, category: CategoryRules, stats: FileStats) -> None:
    """Judge the lines of a file; if the task is one part of it, those that begin in this part.

    Counts, unknown fields and refused rows are added to `stats`. An error of the storage or of decompression is raised;
    `stats` then has the lines before it.
    """
    compressed = bool(task.place.compression)
    with naming_content(task, source, category):
        for lines in _lines(task, source):
            if not stats.bytes and (task.part or not is_row(first_line(lines.data), category)):
                stats.before_refusal = partial(_require_ndjson, task, source, category, stats)
            _judge_piece(lines, category, stats, compressed=compressed)


def _require_ndjson(
    task: Task,
    source: FileSource,
    category: CategoryRules,
    stats: FileStats,
    text: str,
    violations: Sequence[Violation],
) -> None:
    """Refuse the whole content, as one bad row, if it has another form; raises Unreadable."""
    try:
        require_form(task, source, category)
    except Unreadable as unreadable:
        first = violations[0]
        # Other parts of the file have no row: the content counts as one.
        if task.parts == 1 or first.offset == offset_of_first_line(task, source):
            place = on_line(first.line or 0, first.offset)
            stats.refuse(text, [violation(place, (_FILE,), Rule.CONTENT, str(unreadable))])
        raise


def _judge_piece(lines: Lines, category: CategoryRules, stats: FileStats, *, compressed: bool) -> None:
    stats.read(lines.data)
    if lines.overlong:
        _refuse_overlong(lines, stats, compressed=compressed)
    else:
        _judge_lines(lines, category, stats, compressed=compressed)


def _lines(task: Task, source: FileSource) -> Iterator[Lines]:
    if task.parts == 1:
        return whole_lines(blocks(source, task.stored, task.place.compression))
    begin, end = _first_line(task, source), min(task.end, task.stored.size)
    if begin >= end:
        return iter(())
    # The last line that begins in the part may end after it.
    within = blocks(source, task.stored, "", start=begin, end=end)
    behind = blocks(source, task.stored, "", start=end, first=_LITTLE) if end < task.stored.size else ()
    return whole_lines(chain(within, behind), offset=begin, end=end)


def _first_line(task: Task, source: FileSource) -> int:
    """Return the offset of the first line that begins in the part, or the end of the part if none does.

    The search for a newline starts one byte before the part: if that byte is a newline, the part begins with a line.
    """
    if not task.start:
        return 0
    at = task.start - 1
    for block in blocks(source, task.stored, "", start=at, end=task.end, first=_LITTLE):
        if (newline := block.find(b"\n")) >= 0:
            return at + newline + 1
        at += len(block)
    return task.end


def _refuse_overlong(lines: Lines, stats: FileStats, *, compressed: bool) -> None:
    stats.lines += 1
    stats.rows += 1
    place = on_line(stats.lines, None if compressed else lines.offset)
    stats.refuse(lines.data.decode(errors="replace"), [_unreadable(lines.data, place, Rule.SIZE, _TOO_LONG)])


def _judge_lines(lines: Lines, category: CategoryRules, stats: FileStats, *, compressed: bool) -> None:
    texts = lines.data.split(b"\n")
    if not texts[-1]:
        texts.pop()
    stats.sketch.add_texts(texts)
    offsets = _NoOffsets() if compressed else _Offsets(texts, lines.offset)
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        some = texts[start : start + _ROWS_AT_ONCE]
        if not lines.offset and not start:
            # Offsets still count the byte order mark.
            some[0] = some[0].removeprefix(BOM_UTF8)
        _NdjsonRows(some, start, stats.lines, offsets).judge(category, stats)
        stats.lines += len(some)


class _Offsets:
    """Computes the byte at which lines begin. Ask in ascending order; few lines need it."""

    def __init__(self, texts: list[bytes], offset: int) -> None:
        self._texts, self._offset = texts, offset
        self._line = 0

    def of(self, line: int) -> int | None:
        between = self._texts[self._line : line]
        self._offset += sum(map(len, between)) + len(between)
        self._line = line
        return self._offset


class _NoOffsets:
    """Has no offsets: in compressed content no byte can be found by its number."""

    def of(self, _: int) -> int | None:
        return None


class _NdjsonRows:
    """The rows of a group of lines. `start` is the number of lines before it in the piece, `number` in the file."""

    def __init__(self, texts: list[bytes], start: int, number: int, offsets: _Offsets | _NoOffsets) -> None:
        self._texts, self._start, self._number, self._offsets = texts, start, number, offsets
        # The line of each row in this group, unless every line is a row; and why the other lines are not JSON.
        self._lines: list[int] | None = None
        self._broken: dict[int, str] = {}
        self._rows = self._parsed(texts)

    def judge(self, category: CategoryRules, stats: FileStats) -> None:
        stats.rows += len(self._rows) + len(self._broken)
        self._see_names(category, stats)
        deep = may_be_deep(self._texts if self._lines is None else [self._texts[line] for line in self._lines])
        refused = category.refused(self._rows, lambda index: on_line(self._line(index)), deep)
        if refused or self._broken:
            self._refuse({self._line(index): found for index, found in refused.items()}, stats)

    def _see_names(self, category: CategoryRules, stats: FileStats) -> None:
        rows = self._rows
        if set(map(type, rows)) != _OBJECTS_ALONE:
            rows = [row for row in rows if isinstance(row, dict)]
        if stats.has_new_columns(set().union(*rows)):
            for names, count in Counter(map(tuple, rows)).items():
                stats.add_columns(names, category.unknown(names), rows=count)

    def _refuse(self, refused: dict[int, list[Violation]], stats: FileStats) -> None:
        """Refuse rows by their lines in this group; offsets are computed for these alone."""
        for line in sorted(refused.keys() | self._broken.keys()):
            place = on_line(self._number + line + 1, self._offsets.of(self._start + line))
            text = self._texts[line].removesuffix(b"\r")
            if line in refused:
                found = [replace(each, line=place.line, offset=place.offset) for each in refused[line]]
            else:
                found = [_unreadable(text, place, Rule.JSON, self._broken[line])]
            stats.refuse(text.decode(errors="replace"), found)

    def _line(self, index: int) -> int:
        return self._lines[index] if self._lines else index

    def _parsed(self, texts: list[bytes]) -> list[Any]:
        loads = orjson.loads
        try:
            return [loads(text) for text in texts]
        except orjson.JSONDecodeError:
            self._lines = []
            return list(self._parsed_one_by_one(texts, self._lines))

    def _parsed_one_by_one(self, texts: list[bytes], lines: list[int]) -> Iterator[Any]:
        for line, text in enumerate(texts):
            # Checked before parsing: an exception for each of millions of blank lines would take minutes.
            if not text or text.isspace():
                continue
            try:
                yield orjson.loads(text)
                lines.append(line)
            except orjson.JSONDecodeError as error:
                self._broken[line] = unparsed(text, error)


def unparsed(text: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why a line is not JSON, as the rest of a sentence."""
    if found := invalid_byte(text, whole=True):
        return f"must be UTF-8 text, holds the byte {found.detail} at column {found.column}"
    return f"is not valid JSON: {json_problem(text.decode(), error.pos)} at column {error.colno}"


def _unreadable(text: bytes, place: RecordPlace, rule: Rule, message: str) -> Violation:
    return violation(place, (), rule, message, excerpt(text[:100].decode(errors="replace")))
