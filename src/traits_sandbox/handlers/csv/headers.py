"""Reads the header of a CSV file: the dialect that it fits, or why it fits none, and the next step."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from traits_sandbox.contract.model import Contract, Dialect, Record
from traits_sandbox.derive.sentences import excerpt, plain_name
from traits_sandbox.errors import TraitsSandboxError
from traits_sandbox.handlers.csv.columns import CsvColumns, renamed


class HeaderError(TraitsSandboxError):
    """A header that fits no dialect. The message is the rest of a sentence that begins with the file's name."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where else a CSV file can go: what it is called, what to do with the file, and the dialects it has."""

    name: str
    step: str
    dialects: tuple[Dialect, ...]


def columns_of(
    contract: Contract, dialects: Sequence[Dialect], cells: Sequence[str], others: Sequence[Destination] = ()
) -> CsvColumns:
    """Return the columns of the first dialect that fits a header row.

    Raises:
        HeaderError: none fits, or the file is one for another destination.

    """
    header = Header(contract, dialects, [cell.strip(" ") for cell in cells])
    fitting = next((dialect for dialect in dialects if header.fits(dialect)), None)
    if found := header.elsewhere(others):
        raise HeaderError(f"has the columns of {found.name}; {found.step}")
    if fitting is None:
        raise HeaderError(header.why_none_fits())
    header.check_names(fitting)
    return CsvColumns(contract.record(fitting.record), fitting, header.names)


def known_names(contract: Contract, dialects: Sequence[Dialect]) -> set[str]:
    """Return all names of columns that some dialects have."""
    return set().union(*(_names(contract, dialect) for dialect in dialects))


class Header:
    """The names in a header row, compared with the dialects of the place to which the file was sent."""

    def __init__(self, contract: Contract, dialects: Sequence[Dialect], names: list[str]) -> None:
        self._contract, self._dialects = contract, dialects
        self._known = known_names(contract, dialects)
        self.names = names

    def fits(self, dialect: Dialect, names: Sequence[str] | None = None) -> bool:
        """Return whether these names, or those of the header, have what a dialect needs."""
        record, columns = self._contract.record(dialect.record), set(renamed(dialect, names or self.names))
        free = columns - {"", *(field.name for field in record.fields)}
        return (
            columns.issuperset(_required(record, dialect))
            and (bool(free) or not record.attributes)
            and (not dialect.metrics or not columns.isdisjoint(dialect.metrics))
        )

    def check_names(self, dialect: Dialect) -> None:
        """Raise HeaderError if a column has no name, or the name of another column."""
        if "" in self.names:
            column = self.names.index("") + 1
            pandas = " (pandas writes its index like this: use index=False)" if column == 1 else ""
            raise HeaderError(f"must name each column in its header row, has no name for column {column}{pandas}")
        counts = Counter(renamed(dialect, self.names))
        if twice := [name for name, count in counts.items() if count > 1]:
            raise HeaderError(f"must name each column once in its header row, has {excerpt(twice[0])} more than once")

    def elsewhere(self, others: Sequence[Destination]) -> Destination | None:
        """Return the destination to which all columns of the header belong, if they do not belong here."""
        if set(self.names) <= self._known:
            return None
        return next((each for each in others if any(map(self._belongs_to, each.dialects))), None)

    def _belongs_to(self, dialect: Dialect) -> bool:
        if not self.fits(dialect):
            return False
        names, theirs = set(self.names), _names(self._contract, dialect)
        if self._contract.record(dialect.record).attributes:
            # Any column can be an attribute, so none may be one that only this place knows.
            return names.isdisjoint(self._known - theirs)
        return names <= theirs

    def why_none_fits(self) -> str:
        """Return why no dialect fits, as the rest of a sentence."""
        demands = "; or ".join(_demand(self._contract.record(each.record), each) for each in self._dialects)
        needed = f"begin with a header row, comma separated, of {demands}"
        if changed := self._spelled_otherwise():
            return f"must spell the names of its columns as documented: {changed}"
        if self._is_data():
            return f"has no header row, its first line is data; it must {needed}"
        return f"must {needed}; got {excerpt(','.join(self.names))}"

    def _spelled_otherwise(self) -> str:
        """Return which names would fit in the documented spelling."""
        spellings = {plain_name(name): name for name in self._known}
        corrected = [spellings.get(plain_name(name), name) for name in self.names]
        if not any(self.fits(dialect, corrected) for dialect in self._dialects):
            return ""
        pairs = [(right, name) for right, name in zip(corrected, self.names, strict=True) if right != name]
        return ", ".join(f"{right} instead of {excerpt(name)}" for right, name in pairs[:3])

    def _is_data(self) -> bool:
        """Return whether a row looks like values: it has a number or a date, and no name that is known."""
        has_value = any(name[:1].isdigit() or not name for name in self.names)
        return has_value and {plain_name(name) for name in self.names}.isdisjoint(map(plain_name, self._known))


def _names(contract: Contract, dialect: Dialect) -> set[str]:
    made = {dialect.name_field, dialect.value_field}
    fields = {field.name for field in contract.record(dialect.record).fields}
    return {*(fields - made), *dialect.metrics, *dialect.renames}


def _required(record: Record, dialect: Dialect) -> Iterator[str]:
    made: Collection[str] = (dialect.name_field, dialect.value_field) if dialect.metrics else ()
    return (field.name for field in record.fields if field.required and field.name not in made)


def _demand(record: Record, dialect: Dialect) -> str:
    """Return words for the columns that a dialect needs."""
    needed = [_spellings(name, dialect) for name in _required(record, dialect)]
    if dialect.metrics:
        needed.append(f"at least one of {', '.join(dialect.metrics)}")
    if record.attributes:
        needed.append("at least one column more")
    return " and ".join(needed)


def _spellings(name: str, dialect: Dialect) -> str:
    others = [column for column, field in dialect.renames.items() if field == name]
    return f"{name} (or {', '.join(others)})" if others else name
