"""Sentences about contents: what they are, and the next step for each form that was expected."""

from collections.abc import Mapping
from typing import Final

from traits_sandbox.derive.content.kinds import ContentForm, ContentKind, FoundContent

_JSON, _UPLOAD = ContentForm.JSON_BODY, ContentForm.CSV_UPLOAD
_NDJSON, _CSV, _PARQUET = ContentForm.NDJSON_FILE, ContentForm.CSV_FILE, ContentForm.PARQUET_FILE

_WHAT: Final[Mapping[ContentKind, str]] = {
    ContentKind.GZIP: "is gzip",
    ContentKind.GZIP_TWICE: "is gzip within gzip",
    ContentKind.ZSTD: "is Zstandard",
    ContentKind.ZIP: "is a zip archive",
    ContentKind.OTHER_ARCHIVE: "is compressed in another way than gzip or Zstandard",
    ContentKind.XLSX: "is an Excel workbook (XLSX)",
    ContentKind.XLS: "is an Excel workbook (XLS), or another file of Microsoft Office",
    ContentKind.PARQUET: "is Parquet",
    ContentKind.ENCRYPTED_PARQUET: "is encrypted Parquet",
    ContentKind.OTHER_TABLE: "is a binary table (Avro, Arrow, ORC or SQLite)",
    ContentKind.PDF: "is a PDF document",
    ContentKind.IMAGE: "is an image",
    ContentKind.HTML: "is an HTML page, such as the login or error page of a website",
    ContentKind.XML: "is XML, such as the error message of a storage",
    ContentKind.UTF_16: "is text in UTF-16",
    ContentKind.UTF_32: "is text in UTF-32",
    ContentKind.BYTE_ORDER_MARK: "begins with a byte order mark",
    ContentKind.NOT_UTF_8: "is not UTF-8 text: line {line}, column {column} (byte {offset}) is {detail}",
    ContentKind.BINARY: "is binary data, not text",
    ContentKind.CR_ONLY: "cannot be read: lines end with CR only",
    ContentKind.JSON_OBJECT: "is a JSON object",
    ContentKind.JSON_ARRAY: "is a JSON array",
    ContentKind.JSON_LINES: "is NDJSON, one JSON object a line",
    ContentKind.JSON_INDENTED: "is JSON whose objects go over several lines",
    ContentKind.JSON_JOINED: "has several JSON objects on one line",
    ContentKind.JSON_COMMAS: "has commas between its JSON objects",
    ContentKind.JSON_WRAPPED: "is one JSON object with a list of records in it, as a push has",
    ContentKind.CSV: "is CSV",
    ContentKind.SEMICOLONS: "is separated by semicolons",
    ContentKind.TABS: "is separated by tabs",
    ContentKind.PIPES: "is separated by vertical bars",
    ContentKind.SEPARATOR_LINE: "begins with the line sep=, which only Excel knows",
    ContentKind.URL_ENCODED: "is a URL-encoded form",
}
# The next step if there is none for the kind.
_STEPS: Final[Mapping[ContentForm, str]] = {
    _JSON: "send JSON in UTF-8",
    _UPLOAD: "upload CSV in UTF-8, separated by commas",
    _NDJSON: "write NDJSON in UTF-8, one JSON object a line",
    _CSV: "write CSV in UTF-8, separated by commas",
    _PARQUET: "write Parquet",
}
_UNPACK: Final = {_NDJSON: "unpack it, or add {suffix} to its name", _CSV: "unpack it, or add {suffix} to its name"}
_ONE_A_LINE: Final = "write one JSON object a line"
_AS_UTF_8: Final = {**dict.fromkeys(ContentForm, "save it as UTF-8"), _JSON: "send it in UTF-8"}
_COMMAS: Final = "separate the columns by commas"
_SPECIAL_STEPS: Final[Mapping[ContentKind, Mapping[ContentForm, str]]] = {
    ContentKind.GZIP: {
        _JSON: "send plain JSON, or compress it once and say Content-Encoding: gzip",
        _UPLOAD: "upload the file unpacked, or compress the whole request",
        _PARQUET: "unpack it; Parquet is compressed inside",
        **{form: step.format(suffix=".gz") for form, step in _UNPACK.items()},
    },
    ContentKind.ZSTD: {form: step.format(suffix=".zst") for form, step in _UNPACK.items()},
    ContentKind.GZIP_TWICE: dict.fromkeys((_UPLOAD, _PARQUET), "unpack it")
    | {_JSON: "compress it once", **dict.fromkeys((_NDJSON, _CSV), "compress it once, with .gz in its name")},
    ContentKind.XLSX: dict.fromkeys((_UPLOAD, _CSV), "save it as CSV in UTF-8"),
    ContentKind.XLS: dict.fromkeys((_UPLOAD, _CSV), "save it as CSV in UTF-8"),
    ContentKind.PARQUET: dict.fromkeys((_NDJSON, _CSV), "name it .parquet"),
    ContentKind.UTF_16: _AS_UTF_8,
    ContentKind.UTF_32: _AS_UTF_8,
    ContentKind.BYTE_ORDER_MARK: {_JSON: "send JSON without it"},
    ContentKind.NOT_UTF_8: _AS_UTF_8,
    ContentKind.CR_ONLY: dict.fromkeys(ContentForm, "convert them to LF"),
    ContentKind.JSON_OBJECT: {_CSV: "name it .ndjson"},
    ContentKind.JSON_ARRAY: {_NDJSON: f"{_ONE_A_LINE}, without brackets and commas"},
    ContentKind.JSON_LINES: {_JSON: "send one JSON value", _CSV: "name it .ndjson"},
    ContentKind.JSON_INDENTED: {_NDJSON: _ONE_A_LINE},
    ContentKind.JSON_JOINED: {_NDJSON: _ONE_A_LINE, _JSON: "send one JSON value"},
    ContentKind.JSON_COMMAS: {_NDJSON: f"{_ONE_A_LINE}, without commas"},
    ContentKind.JSON_WRAPPED: {_NDJSON: "write one record a line"},
    ContentKind.CSV: {_NDJSON: "name it .csv, or write NDJSON"},
    ContentKind.SEMICOLONS: dict.fromkeys((_UPLOAD, _CSV), _COMMAS),
    ContentKind.TABS: dict.fromkeys((_UPLOAD, _CSV), _COMMAS),
    ContentKind.PIPES: dict.fromkeys((_UPLOAD, _CSV), _COMMAS),
    ContentKind.SEPARATOR_LINE: dict.fromkeys((_UPLOAD, _CSV), "remove that line"),
}


def sentence(found: FoundContent, form: ContentForm) -> str:
    """Return what a content is and the next step, as the rest of a sentence that begins with its name."""
    step = _SPECIAL_STEPS.get(found.kind, {}).get(form) or _STEPS[form]
    return f"{what_it_is(found)}; {step}"


def what_it_is(found: FoundContent) -> str:
    """Return what a content is, without the next step."""
    return _WHAT[found.kind].format(detail=found.detail, line=found.line, column=found.column, offset=found.offset)
