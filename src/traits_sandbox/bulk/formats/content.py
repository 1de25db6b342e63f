"""Names what a file really is, where its content is not what its name says. Reads the file again for that."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import orjson

from traits_sandbox.bulk.checking.judging import CategoryRules
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.bulk.storage.streams import Unreadable, blocks
from traits_sandbox.bulk.values import CONTENT, Compression, FileFormat, Task
from traits_sandbox.derive.content.detector import unexpected
from traits_sandbox.derive.content.kinds import HEAD, ContentForm, ContentKind, FoundContent
from traits_sandbox.derive.content.words import sentence, what_it_is

_FORMS: Final[dict[FileFormat, ContentForm]] = {
    "ndjson": ContentForm.NDJSON_FILE,
    "csv": ContentForm.CSV_FILE,
    "parquet": ContentForm.PARQUET_FILE,
}
_UNPACKING: Final = {"gzip", "zstd"}
_UNREAD: Final = {"header", "parquet"}
_COMPRESSIONS: Final[dict[Compression, tuple[str, tuple[ContentKind, ...]]]] = {
    "gz": ("gzip", (ContentKind.GZIP, ContentKind.GZIP_TWICE)),
    "zst": ("Zstandard", (ContentKind.ZSTD,)),
}


@contextmanager
def naming_content(task: Task, source: FileSource, category: CategoryRules) -> Iterator[None]:
    """Replace the error of a file that cannot be read by what it is, if it is not what its name says.

    Raises:
        Unreadable: with the kind CONTENT, or the same error again.
        StorageError, ObjectGone: the file can no longer be read.

    """
    try:
        yield
    except Unreadable as error:
        if error.kind in _UNPACKING and (message := _not_packed(task, source, category)):
            raise Unreadable(CONTENT, message) from None
        if error.kind in _UNREAD:
            require_form(task, source, category)
        raise


def require_form(task: Task, source: FileSource, category: CategoryRules) -> None:
    """Raise Unreadable if a file of which something was refused has another form than its name says."""
    form, head = _FORMS[task.place.format], _head(task, source, task.place.compression)
    if form is ContentForm.NDJSON_FILE and is_row(first_line(head), category):
        return
    found = unexpected(head, form, category.names, whole=len(head) <= HEAD)
    if found and found.kind is ContentKind.GZIP and task.place.compression == "gz":
        found = msgspec.structs.replace(found, kind=ContentKind.GZIP_TWICE)
    if found:
        raise Unreadable(CONTENT, sentence(found, form))


def first_line(data: bytes) -> bytes:
    """Return the first line that is not blank, without a byte order mark."""
    return data.removeprefix(BOM_UTF8).lstrip().partition(b"\n")[0]


def offset_of_first_line(task: Task, source: FileSource) -> int:
    """Return the byte at which the first line begins that is not blank; a byte order mark is part of its line."""
    head = _head(task, source, task.place.compression)
    text = head.removeprefix(BOM_UTF8).lstrip()
    return head.rfind(b"\n", 0, len(head) - len(text)) + 1


def is_row(line: bytes, category: CategoryRules) -> bool:
    """Return whether a line is a JSON object with a field of the category: then its file is NDJSON."""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(row, dict) and not category.names.isdisjoint(row)


def _not_packed(task: Task, source: FileSource, category: CategoryRules) -> str:
    """Return what a file is that cannot be decompressed; empty if it begins as its name says, and is damaged."""
    name, packed = _COMPRESSIONS[task.place.compression]
    found = _plain(task, source, category)
    if found and found.kind in packed:
        return ""
    if found:
        return f"is not {name} as its name says: it {what_it_is(found)}"
    return f"is not compressed; remove .{task.place.compression} from its name"


def _plain(task: Task, source: FileSource, category: CategoryRules) -> FoundContent | None:
    head = _head(task, source, "")
    return unexpected(head, _FORMS[task.place.format], category.names, whole=len(head) <= HEAD)


def _head(task: Task, source: FileSource, compression: Compression) -> bytes:
    """Return the first bytes of the content: more than HEAD, or all of them."""
    end = 0 if compression else min(task.stored.size, HEAD + 1)
    return next(blocks(source, task.stored, compression, end=end), b"")
