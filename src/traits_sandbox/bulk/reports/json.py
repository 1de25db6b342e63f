"""The report as JSON, and the JSON Schema of its form."""

from typing import Annotated, Any, Final, Literal, Self

import msgspec

from traits_sandbox.bulk.reports.words import unreadable_first
from traits_sandbox.bulk.row_form import RowFault
from traits_sandbox.bulk.values import BadRow, BulkValue, FileReport, LoadReport
from traits_sandbox.derive.struct_schemas import struct_schema

FORM: Final = 1
ExitCode = Annotated[int, msgspec.Meta(ge=0, le=3)]
_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


class RefusedRow(BulkValue, frozen=True, kw_only=True, omit_defaults=False):
    """A bad row: its line, its text (cut where it is long), and its violations."""

    line: int
    text: str
    faults: tuple[RowFault, ...]
    offset: int | None = None

    @classmethod
    def of(cls, row: BadRow) -> Self:
        """Return a bad row in the form of the report."""
        faults = tuple(RowFault.of(row, violation) for violation in row.violations)
        return cls(line=row.line, text=row.text, faults=faults, offset=row.offset)


class CheckedFile(FileReport, frozen=True, kw_only=True, omit_defaults=False):
    """A file in the form of the report."""

    bad: tuple[RefusedRow, ...] = ()  # type: ignore[assignment]

    @classmethod
    def of(cls, file: FileReport) -> Self:
        """Return a file's report in the form of the report."""
        values = {name: getattr(file, name) for name in FileReport.__struct_fields__}
        return cls(**values | {"bad": tuple(map(RefusedRow.of, file.bad))})


class CheckReport(LoadReport, frozen=True, kw_only=True, omit_defaults=False):
    """The report of `traits-sandbox bulk check`.

    `form` is the version of this form, `exit_code` is 0 for a good load, 1 for a bad one, 2 if no row was checked below
    a URI, and 3 if no file could be read from its storage. `files` begins with those that could not be read. `notices`
    are about several files, or about files that are not checked; notices about one file are with the file.
    `unchecked` are the URIs below which no row was checked; `allow_empty` accepts those that are empty. `seconds` is
    the duration of the check.
    """

    files: tuple[CheckedFile, ...]
    form: Literal[1]
    good: bool
    exit_code: ExitCode


def render(report: LoadReport) -> bytes:
    """Return a report as JSON, ending in a line break."""
    values = {name: getattr(report, name) for name in LoadReport.__struct_fields__}
    values["files"] = tuple(map(CheckedFile.of, unreadable_first(report.files)))
    published = CheckReport(form=FORM, good=report.good, exit_code=report.exit_code, **values)
    return msgspec.json.format(msgspec.json.encode(published), indent=2) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema that every report keeps."""
    return {"$schema": _DIALECT} | struct_schema(CheckReport)
