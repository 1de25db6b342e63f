"""CSV: uploads of files. The document does not list their columns; it only links to templates."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO

from traits_sandbox.conformance.catalogue.case import Breach, Case, Expectation, JudgeReply, Talk, accepted, refused
from traits_sandbox.conformance.catalogue.lookups import data_of, single
from traits_sandbox.conformance.catalogue.request_factory import BOUNDARY, MULTIPART, RequestFactory, multipart
from traits_sandbox.conformance.http.exchange import BEARER, JSON, Pairs, Reply
from traits_sandbox.contract.model import Dialect, Operation, Record

CsvTable = list[list[str]]
"""The header of a file, and its rows."""

_BINARY = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\xff\xfe\x00"


def cases(made: RequestFactory) -> Iterator[Case]:
    """Yield, for every upload, cases that send valid and invalid files and forms."""
    for operation in made.having("upload"):
        yield from _estimate(made, operation)
        for chapter in (_parts, _headers, _dialects, _forms, _no_text, _bodies):
            for requirement, name, title, content, expect in chapter(made, operation):
                request = made.raw(operation, content[0], headers=(BEARER, *content[1]))
                yield single(f"{requirement}.{operation.id}.{name}", title, operation, request, expect)


FormBody = tuple[bytes, Pairs]
"""A body, and the headers that describe it."""

Try = tuple[str, str, str, FormBody, Expectation]
"""A case: its requirement, its name, its title, the body to send, and the expectation for the reply."""


def _estimate(made: RequestFactory, operation: Operation) -> Iterator[Case]:
    yield Case(
        id=f"CSV-001.{operation.id}",
        title="upload a file and check the estimate",
        operation=operation.id,
        reach=operation.effect,
        judge=_estimated(made, operation),
        at_most=len(operation.dialects),
    )


def _estimated(made: RequestFactory, operation: Operation) -> JudgeReply:
    files = [made.upload(operation, made.csv(operation, dialect=each)) for each in operation.dialects]

    async def judge(talk: Talk) -> Breach | None:
        for file in files:
            reply = await talk.send(file)
            if reply.accepted:
                return _has_estimate(reply, operation.roles["estimate"])
        return accepted(reply)

    return judge


def _has_estimate(reply: Reply, name: str) -> Breach | None:
    expected = f"`{name}` in the data, a number that is not negative"
    data = data_of(reply)
    if not isinstance(data, dict) or name not in data:
        return Breach(f"no {name}", expected)
    number = isinstance(data[name], int | float) and not isinstance(data[name], bool)
    if not number:
        return Breach("an estimate that is not a number", expected)
    return None if data[name] >= 0 else Breach("a negative estimate", expected)


def _file(made: RequestFactory, operation: Operation, content: bytes) -> FormBody:
    request = made.upload(operation, content)
    return request.body or b"", (MULTIPART,)


def _parts(made: RequestFactory, operation: Operation) -> Iterator[Try]:
    assert operation.body is not None
    content, part = made.csv(operation), operation.body.part
    end = f"--{BOUNDARY}--\r\n".encode()
    value = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{part}"\r\n\r\n'.encode() + content + b"\r\n" + end
    bodies = {
        "other-part": ("send the file in a part with another name", multipart(content, f"{part}-other", "values.csv")),
        "value": (f"send a plain value as {part}", value),
        "no-part": ("send a form without parts", end),
    }
    for name, (title, body) in bodies.items():
        yield "CSV-002", name, title, (body, (MULTIPART,)), refused


def _table(made: RequestFactory, operation: Operation, dialect: Dialect | None = None) -> CsvTable:
    return list(csv.reader(StringIO(made.csv(operation, dialect=dialect).decode())))


def _written(rows: CsvTable, *, end: str = "\n", quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    text = StringIO()
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()


def _record(made: RequestFactory, operation: Operation) -> Record:
    return made.contract.record(operation.dialects[0].record)


def _headers(made: RequestFactory, operation: Operation) -> Iterator[Try]:
    record = _record(made, operation)
    user = record.field_of("user")
    # A server that accepts a file without a header may create a user from its first cell: use a user of this run.
    columns = sorted(
        zip(*_table(made, operation), strict=True), key=lambda column: user is None or column[0] != user.name
    )
    rows = [list(row) for row in zip(*columns, strict=True)]
    tables = {"no-header": ("leave out the header", rows[1:])}
    for field in (each for each in record.fields if each.required):
        tables[f"no-{field.name}"] = (f"leave out the column {field.name}", _only(rows, lambda n, f=field: n != f.name))  # type: ignore[misc]
    if record.attributes:
        fields = {each.name for each in record.fields}
        tables["no-answer"] = ("leave out all columns of answers", _only(rows, lambda name: name in fields))
    for name, (title, table) in tables.items():
        yield "CSV-003", name, title, _file(made, operation, _written(table)), refused


def _only(rows: CsvTable, kept: Callable[[str], bool]) -> CsvTable:
    columns = [index for index, name in enumerate(rows[0]) if kept(name)]
    return [[row[index] for index in columns] for row in rows]


def _dialects(made: RequestFactory, operation: Operation) -> Iterator[Try]:
    for dialect in operation.dialects:
        if dialect is not operation.dialects[0]:
            content = made.csv(operation, dialect=dialect)
            title = f"upload a file with the {dialect.name} header"
            yield "CSV-007", dialect.name, title, _file(made, operation, content), accepted
        for column, field in dialect.renames.items():
            header, *rows = _table(made, operation, dialect)
            renamed = [[column if name == field else name for name in header], *rows]
            title = f"use the name {column} for the column {field}"
            yield "CSV-007", column, title, _file(made, operation, _written(renamed)), accepted


def _forms(made: RequestFactory, operation: Operation) -> Iterator[Try]:
    rows, free = _table(made, operation), _free_column(made, operation)
    plain = _written(rows)
    forms = {
        "crlf": ("end lines with CR LF", _written(rows, end="\r\n")),
        "no-last-end": ("send a last line without a line ending", plain.rstrip()),
        "last-line-blank": ("end with a blank line", plain + b"\n"),
        "quoted": ("quote every cell", _written(rows, quoting=csv.QUOTE_ALL)),
        "byte-order-mark": ("begin with a byte order mark", plain.decode().encode("utf-8-sig")),
        "columns-reversed": ("reverse the order of the columns", _written([row[::-1] for row in rows])),
        "comma": ("send a comma within quotes", _written(_with(rows, free, "one, two"))),
        "quotation-mark": ("send a quotation mark within quotes", _written(_with(rows, free, 'one "two"'))),
        "line-break": ("send a line break within quotes", _written(_with(rows, free, "one\ntwo"))),
        "other-script": ("send letters beyond ASCII", _written(_with(rows, free, "žluťoučký 馬"))),
        "many-rows": ("send more rows than a push may hold", _written([rows[0], *rows[1:] * _many(made)])),
    }
    for name, (title, content) in forms.items():
        yield "CSV-004", name, title, _file(made, operation, content), accepted


def _many(made: RequestFactory) -> int:
    return (made.contract.max_records or 0) + 1


def _free_column(made: RequestFactory, operation: Operation) -> int:
    """Return the index of the last column with text."""
    typed = {each.name for each in _record(made, operation).fields if each.type != "string" or each.format or each.role}
    header = _table(made, operation)[0]
    return max(index for index, name in enumerate(header) if name not in typed)


def _with(rows: CsvTable, column: int, cell: str) -> CsvTable:
    return [rows[0], *([*row[:column], cell, *row[column + 1 :]] for row in rows[1:])]


def _no_text(made: RequestFactory, operation: Operation) -> Iterator[Try]:
    files = {
        "empty": ("upload an empty file", b""),
        "blank": ("upload a file of blank lines", b"\n\n"),
        "image": ("upload an image", _BINARY),
        "utf-16": ("upload a file in UTF-16", made.csv(operation).decode().encode("utf-16")),
    }
    for name, (title, content) in files.items():
        yield "CSV-005", name, title, _file(made, operation, content), refused


def _bodies(made: RequestFactory, operation: Operation) -> Iterator[Try]:
    assert operation.body is not None
    content, media_type = made.csv(operation), operation.body.media_type
    whole, headers = _file(made, operation, content)
    bodies: dict[str, tuple[str, FormBody]] = {
        "json": ("send JSON", (b"{}", (JSON,))),
        "csv": ("send the file without a form", (content, (("Content-Type", "text/csv"),))),
        "no-boundary": ("do not name the boundary", (whole, (("Content-Type", media_type),))),
        "other-boundary": ("name a wrong boundary", (whole, (("Content-Type", f"{media_type}; boundary=tsc-other"),))),
        "cut": ("cut off the form within the file", (whole[: whole.index(content) + len(content) // 2], headers)),
        "empty": ("send no body", (b"", headers)),
    }
    for name, (title, sent) in bodies.items():
        yield "CSV-006", name, title, sent, refused
