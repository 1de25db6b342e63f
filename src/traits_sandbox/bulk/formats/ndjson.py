"""Judges newline-delimited JSON: one object a line, every line on its own."""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

import orjson

from traits_sandbox.bulk.checking.judging import ROW, CategoryRules, FileStats
from traits_sandbox.bulk.formats.lines import MAX_LINE, Lines, whole_lines
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import blocks
from traits_sandbox.bulk.values import Fault, Task
from traits_sandbox.derive.sentences import excerpt

_TOO_LONG: Final = f"must be at most {MAX_LINE} bytes long"
# Between parts little is looked for: where a line begins, and where one ends.
_LITTLE: Final = 2**16
# So few values are of no interest yet to the garbage collector.
_ROWS_AT_ONCE: Final = 100
_OBJECTS_ALONE: Final = {dict}


def judge(task: Task, source: FileSource, category: CategoryRules, tally: FileStats) -> None:
    """Judge the lines of a file, or those that begin in a part of it."""
    compressed = bool(task.place.compression)
    for lines in _lines(task, source):
        tally.read(lines.data)
        if lines.overlong:
            _refuse_overlong(lines, tally, compressed=compressed)
        else:
            _judge_lines(lines, category, tally, compressed=compressed)


def _lines(task: Task, source: FileSource) -> Iterator[Lines]:
    if task.parts == 1:
        return whole_lines(blocks(source, task.stored, task.place.compression))
    begin, end = _first_line(task, source), min(task.end, task.stored.size)
    if begin >= end:
        return iter(())
    # The last line that begins in the part may end behind it.
    within = blocks(source, task.stored, "", start=begin, end=end)
    behind = blocks(source, task.stored, "", start=end, first=_LITTLE) if end < task.stored.size else ()
    return whole_lines(chain(within, behind), offset=begin, end=end)


def _first_line(task: Task, source: FileSource) -> int:
    """Return where the first line begins that is the part's own: behind the first newline from the byte before it."""
    if not task.start:
        return 0
    at = task.start - 1
    for block in blocks(source, task.stored, "", start=at, end=task.end, first=_LITTLE):
        if (newline := block.find(b"\n")) >= 0:
            return at + newline + 1
        at += len(block)
    return task.end


def _refuse_overlong(lines: Lines, tally: FileStats, *, compressed: bool) -> None:
    tally.lines += 1
    tally.rows += 1
    offset = None if compressed else lines.offset
    fault = _fault(lines.data, tally.lines, offset, "size", _TOO_LONG)
    tally.refuse(tally.lines, lines.data.decode(errors="replace"), [fault], offset)


def _judge_lines(lines: Lines, category: CategoryRules, tally: FileStats, *, compressed: bool) -> None:
    texts = lines.data.split(b"\n")
    if not texts[-1]:
        texts.pop()
    tally.sketch.add_texts(texts)
    offsets = _NoOffsets() if compressed else _Offsets(texts, lines.offset)
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        some = texts[start : start + _ROWS_AT_ONCE]
        if not lines.offset and not start:
            # The mark still counts where offsets are told.
            some[0] = some[0].removeprefix(BOM_UTF8)
        _NdjsonRows(some, start, tally.lines, offsets).judge(category, tally)
        tally.lines += len(some)


class _Offsets:
    """Tells at which byte lines begin; they are asked for in their order, and few are."""

    def __init__(self, texts: list[bytes], offset: int) -> None:
        self._texts, self._offset = texts, offset
        self._line = 0

    def of(self, line: int) -> int | None:
        between = self._texts[self._line : line]
        self._offset += sum(map(len, between)) + len(between)
        self._line = line
        return self._offset


class _NoOffsets:
    """Tells nothing: within compressed content no byte can be found by its number."""

    def of(self, _: int) -> int | None:
        return None


class _NdjsonRows:
    """The rows of some lines of a piece. `start` counts the lines of it that come before them, `number` all of them."""

    def __init__(self, texts: list[bytes], start: int, number: int, offsets: _Offsets | _NoOffsets) -> None:
        self._texts, self._start, self._number, self._offsets = texts, start, number, offsets
        # Where each row stands among the lines, unless all of them are rows; and what is no JSON.
        self._places: list[int] | None = None
        self._broken: dict[int, str] = {}
        self._rows = self._parsed(texts)

    def judge(self, category: CategoryRules, tally: FileStats) -> None:
        tally.rows += len(self._rows) + len(self._broken)
        self._see_names(category, tally)
        invalid = {self._place(index): self._rows[index] for index in category.schema.invalid(self._rows)}
        if invalid or self._broken:
            self._refuse(invalid, category, tally)

    def _see_names(self, category: CategoryRules, tally: FileStats) -> None:
        rows = self._rows
        if set(map(type, rows)) != _OBJECTS_ALONE:
            rows = [row for row in rows if isinstance(row, dict)]
        if tally.news(set().union(*rows)):
            for names, count in Counter(map(tuple, rows)).items():
                tally.saw(names, category.unknown(names), rows=count)

    def _refuse(self, invalid: dict[int, Any], category: CategoryRules, tally: FileStats) -> None:
        for place in sorted(invalid.keys() | self._broken.keys()):
            line, offset = self._number + place + 1, self._offsets.of(self._start + place)
            text = self._texts[place].removesuffix(b"\r")
            if place in invalid:
                faults = category.faults(invalid[place], line, offset)
            else:
                faults = [_fault(text, line, offset, "json", self._broken[place])]
            tally.refuse(line, text.decode(errors="replace"), faults, offset)

    def _place(self, index: int) -> int:
        return self._places[index] if self._places else index

    def _parsed(self, texts: list[bytes]) -> list[Any]:
        loads = orjson.loads
        try:
            return [loads(text) for text in texts]
        except orjson.JSONDecodeError:
            self._places = []
            return list(self._parsed_one_by_one(texts, self._places))

    def _parsed_one_by_one(self, texts: list[bytes], places: list[int]) -> Iterator[Any]:
        for place, text in enumerate(texts):
            # Known before they are tried: an error for each of millions of blank lines would take minutes.
            if not text or text.isspace():
                continue
            try:
                yield orjson.loads(text)
                places.append(place)
            except orjson.JSONDecodeError as error:
                self._broken[place] = unparsed(text, error)


def unparsed(text: bytes, error: orjson.JSONDecodeError) -> str:
    """Return why a line is no JSON, as the rest of a sentence."""
    try:
        text.decode()
    except UnicodeDecodeError as undecoded:
        return f"must be UTF-8 text, holds the byte 0x{text[undecoded.start]:02x}"
    return f"is not valid JSON: {error.msg} at column {error.colno}"


def _fault(text: bytes, line: int, offset: int | None, rule: str, message: str) -> Fault:
    shown = excerpt(text[:100].decode(errors="replace"))
    return Fault(line=line, field=ROW, rule=rule, message=message, excerpt=shown, offset=offset)
