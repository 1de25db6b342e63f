"""Objects that are stored with a `Content-Encoding` are read, in every cloud and format."""

import gzip
import io
import json
import random
from collections.abc import Callable

import httpx
import pytest
import zstandard

from tests.clouds.servers import HTTP, Amazon, Azure, Cloud, Google
from traits_sandbox.bulk.checking.engine import LocalEngine
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.values import FileReport
from traits_sandbox.contract.load import load

CONTRACT = load("2020-09")
ROWS = "".join(f"{json.dumps({'user_id': str(number)})}\n" for number in range(50)).encode()
CSV = b"user_id\n" + b"".join(b"%d\n" % number for number in range(50))


def put_encoded(cloud: Cloud, bucket: str, key: str, data: bytes, encoding: str) -> None:
    if isinstance(cloud, Amazon):
        cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=data, ContentEncoding=encoding)
    elif isinstance(cloud, Azure):
        cloud.put(bucket, key, data, {"x-ms-blob-content-encoding": encoding})
    else:
        assert isinstance(cloud, Google)
        part = json.dumps({"name": key, "contentEncoding": encoding}).encode()
        head, middle = b"--B\r\nContent-Type: application/json\r\n\r\n", b"\r\n--B\r\nContent-Type: text/plain\r\n\r\n"
        headers = {"Content-Type": "multipart/related; boundary=B"}
        url = f"{cloud.endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=multipart"
        HTTP.post(url, content=head + part + middle + data + b"\r\n--B--", headers=headers).raise_for_status()


def parquet() -> bytes:
    import polars as pl

    file = io.BytesIO()
    pl.DataFrame({"user_id": [str(number) for number in range(50)]}).write_parquet(file)
    return file.getvalue()


def checked(cloud: Cloud, bucket: str, *, part: int | None = None) -> FileReport:
    uri, engine = f"{cloud.scheme}://{bucket}", LocalEngine(1)
    report = check((uri,), CONTRACT, engine, access=cloud.access, keep=9, on_progress=lambda _: None, part=part)
    (file,) = report.files
    return file


@pytest.mark.parametrize(
    ("name", "content", "encoding"),
    [
        ("a.ndjson", lambda: gzip.compress(ROWS), "gzip"),
        ("a.csv", lambda: gzip.compress(CSV), "gzip"),
        ("a.parquet", lambda: gzip.compress(parquet()), "gzip"),
        ("a.ndjson.gz", lambda: gzip.compress(ROWS), "gzip"),
        ("a.ndjson.zst", lambda: gzip.compress(zstandard.compress(ROWS)), "gzip"),
    ],
)
def test_gzip_is_read(cloud: Cloud, bucket: str, name: str, content: Callable[[], bytes], encoding: str) -> None:
    cloud.make(bucket)
    put_encoded(cloud, bucket, f"logins/{name}", content(), encoding)
    file = checked(cloud, bucket)
    assert (file.rows, file.bad_rows, file.error) == (50, 0, "")


@pytest.mark.parametrize(
    ("content", "encoding", "rows", "error"),
    [
        (lambda: zstandard.compress(ROWS), "zstd", 50, ""),
        (lambda: gzip.compress(ROWS), "x-gzip", 50, ""),
        (lambda: gzip.compress(ROWS), "GZIP,aws-chunked", 50, ""),
        (lambda: ROWS, "gzip", 50, ""),
        (lambda: ROWS, "aws-chunked", 50, ""),
        (lambda: ROWS, "identity", 50, ""),
        (lambda: ROWS, "br", 0, "has the Content-Encoding br, which is not read: store it without one"),
    ],
)
def test_other_encodings_are_read_or_refused(
    amazon: Amazon, bucket: str, content: Callable[[], bytes], encoding: str, rows: int, error: str
) -> None:
    amazon.make(bucket)
    put_encoded(amazon, bucket, "logins/a.ndjson", content(), encoding)
    file = checked(amazon, bucket)
    assert (file.rows, file.bad_rows, file.error) == (rows, 0, error)


def test_a_large_encoded_object_is_not_split(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    numbers = random.Random(1)
    rows = "".join(f'{{"user_id": "{numbers.getrandbits(256)}"}}\n' for _ in range(200)).encode()
    put_encoded(cloud, bucket, "logins/a.ndjson", gzip.compress(rows), "gzip")
    file = checked(cloud, bucket, part=1000)
    assert (file.rows, file.bad_rows, file.error) == (200, 0, "")


def test_the_server_of_google_decompresses_unless_it_is_told_not_to(start: Callable[[str], Cloud], bucket: str) -> None:
    cloud = start("gs")
    cloud.make(bucket)
    put_encoded(cloud, bucket, "logins/a.ndjson", gzip.compress(ROWS), "gzip")
    reply = HTTP.get(f"{cloud.endpoint}/{bucket}/logins%2Fa.ndjson", headers={"Accept-Encoding": "identity"})
    assert isinstance(reply, httpx.Response)
    assert reply.content == ROWS
