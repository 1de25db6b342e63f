"""Judges the rows of one category by the schema that also judges pushes, and keeps running totals."""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from traits_sandbox.bulk.checking.sketch import Sketch, unpacked
from traits_sandbox.bulk.checking.spool import Spool
from traits_sandbox.bulk.values import BadRow, Task, TaskResult
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.json_schema import record_document
from traits_sandbox.derive.places import RecordPlace
from traits_sandbox.derive.records import RecordSchema, too_deep
from traits_sandbox.errors import Violation

MAX_TEXT: Final = 2**10
# The most violations that are kept for one row.
MAX_FAULTS: Final = 50
MAX_COLUMNS: Final = 200


BeforeRefusal = Callable[[str, Sequence[Violation]], None]
"""Is called once with the first bad row, before it is counted; it may raise."""


class FileStats:
    """The running totals of a task: its rows, its bad rows, its columns and its content."""

    def __init__(self, task: Task, *, keep: int) -> None:
        self._task, self.keep = task, keep
        self._spool = Spool(task.spool)
        self.sketch = Sketch()
        self._hash = hashlib.blake2b(digest_size=16)
        self._bad: list[BadRow] = []
        self._unknown: Counter[str] = Counter()
        self._columns: dict[str, None] = {}
        self._settled: set[str] = set()
        self.before_refusal: BeforeRefusal | None = None
        self.lines = self.rows = self.bytes = self.bad_rows = self.fault_count = 0

    def read(self, data: bytes, *, digest: bool = True) -> None:
        """Count bytes of content."""
        self.bytes += len(data)
        if digest:
            self._hash.update(data)

    def has_new_columns(self, names: set[Any]) -> bool:
        """Return whether some of these names are new to `add_columns`."""
        return not names <= self._settled

    def add_columns(self, names: Iterable[str], unknown: Collection[str] = (), *, rows: int = 1) -> None:
        """Count the columns of some rows with the same columns; `unknown` are those that the contract does not name."""
        if len(self._columns) < MAX_COLUMNS:
            self._columns |= dict.fromkeys(names)
            self._settled = self._columns.keys() - self._unknown.keys() - set(unknown)
        for name in unknown if rows else ():
            self._unknown[name] += rows
        if len(self._unknown) > 2 * MAX_COLUMNS:
            # A dropped name that appears again sorts after the kept ones, so the counts of the kept ones stay exact.
            self._unknown = Counter(first_names(self._unknown))

    def refuse(self, text: str, violations: Sequence[Violation]) -> None:
        """Count a bad row, which has at least one violation.

        The spool gets the row with its whole text. The first `keep` rows also stay in memory, with at most `MAX_TEXT`
        characters of their text.
        """
        if self.before_refusal:
            before, self.before_refusal = self.before_refusal, None
            before(text, violations)
        self.bad_rows += 1
        self.fault_count += len(violations)
        if self._spool or len(self._bad) < self.keep:
            line, offset = violations[0].line or 0, violations[0].offset
            bad = BadRow(line=line, text=text, violations=tuple(violations), offset=offset)
            self._spool.add(bad)
            if len(self._bad) < self.keep:
                self._bad.append(msgspec.structs.replace(bad, text=text[:MAX_TEXT]))

    def adopt(self, outcome: TaskResult) -> None:
        """Replace the totals by those of another process that judges the same rows; the content was read here."""
        self.lines, self.rows = outcome.lines, outcome.rows
        self.bad_rows, self.fault_count, self._bad = outcome.bad_rows, outcome.fault_count, list(outcome.bad)
        self._columns, self._unknown = dict.fromkeys(outcome.columns), Counter(outcome.unknown)
        self.sketch.add_hashes(unpacked(outcome.sketch))

    def outcome(self, error: str = "", kind: str = "") -> TaskResult:
        """Return the result of the task, and close its spool: nothing may be counted afterwards."""
        self._spool.close()
        return self.partial_outcome(error, kind)

    def partial_outcome(self, error: str = "", kind: str = "") -> TaskResult:
        """Return the result of the rows so far."""
        return TaskResult(
            key=self._task.stored.key,
            part=self._task.part,
            lines=self.lines,
            rows=self.rows,
            size=self.bytes,
            bad=tuple(self._bad),
            bad_rows=self.bad_rows,
            fault_count=self.fault_count,
            columns=tuple(self._columns)[:MAX_COLUMNS],
            unknown=first_names(self._unknown),
            digest=self._hash.digest(),
            sketch=self.sketch.packed,
            error=error,
            error_kind=kind,
        )


def first_names(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the first MAX_COLUMNS names in alphabetical order, so that all parts of a file keep the same ones."""
    return dict(sorted(counts.items())[:MAX_COLUMNS])


class CategoryRules:
    """The rows of one category folder: their schema and their fields."""

    def __init__(self, contract: Contract, folder: str) -> None:
        category = next(each for each in contract.categories if each.folder == folder)
        self.contract, self.folder = contract, folder
        self.record = contract.record(category.record)
        self.document = record_document(contract, self.record)
        self.schema = RecordSchema(contract, self.record)
        self.names = frozenset(field.name for field in self.record.fields)

    def refused(
        self, rows: Sequence[Any], place: Callable[[int], RecordPlace], may_be_deep: Iterable[int] = ()
    ) -> dict[int, list[Violation]]:
        """Return the bad rows by their index, each with its first MAX_FAULTS violations.

        A row of one mebibyte may have far more. `may_be_deep` are the indexes of rows that may be nested too deeply.
        """
        found = {index: list(islice(each, MAX_FAULTS)) for index, each in self.schema.refused(rows, place)}
        for index in may_be_deep:
            if index not in found and (violation := too_deep(rows[index], place(index))):
                found[index] = [violation]
        return found

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return those of a row's names that the contract does not have."""
        return [] if self.record.attributes else [name for name in names if name not in self.names]
