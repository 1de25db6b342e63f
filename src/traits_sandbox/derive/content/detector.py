"""Recognises what a content really is. Call this only for a content of which something was refused."""

from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Collection, Mapping
from typing import Final

from traits_sandbox.derive.content.binary import recognised
from traits_sandbox.derive.content.kinds import HEAD, ContentForm, ContentKind, FoundContent
from traits_sandbox.derive.content.text import shape_of

_JSON_VALUES: Final = frozenset(
    {ContentKind.JSON_OBJECT, ContentKind.JSON_ARRAY, ContentKind.JSON_INDENTED, ContentKind.JSON_WRAPPED}
)
# The kinds that a form may have. Whatever is wrong with such a content is found in its values or rows.
_EXPECTED: Final[Mapping[ContentForm, frozenset[ContentKind]]] = {
    ContentForm.JSON_BODY: _JSON_VALUES,
    ContentForm.NDJSON_FILE: frozenset({ContentKind.JSON_OBJECT, ContentKind.JSON_LINES, ContentKind.URL_ENCODED}),
    ContentForm.CSV_UPLOAD: frozenset({ContentKind.CSV, ContentKind.URL_ENCODED}),
    ContentForm.CSV_FILE: frozenset({ContentKind.CSV, ContentKind.URL_ENCODED}),
    ContentForm.PARQUET_FILE: frozenset({ContentKind.PARQUET, ContentKind.BINARY, ContentKind.URL_ENCODED}),
}
_CSV: Final = (ContentForm.CSV_UPLOAD, ContentForm.CSV_FILE)


def unexpected(content: bytes, form: ContentForm, names: Collection[str] = (), *, whole: bool) -> FoundContent | None:
    """Return what a content is, if it is not of the expected form, else None.

    `content` is the beginning of it, at least HEAD bytes, or all of it if it is `whole`. `names` are the fields of the
    expected records.
    """
    head, whole = content[:HEAD], whole and len(content) <= HEAD
    found = recognised(head) or _text(content, head, form, names, whole=whole)
    return found if found and found.kind not in _EXPECTED[form] else None


def invalid_byte(data: bytes, *, whole: bool) -> FoundContent | None:
    """Return the first byte that is not UTF-8, with its place; data that is not whole may end within a character."""
    try:
        getincrementaldecoder("utf-8")().decode(data, whole)
    except UnicodeDecodeError as error:
        at = error.start
        line, begin = data.count(b"\n", 0, at) + 1, data.rfind(b"\n", 0, at) + 1
        return FoundContent(ContentKind.NOT_UTF_8, f"0x{data[at]:02x}", line, at - begin + 1, at)
    return None


def _text(
    content: bytes, head: bytes, form: ContentForm, names: Collection[str], *, whole: bool
) -> FoundContent | None:
    if form is ContentForm.JSON_BODY:
        if head.startswith(BOM_UTF8):
            return FoundContent(ContentKind.BYTE_ORDER_MARK)
        if found := invalid_byte(content, whole=True):
            return found
    elif _ends_lines_with_cr(head):
        return FoundContent(ContentKind.CR_ONLY)
    text = head.removeprefix(BOM_UTF8).decode(errors="replace")
    kind = shape_of(text, names, whole=whole)
    if form in _CSV and kind in (None, *_EXPECTED[form]):
        # After the header, an invalid byte is a violation of its row.
        line, end, _ = head.partition(b"\n")
        return invalid_byte(line, whole=whole or bool(end))
    return FoundContent(kind) if kind else None


def _ends_lines_with_cr(head: bytes) -> bool:
    lines = head.removeprefix(BOM_UTF8).strip(b"\r\n")
    return b"\r" in lines and b"\n" not in lines and not lines.lstrip().startswith(b"[")
