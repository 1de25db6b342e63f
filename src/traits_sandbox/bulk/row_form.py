"""How a violation of a row is written in JSON: in the report and in the quarantine."""

from typing import Self

from traits_sandbox.bulk.values import BadRow, BulkValue
from traits_sandbox.errors import Violation


class RowFault(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """One way in which a row breaks the contract.

    `line` counts from 1: lines of text, or rows of a Parquet file. `offset` is the byte at which the line begins, in
    NDJSON that is not compressed. `message` is the rest of a sentence that begins with the field's name.
    """

    line: int
    field: str
    rule: str
    message: str
    excerpt: str = ""
    offset: int | None = None

    @classmethod
    def of(cls, row: BadRow, violation: Violation) -> Self:
        """Return a violation of a row in the form of the report."""
        return cls(
            line=row.line,
            field=violation.name,
            rule=violation.rule,
            message=violation.message,
            excerpt=violation.value,
            offset=row.offset,
        )
