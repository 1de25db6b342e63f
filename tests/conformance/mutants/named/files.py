"""Servers that read uploads in their own way."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.conformance.mutants.facts import having
from tests.conformance.mutants.mutant import Mutant, broken_by
from tests.conformance.mutants.named.envelopes import Envelope, success
from tests.conformance.mutants.wrapping import Answered, Asked, Inner, accepting, before, both, refusing


def mutants() -> Iterator[Mutant]:
    yield from _of_estimates()
    yield from _of_parts()
    yield from _of_content()
    yield from _of_forms()


@dataclass(frozen=True, slots=True)
class Form:
    """The first part of a multipart body: its head and its content, with what stands before and behind."""

    before: bytes
    head: bytes
    content: bytes
    behind: bytes


def form_of(asked: Asked) -> Form | None:
    found = (
        re.match(rb"(.*?--[^\r\n]+\r\n)(.*?\r\n\r\n)(.*?)(\r\n--.*)", asked.body, re.DOTALL)
        if uploaded(asked)
        else None
    )
    return Form(*found.groups()) if found else None


def with_content(asked: Asked, form: Form, content: bytes) -> Asked:
    return asked.with_body(form.before + form.head + content + form.behind)


def uploaded(asked: Asked) -> bool:
    return asked.behaviour == "upload"


def _of_estimates() -> Iterator[Mutant]:
    name = having("upload")[0].roles["estimate"]
    data: dict[str, tuple[str, Any]] = {
        "missing": ("An upload is answered without an estimate.", {}),
        "null": ("The estimate of an upload is null.", {name: None}),
        "text": ("The estimate of an upload is text.", {name: "125"}),
        "true": ("The estimate of an upload is true.", {name: True}),
        "negative": ("The estimate of an upload is negative.", {name: -1}),
        "list": ("The estimate of an upload is a list.", {name: [125]}),
        "no-data": ("An upload is answered with null for its data.", None),
        "data-alone": ("The data of an upload is the estimate alone.", 125),
    }
    for label, (does, value) in data.items():
        yield broken_by(f"estimate.{label}", does, "CSV-001", success(_holding(value), "upload"))
    for operation in having("upload"):
        yield broken_by(
            f"estimate.{operation.id}.missing",
            f"{operation.id} is answered without an estimate.",
            "CSV-001",
            _success_of(operation.id, {}),
        )


def _holding(data: Any) -> Callable[[Envelope], Envelope]:
    return lambda body: body | {"data": data}


def _success_of(operation_id: str, data: Any) -> Any:
    async def around(asked: Asked, inner: Inner) -> Answered:
        reply = await inner(asked)
        meant = reply.accepted and asked.operation is not None and asked.operation.id == operation_id
        return reply.with_json(reply.json() | {"data": data}) if meant else reply

    return around


def _of_parts() -> Iterator[Mutant]:
    part = having("upload")[0].body.part  # type: ignore[union-attr]

    def any_name(asked: Asked) -> Asked:
        form = form_of(asked)
        if form is None:
            return asked
        head = re.sub(rb' name="[^"]*"', b' name="%b"' % part.encode(), form.head)
        return asked.with_body(form.before + head + form.content + form.behind)

    def value_as_file(asked: Asked) -> Asked:
        form = form_of(asked)
        if form is None or b"filename" in form.head:
            return asked
        head = form.head.replace(b'name="%b"' % part.encode(), b'name="%b"; filename="a.csv"' % part.encode())
        return asked.with_body(form.before + head + form.content + form.behind)

    yield broken_by("upload.any-part", "The first part of an upload is its file, whatever its name.", "CSV-002",
                 before(any_name))  # fmt: skip
    yield broken_by("upload.value-as-file", "A plain value is taken for a file.", "CSV-002", before(value_as_file))
    yield broken_by(
        "upload.nothing",
        "An upload without a file is taken.",
        "CSV-002 CSV-006",
        accepting(lambda a: uploaded(a) and not _holds(a, part)),
    )


def _holds(asked: Asked, part: str) -> bool:
    form = form_of(asked)
    return form is not None and b'name="%b"' % part.encode() in form.head


def rewriting(change: Callable[[bytes], bytes]) -> Any:
    """Return a middleware that changes the content of uploads."""

    def changed(asked: Asked) -> Asked:
        form = form_of(asked)
        return with_content(asked, form, change(form.content)) if form else asked

    return before(changed)


def content_refused(bad: Callable[[bytes], object]) -> Any:
    """Return a middleware that refuses uploads by their content."""

    def refused(asked: Asked) -> bool:
        form = form_of(asked)
        return form is not None and bool(bad(form.content))

    return refusing(refused)


BOM = b"\xef\xbb\xbf"


def _of_content() -> Iterator[Mutant]:
    refused: dict[str, tuple[str, Callable[[bytes], object]]] = {
        "bom": ("A byte order mark is taken for a part of the first column's name.", lambda c: c.startswith(BOM)),
        "crlf": ("A file with CRLF is refused.", lambda c: b"\r\n" in c),
        "lf": ("A file with LF is refused.", lambda c: b"\n" in c and b"\r\n" not in c),
        "quotes": ("A file with quotes is refused.", lambda c: b'"' in c),
        "quoted-comma": ("A comma within quotes ends a cell.", lambda c: re.search(rb'"[^"\n]*,[^"\n]*"', c)),
        "quoted-line-end": ("A line end within quotes ends a row.", _has_quoted_line_end),
        "doubled-quotes": ("A doubled quote ends a cell.", lambda c: b'""' in c),
        "no-last-line-end": ("A file has to end with a line end.", lambda c: not c.endswith(b"\n")),
    }
    for name, (does, bad) in refused.items():
        yield broken_by(f"csv.{name}", does, "CSV-004", content_refused(bad))
    others = {
        b",".join([each.encode() for each in (*dialect.renames, *dialect.metrics)])
        for operation in having("upload")
        for dialect in operation.dialects
    } - {b""}
    yield broken_by("csv.other-headers", "Headers of earlier editions are refused.", "CSV-007",
                 content_refused(lambda c: any(each in c for each in others)))  # fmt: skip
    taken: dict[str, tuple[str, str, Callable[[bytes], object]]] = {
        "any-header": ("A file is taken whatever its header.", "CSV-003", lambda c: c.strip() and b"\0" not in c),
        "empty": ("An empty file is taken.", "CSV-005", lambda c: not c.strip()),
        "binary": ("A file that is not text is taken.", "CSV-005", lambda c: not _is_text(c) or b"\0" in c),
    }
    for name, (does, kills, good) in taken.items():
        yield broken_by(f"csv.{name}", does, kills, accepting(_of_form(good)))


def _has_quoted_line_end(content: bytes) -> bool:
    return any(each.count(b'"') % 2 for each in content.split(b"\n"))


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _of_form(good: Callable[[bytes], object]) -> Callable[[Asked], object]:
    def fits(asked: Asked) -> bool:
        form = form_of(asked)
        return form is not None and b"filename" in form.head and bool(good(form.content))

    return fits


def _of_forms() -> Iterator[Mutant]:
    taken: dict[str, tuple[str, Callable[[Asked], object]]] = {
        "json": ("An upload takes JSON.", lambda a: a.header("content-type").startswith("application/json")),
        "no-boundary": ("An upload needs no boundary.", lambda a: "boundary" not in a.header("content-type")),
        "broken": ("An upload takes a broken form.", lambda a: form_of(a) is None),
        "cut": ("An upload takes a form without its end.", lambda a: not a.body.rstrip().endswith(b"--")),
        "raw": ("An upload takes plain CSV.", lambda a: "csv" in a.header("content-type")),
    }
    for name, (does, fits) in taken.items():
        yield broken_by(f"upload.{name}", does, "CSV-006",
                     accepting(both(uploaded, fits)))  # fmt: skip
