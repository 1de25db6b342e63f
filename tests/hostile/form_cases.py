"""Hostile multipart forms. Routes that take JSON get the same body and content type."""

from collections.abc import Iterator
from functools import partial

from tests.hostile.cases import CUT, REFUSED, TAKEN, Case, framed_case, typed_case
from tests.hostile.messages import BOUNDARY, FORM, JSON, Make, Message, file_part, form, valid_content
from traits_sandbox.contract.model import Operation

_MEBIBYTE = 2**20


def form_cases() -> Iterator[Case]:
    """Yield every case that is a form."""
    yield from _content_types()
    yield from _shapes()
    yield from _parts()
    yield from _numbers_of_parts()


def _content_types() -> Iterator[Case]:
    refused = {
        "no boundary": b"multipart/form-data",
        "empty boundary": b"multipart/form-data; boundary=",
        "other boundary": b"multipart/form-data; boundary=other",
        "quoted half": b'multipart/form-data; boundary="' + BOUNDARY,
        "boundary of newlines": b"multipart/form-data; boundary=%0d%0a",
        "long boundary": b"multipart/form-data; boundary=" + b"x" * 5000,
        "boundary in bytes": b"multipart/form-data; boundary=\xff\xfe",
        "boundary in an unknown charset": b"multipart/form-data; boundary*=nope''" + BOUNDARY,
        "boundary in NUL charset": b"multipart/form-data; boundary*=%00''" + BOUNDARY,
        "boundary of nothing": b"multipart/form-data; boundary*=",
        "mixed": b"multipart/mixed; boundary=" + BOUNDARY,
        "list": FORM + b", multipart/form-data; boundary=x",
        "no type": b"; boundary=" + BOUNDARY,
        "semicolons": b"multipart/form-data" + b";" * 5000,
        "csv": b"text/csv",
        "nothing": b"",
    }
    for name, content_type in refused.items():
        yield typed_case(f"form type: {name}", _whole, content_type, bare=TAKEN)
    # Which charset names are is of no interest to us; none may be a codec that throws.
    for charset in ("undefined", "idna", "punycode", "zlib", "rot13", "utf-16", "utf-7", "unicode_escape", "nope"):
        yield typed_case(
            f"form charset: {charset}", _strange_names, FORM + b"; charset=" + charset.encode(), upload=REFUSED | TAKEN
        )


def _shapes() -> Iterator[Case]:
    shapes: dict[str, Make] = {
        "empty": lambda _: b"",
        "no part": lambda _: form(),
        "end alone": lambda _: b"--" + BOUNDARY + b"--",
        "no final boundary": lambda operation: _whole(operation).removesuffix(b"\r\n--" + BOUNDARY + b"--\r\n"),
        "final boundary cut": lambda operation: _whole(operation).removesuffix(b"--\r\n"),
        "headers cut": lambda operation: _whole(operation)[: len(BOUNDARY) + 40],
        "boundary alone": lambda _: b"--" + BOUNDARY + b"\r\n",
        "junk": lambda _: b"junk" * 1000,
        "line feeds": lambda operation: _whole(operation).replace(b"\r\n", b"\n"),
        "no blank line": lambda operation: _whole(operation).replace(b"\r\n\r\n", b"\r\n"),
        "boundaries": lambda _: (b"--" + BOUNDARY + b"\r\n") * 10_000,
    }
    for name, body in shapes.items():
        yield typed_case(f"form: {name}", body, FORM)
    # A webhook looks at no content type.
    yield typed_case("form: JSON", lambda _: b'{"file": "user_id,kpi_id,value"}', FORM, webhook=TAKEN)
    yield typed_case("form: sent as JSON", _whole, JSON)
    yield framed_case("form: cut by the client", _cut, CUT, end=True)


def _parts() -> Iterator[Case]:
    parts: dict[str, bytes] = {
        "no name": b"Content-Disposition: form-data",
        "no disposition": b"Content-Type: text/csv",
        "empty name": b'Content-Disposition: form-data; name=""; filename="x.csv"',
        "other name": b'Content-Disposition: form-data; name="File"; filename="x.csv"',
        "name in bytes": b'Content-Disposition: form-data; name="\xff\xfe"; filename="\xff"',
        "name with NUL": b'Content-Disposition: form-data; name="file\0"; filename="x.csv"',
        "no file": b'Content-Disposition: form-data; name="file"',
        "name of an unknown charset": b"Content-Disposition: form-data; name*=nope''file; filename=x",
        "header without colon": b"Content-Disposition",
        "header without name": b': form-data; name="file"',
        "NUL in header": b'Content-\0Disposition: form-data; name="file"; filename="x"',
        "huge header": b'Content-Disposition: form-data; name="file"; filename="' + b"x" * 10 * _MEBIBYTE + b'"',
        "huge header name": b"x" * 10 * _MEBIBYTE + b": y",
        "many headers": b'Content-Disposition: form-data; name="file"; filename="x"\r\n'
        + b"a: b\r\n" * 10_000
        + b"c: d",
        "many parameters": b"Content-Disposition: form-data" + b"; a=b" * 500 + b'; name="File"; filename="x"',
        "semicolons": b"Content-Disposition: form-data" + b";" * 3000 + b" filename=x",
        "quotes": b'Content-Disposition: form-data; name="' + b'\\"' * 1500 + b'"; filename="x',
    }
    for name, head in parts.items():
        yield typed_case(f"part: {name}", partial(_part, head), FORM)
    for name, filename in _filenames().items():
        head = b'Content-Disposition: form-data; name="file"; filename' + filename
        # RFC 7578 forbids the form with a charset; without a file name the part is no file.
        upload = TAKEN | REFUSED if "charset" in name else TAKEN
        yield typed_case(f"file name: {name}", partial(_part, head), FORM, upload=upload)


def _filenames() -> dict[str, bytes]:
    return {
        "empty": b'=""',
        "climbing": b'="../../../../../../tmp/hostile-was-here"',
        "absolute": b'="/tmp/hostile-was-here"',
        "Windows": b'="C:\\\\CON\\\\hostile-was-here"',
        "NUL": b'="x.csv\0.png"',
        "bytes": b'="\xff\xfe\xed\xa0\x80"',
        "markup": b'="<script>alert(1)</script>"',
        "terminal": b'="\x1b]0;title\x07.csv"',
        "long": b'="' + b"x" * 3000 + b'.csv"',
        "in a charset": b"*=utf-8''%E2%82%AC.csv",
        "in an unknown charset": b"*=nope''%ff.csv",
        "in a charset, badly": b"*=utf-8''%ff%fe.csv",
    }


def _numbers_of_parts() -> Iterator[Case]:
    field = b'Content-Disposition: form-data; name="a"\r\n\r\nb'
    files: Make = lambda operation: form(*[file_part(operation, valid_content(operation))] * 10_000)  # noqa: E731
    yield typed_case("10000 fields", lambda _: form(*[field] * 10_000), FORM)
    yield typed_case("10000 files", files, FORM)
    yield typed_case("empty parts", lambda _: form(*[b"\r\n"] * 10_000), FORM)
    yield typed_case("huge field", lambda _: form(field + b"x" * 10 * _MEBIBYTE), FORM)
    yield typed_case("two files", _two_files, FORM)
    yield typed_case("second file empty", lambda operation: _two_files(operation, second=b""), FORM)
    yield typed_case("file after field of its name", _field_and_file, FORM)
    yield typed_case("field after file of its name", lambda operation: _field_and_file(operation, -1), FORM)
    yield typed_case("text around", lambda operation: _whole(operation) + b"x" * _MEBIBYTE, FORM, upload=TAKEN)


def _whole(operation: Operation) -> bytes:
    return form(file_part(operation, valid_content(operation)))


def _part(head: bytes, operation: Operation) -> bytes:
    return form(head + b"\r\n\r\n" + valid_content(operation))


def _strange_names(operation: Operation) -> bytes:
    strange = b'Content-Disposition: form-data; name="\\x .. \xff+2AA-"; filename="..\\N{"\r\n\r\nx'
    return form(strange, file_part(operation, valid_content(operation)))


def _two_files(operation: Operation, second: bytes | None = None) -> bytes:
    content = valid_content(operation)
    return form(file_part(operation, content), file_part(operation, content if second is None else second))


def _field_and_file(operation: Operation, step: int = 1) -> bytes:
    field = b'Content-Disposition: form-data; name="file"\r\n\r\nuser_id'
    return form(*[field, file_part(operation, valid_content(operation))][::step])


def _cut(message: Message) -> bytes:
    return message.head(b"Content-Length: %d" % (len(message.body) + 1)) + message.body
