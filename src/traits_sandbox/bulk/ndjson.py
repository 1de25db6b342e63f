"""Judges newline-delimited JSON: one object a line, every line on its own."""

from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, chain
from typing import Any, Final

import orjson

from traits_sandbox.bulk.judging import ROW, Category, Tally
from traits_sandbox.bulk.lines import MAX_LINE, Lines, whole_lines
from traits_sandbox.bulk.sources import Source
from traits_sandbox.bulk.streams import blocks
from traits_sandbox.bulk.values import Fault, Task
from traits_sandbox.derive.sentences import excerpt

_TOO_LONG: Final = f"must be at most {MAX_LINE} bytes long"
# Between parts little is looked for: where a line begins, and where one ends.
_LITTLE: Final = 2**16
# As values, rows take many times their bytes.
_ROWS_AT_ONCE: Final = 100


def judge(task: Task, source: Source, category: Category, tally: Tally) -> None:
    """Judge the lines of a file, or those that begin in a part of it."""
    compressed = bool(task.place.compression)
    for lines in _lines(task, source):
        tally.read(lines.data)
        if lines.overlong:
            _refuse_overlong(lines, tally, compressed=compressed)
        else:
            _judge_lines(lines, category, tally, compressed=compressed)


def _lines(task: Task, source: Source) -> Iterator[Lines]:
    if task.parts == 1:
        return whole_lines(blocks(source, task.stored, task.place.compression))
    begin, end = _first_line(task, source), min(task.end, task.stored.size)
    if begin >= end:
        return iter(())
    # The last line that begins in the part may end behind it.
    within = blocks(source, task.stored, "", start=begin, end=end)
    behind = blocks(source, task.stored, "", start=end, first=_LITTLE) if end < task.stored.size else ()
    return whole_lines(chain(within, behind), offset=begin, end=end)


def _first_line(task: Task, source: Source) -> int:
    """Return where the first line begins that is the part's own: behind the first newline from the byte before it."""
    if not task.start:
        return 0
    at = task.start - 1
    for block in blocks(source, task.stored, "", start=at, end=task.end, first=_LITTLE):
        if (newline := block.find(b"\n")) >= 0:
            return at + newline + 1
        at += len(block)
    return task.end


def _refuse_overlong(lines: Lines, tally: Tally, *, compressed: bool) -> None:
    tally.lines += 1
    tally.rows += 1
    offset = None if compressed else lines.offset
    fault = _fault(lines.data, tally.lines, offset, "size", _TOO_LONG)
    tally.refuse(tally.lines, lines.data.decode(errors="replace"), [fault], offset)


def _judge_lines(lines: Lines, category: Category, tally: Tally, *, compressed: bool) -> None:
    texts = lines.data.split(b"\n")
    if not texts[-1]:
        texts.pop()
    tally.sketch.add_texts(texts)
    offset = lines.offset
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        some = texts[start : start + _ROWS_AT_ONCE]
        _Rows(some, tally.lines, None if compressed else offset, first=not offset).judge(category, tally)
        tally.lines += len(some)
        offset += sum(map(len, some)) + len(some)


class _Rows:
    """The rows of some lines. `number` counts the lines before them; `first` tells that there are no bytes either."""

    def __init__(self, texts: list[bytes], number: int, offset: int | None, *, first: bool) -> None:
        self._texts, self._number, self._offset = texts, number, offset
        # Where each row stands among the lines, unless all of them are rows; and what is no JSON.
        self._places: list[int] | None = None
        self._broken: dict[int, str] = {}
        self._rows = self._parsed([texts[0].removeprefix(BOM_UTF8), *texts[1:]] if first else texts)

    def judge(self, category: Category, tally: Tally) -> None:
        tally.rows += len(self._rows) + len(self._broken)
        self._see_names(category, tally)
        invalid = {self._place(index): self._rows[index] for index in category.schema.invalid(self._rows)}
        if invalid or self._broken:
            self._refuse(invalid, category, tally)

    def _see_names(self, category: Category, tally: Tally) -> None:
        rows = [row for row in self._rows if isinstance(row, dict)]
        if tally.news(set().union(*rows)):
            for names, count in Counter(map(tuple, rows)).items():
                tally.saw(names, category.unknown(names), rows=count)

    def _refuse(self, invalid: dict[int, Any], category: Category, tally: Tally) -> None:
        begin = self._offset
        offsets = [None] * len(self._texts) if begin is None else _offsets(self._texts, begin)
        for place in sorted(invalid.keys() | self._broken.keys()):
            line, text, offset = self._number + place + 1, self._texts[place].removesuffix(b"\r"), offsets[place]
            if place in invalid:
                faults = category.faults(invalid[place], line, offset)
            else:
                faults = [_fault(text, line, offset, "json", f"is not valid JSON: {self._broken[place]}")]
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
            try:
                yield orjson.loads(text)
                places.append(place)
            except orjson.JSONDecodeError as error:
                if text.strip():
                    self._broken[place] = str(error)


def _offsets(texts: list[bytes], begin: int) -> list[int]:
    return list(accumulate((len(text) + 1 for text in texts[:-1]), initial=begin))


def _fault(text: bytes, line: int, offset: int | None, rule: str, message: str) -> Fault:
    shown = excerpt(text[:100].decode(errors="replace"))
    return Fault(line=line, field=ROW, rule=rule, message=message, excerpt=shown, offset=offset)
