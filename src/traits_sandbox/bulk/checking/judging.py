"""Judges rows of one category by the schema that also judges pushes, and counts what was found."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import Any, Final

import msgspec

from traits_sandbox.bulk.checking.sketch import Sketch, unpacked
from traits_sandbox.bulk.checking.spool import Spool
from traits_sandbox.bulk.values import BadRow, Fault, Task, TaskResult
from traits_sandbox.contract.model import Contract
from traits_sandbox.derive.validation import RecordSchema
from traits_sandbox.errors import Violation

MAX_TEXT: Final = 2**10
# Of one row.
MAX_FAULTS: Final = 50
MAX_COLUMNS: Final = 200
# What a fault is said of that concerns no field.
ROW: Final = "row"


class FileStats:
    """What is known of a task so far."""

    def __init__(self, task: Task, *, keep: int) -> None:
        self._task, self.keep = task, keep
        self._spool = Spool(task.spool)
        self.sketch = Sketch()
        self._hash = hashlib.blake2b(digest_size=16)
        self._bad: list[BadRow] = []
        self._unknown: Counter[str] = Counter()
        self._columns: dict[str, None] = {}
        self._settled: set[str] = set()
        self.lines = self.rows = self.bytes = self.bad_rows = self.fault_count = 0

    def read(self, data: bytes, *, digest: bool = True) -> None:
        """Count bytes of content."""
        self.bytes += len(data)
        if digest:
            self._hash.update(data)

    def news(self, names: set[Any]) -> bool:
        """Tell whether `saw` has anything to learn from rows that have these names."""
        return not names <= self._settled

    def saw(self, names: Iterable[str], unknown: Collection[str] = (), *, rows: int = 1) -> None:
        """Take down the columns of some rows that have the same ones."""
        if len(self._columns) < MAX_COLUMNS:
            self._columns |= dict.fromkeys(names)
            self._settled = self._columns.keys() - self._unknown.keys() - set(unknown)
        for name in unknown if rows else ():
            self._unknown[name] += rows
        if len(self._unknown) > 2 * MAX_COLUMNS:
            # A name that comes back is behind the first ones still, so their counts are exact.
            self._unknown = Counter(first_names(self._unknown))

    def refuse(self, line: int, text: str, faults: list[Fault], offset: int | None = None) -> None:
        """Take down a bad row, with all of its text."""
        self.bad_rows += 1
        self.fault_count += len(faults)
        if self._spool or len(self._bad) < self.keep:
            bad = BadRow(line=line, text=text, faults=tuple(faults), offset=offset)
            self._spool.add(bad)
            if len(self._bad) < self.keep:
                self._bad.append(msgspec.structs.replace(bad, text=text[:MAX_TEXT]))

    def adopt(self, outcome: TaskResult) -> None:
        """Take over what another tally of the same task found in its rows so far; the content was read here."""
        self.lines, self.rows = outcome.lines, outcome.rows
        self.bad_rows, self.fault_count, self._bad = outcome.bad_rows, outcome.fault_count, list(outcome.bad)
        self._columns, self._unknown = dict.fromkeys(outcome.columns), Counter(outcome.unknown)
        self.sketch.add_hashes(unpacked(outcome.sketch))

    def outcome(self, error: str = "", kind: str = "") -> TaskResult:
        """Return what came of the task; nothing may be taken down behind it."""
        self._spool.close()
        return self.so_far(error, kind)

    def so_far(self, error: str = "", kind: str = "") -> TaskResult:
        """Return what is known so far."""
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
    """Return the first MAX_COLUMNS names in the order of the alphabet: so the parts of a file agree on them."""
    return dict(sorted(counts.items())[:MAX_COLUMNS])


class CategoryRules:
    """The rows of one category folder: their schema and their fields."""

    def __init__(self, contract: Contract, folder: str) -> None:
        category = next(each for each in contract.categories if each.folder == folder)
        self.contract, self.folder = contract, folder
        self.record = contract.record(category.record)
        self.schema = RecordSchema(contract, self.record)
        self.names = frozenset(field.name for field in self.record.fields)

    def faults(self, row: Any, line: int, offset: int | None = None) -> list[Fault]:
        """Return what is wrong with a row that the schema refuses: a row of a mebibyte may hold far too much of it."""
        return [_fault(violation, line, offset) for violation in islice(self.schema.violations(row), MAX_FAULTS)]

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return those of a row's names that the contract does not have."""
        return [] if self.record.attributes else [name for name in names if name not in self.names]


def _fault(violation: Violation, line: int, offset: int | None) -> Fault:
    return Fault(
        line=line,
        # A row is not the body that it would be in a push.
        field=violation.where if violation.pointer else ROW,
        rule=violation.rule,
        message=violation.message,
        excerpt=violation.excerpt,
        offset=offset,
    )
