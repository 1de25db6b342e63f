"""Contents that are not what they should be, and contents that are; each is sent on every route that takes its form."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl
import zstandard

JSON, NDJSON, CSV, PARQUET = "json", "ndjson", "csv", "parquet"
ROWS: Final[list[dict[str, object]]] = [
    {"user_id": f"u{number}", "kpi_id": "ltv", "value": number} for number in (1, 2, 3)
]
BOM: Final = b"\xef\xbb\xbf"


def _parquet() -> bytes:
    file = io.BytesIO()
    pl.DataFrame(ROWS).write_parquet(file)
    return file.getvalue()


def _table(separator: str = ",", end: str = "\n", header: str = "user_id,kpi_id,value") -> bytes:
    rows = [header, *(",".join(map(str, row.values())) for row in ROWS)]
    return "".join(row.replace(",", separator) + end for row in rows).encode()


def _lines(end: str = "\n", row: Callable[[dict[str, object]], str] = json.dumps) -> bytes:
    return "".join(row(each) + end for each in ROWS).encode()


GOOD: Final[dict[str, bytes]] = {
    JSON: json.dumps({"level_ups": [{"user_id": "u1", "level": 1}]}).encode(),
    NDJSON: _lines(),
    CSV: _table(),
    PARQUET: _parquet(),
}


def _zipped(name: str) -> Callable[[bytes], bytes]:
    def pack(content: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(name, content)
        return file.getvalue()

    return pack


def _encoded(encoding: str) -> Callable[[bytes], bytes]:
    return lambda content: content.decode("latin-1").encode(encoding)


def _always(content: bytes) -> Callable[[bytes], bytes]:
    return lambda _: content


@dataclass(frozen=True, slots=True)
class RefusedInput:
    """A content of some form, and words that the answer of every route has."""

    name: str
    form: str
    content: bytes
    words: str


_FOREIGN: Final[dict[str, tuple[Callable[[bytes], bytes], str]]] = {
    "gzip": (gzip.compress, "is gzip;"),
    "gzip-twice": (lambda content: gzip.compress(gzip.compress(content)), "is gzip within gzip"),
    "zstd": (zstandard.compress, "is Zstandard"),
    "zip": (_zipped("a.csv"), "is a zip archive"),
    "xlsx": (_zipped("xl/workbook.xml"), "is an Excel workbook (XLSX)"),
    "xls": (_always(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)), "is an Excel workbook (XLS)"),
    "xz": (_always(b"\xfd7zXZ\0\0\x04" + bytes(60)), "is compressed in another way"),
    "bzip2": (_always(b"BZh91AY&SY\x01\x02\x03\x04\x05" + bytes(60)), "is compressed in another way"),
    "avro": (_always(b"Obj\x01\x04\x14avro.codec"), "is a binary table"),
    "pdf": (_always(b"%PDF-1.7\n1 0 obj\n"), "is a PDF document"),
    "image": (_always(b"\x89PNG\r\n\x1a\n" + bytes(60)), "is an image"),
    "html": (_always(b"\r\n<!DOCTYPE html>\n<html><title>Sign in</title></html>\n"), "is an HTML page"),
    "html-in-capitals": (_always(b"<HTML><BODY>502</BODY></HTML>"), "is an HTML page"),
    "xml": (_always(b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>'), "is XML"),
    "utf-16": (_encoded("utf-16"), "is text in UTF-16"),
    "utf-16-be": (_encoded("utf-16-be"), "is text in UTF-16"),
    "utf-16-le": (_encoded("utf-16-le"), "is text in UTF-16"),
    "utf-32": (_encoded("utf-32"), "is text in UTF-32"),
}
_CR: Final = "lines end with CR only; convert them to LF"
_SPELLING: Final = 'user_id instead of "User_ID"'
_OF_ONE_FORM: Final = [
    *(RefusedInput("parquet", form, GOOD[PARQUET], "is Parquet") for form in (JSON, NDJSON, CSV)),
    *(RefusedInput("binary", form, bytes(range(32)) * 9, "is binary data") for form in (JSON, NDJSON, CSV)),
    RefusedInput("array", NDJSON, json.dumps(ROWS).encode(), "is a JSON array;"),
    RefusedInput("array-of-lines", NDJSON, json.dumps(ROWS, indent=1).encode(), "is a JSON array;"),
    RefusedInput("long-array", NDJSON, json.dumps(ROWS * 9000, indent=1).encode(), "is a JSON array;"),
    RefusedInput("array-with-mark", NDJSON, BOM + json.dumps(ROWS).encode(), "is a JSON array;"),
    RefusedInput("indented", NDJSON, _lines(row=lambda row: json.dumps(row, indent=2)), "go over several lines"),
    RefusedInput("joined", NDJSON, _lines(end=""), "several JSON objects on one line"),
    RefusedInput("commas", NDJSON, _lines(end=",\n"), "commas between its JSON objects"),
    RefusedInput("push-body", NDJSON, json.dumps({"kpis": ROWS}).encode(), "one JSON object with a list"),
    RefusedInput("csv", NDJSON, GOOD[CSV], "is CSV;"),
    RefusedInput("csv-with-tabs", NDJSON, _table("\t"), "separated by tabs"),
    RefusedInput("cr", NDJSON, _lines("\r"), _CR),
    RefusedInput("ndjson", CSV, GOOD[NDJSON], "is NDJSON, one JSON object a line"),
    RefusedInput("one-object", CSV, json.dumps(ROWS[0]).encode(), "is a JSON object;"),
    RefusedInput("array", CSV, json.dumps(ROWS).encode(), "is a JSON array;"),
    RefusedInput("semicolons", CSV, _table(";"), "separated by semicolons"),
    RefusedInput("quoted-semicolons", CSV, b'"user_id";"kpi_id";"value"\n"u1";"ltv";"1"\n', "separated by semicolons"),
    RefusedInput("tabs", CSV, _table("\t"), "separated by tabs"),
    RefusedInput("bars", CSV, _table("|"), "separated by vertical bars"),
    RefusedInput("sep-line", CSV, b"sep=,\n" + GOOD[CSV], "begins with the line sep="),
    RefusedInput("cr", CSV, _table(end="\r"), _CR),
    RefusedInput("cr-with-mark", CSV, BOM + _table(end="\r"), _CR),
    RefusedInput("letter-case", CSV, _table(header="User_ID,kpi_id,value"), _SPELLING),
    RefusedInput("spaces-for-underscores", CSV, _table(header="user id,Kpi Id,VALUE"), 'user_id instead of "user id"'),
    RefusedInput("index", CSV, b",user_id,kpi_id,value\n0,u1,ltv,1\n", "has no name for column 1 (pandas"),
    RefusedInput("trailing-comma", CSV, b"user_id,kpi_id,value,\nu1,ltv,1,\n", "has no name for column 4"),
    RefusedInput("two-names", CSV, b"user_id,kpi_id,value,value\nu1,ltv,1,2\n", "must name each column once"),
    RefusedInput("no-header", CSV, b"u1,2020,1\nu2,2021,2\n", "has no header row"),
    RefusedInput("latin-1", CSV, b"user_id,kpi_id,value,gr\xf6\xdfe\nu1,ltv,1,2\n", "column 24 (byte 23) is 0xf6"),
    RefusedInput("ndjson", JSON, GOOD[NDJSON], "is NDJSON"),
    RefusedInput("joined", JSON, GOOD[JSON] * 2, "several JSON objects on one line"),
    RefusedInput("form", JSON, b"user_id=u1&level=1", "is a URL-encoded form"),
    RefusedInput("mark", JSON, BOM + GOOD[JSON], "begins with a byte order mark"),
    RefusedInput(
        "latin-1", JSON, b'{"level_ups": [\n{"user_id": "J\xf6rg", "level": 1}]}', "line 2, column 15 (byte 30)"
    ),
    RefusedInput("csv", PARQUET, GOOD[CSV], "is CSV;"),
    RefusedInput("ndjson", PARQUET, GOOD[NDJSON], "is NDJSON"),
    RefusedInput("cut", PARQUET, GOOD[PARQUET][:-9], "is cut off"),
    RefusedInput("noise", PARQUET, b"PAR1" + bytes(99) + b"PAR1", "is damaged"),
    RefusedInput("words", PARQUET, b"no table at all", "is not Parquet"),
]
REFUSED: Final = [
    *(
        RefusedInput(name, form, change(GOOD[form]), words)
        for name, (change, words) in _FOREIGN.items()
        for form in GOOD
        if form != PARQUET or not name.startswith("utf")
    ),
    *_OF_ONE_FORM,
]

ACCEPTED: Final[dict[tuple[str, str], bytes]] = {
    (NDJSON, "good"): GOOD[NDJSON],
    (NDJSON, "mark"): BOM + GOOD[NDJSON],
    (NDJSON, "crlf"): _lines("\r\n"),
    (NDJSON, "blank-lines"): b"\n \n" + _lines("\n\n"),
    (NDJSON, "no-last-end"): GOOD[NDJSON].rstrip(),
    (CSV, "good"): GOOD[CSV],
    (CSV, "mark"): BOM + GOOD[CSV],
    (CSV, "crlf"): _table(end="\r\n"),
    (CSV, "blank-lines"): b"\n\r\n" + _table(end="\n\n"),
    (CSV, "no-last-end"): GOOD[CSV].rstrip(),
    (CSV, "quoted"): b'"user_id","kpi_id","value"\n"u1","ltv","1"\n"u2","ltv","2"\n"u3","ltv","3"\n',
    (PARQUET, "good"): GOOD[PARQUET],
}


def members(content: bytes) -> bytes:
    """Return a content as gzip of several members, cut in the middle of rows."""
    return b"".join(gzip.compress(content[at : at + 40]) for at in range(0, len(content), 40))
