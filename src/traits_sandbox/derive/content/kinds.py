"""The kinds of content that can be recognised, and the forms that the entry points expect."""

from enum import StrEnum, auto
from typing import Final

import msgspec

HEAD: Final = 2**16
"""The number of bytes at the beginning of a content that are enough to recognise it."""


class ContentForm(StrEnum):
    """What an entry point expects."""

    JSON_BODY = auto()
    CSV_UPLOAD = auto()
    NDJSON_FILE = auto()
    CSV_FILE = auto()
    PARQUET_FILE = auto()


class ContentKind(StrEnum):
    """What a content really is."""

    GZIP = auto()
    GZIP_TWICE = auto()
    ZSTD = auto()
    ZIP = auto()
    OTHER_ARCHIVE = auto()
    XLSX = auto()
    XLS = auto()
    PARQUET = auto()
    ENCRYPTED_PARQUET = auto()
    OTHER_TABLE = auto()
    PDF = auto()
    IMAGE = auto()
    HTML = auto()
    XML = auto()
    UTF_16 = auto()
    UTF_32 = auto()
    BYTE_ORDER_MARK = auto()
    NOT_UTF_8 = auto()
    BINARY = auto()
    CR_ONLY = auto()
    JSON_OBJECT = auto()
    JSON_ARRAY = auto()
    JSON_LINES = auto()
    JSON_INDENTED = auto()
    JSON_JOINED = auto()
    JSON_COMMAS = auto()
    JSON_WRAPPED = auto()
    CSV = auto()
    SEMICOLONS = auto()
    TABS = auto()
    PIPES = auto()
    SEPARATOR_LINE = auto()
    URL_ENCODED = auto()


class FoundContent(msgspec.Struct, frozen=True):
    """What was recognised. `detail` is a short piece of it: an invalid byte, a name.

    `line` and `column` count from 1 and `offset` from 0, all in bytes; they are 0 where the whole content is meant.
    """

    kind: ContentKind
    detail: str = ""
    line: int = 0
    column: int = 0
    offset: int = 0
