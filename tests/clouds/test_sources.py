"""Listing and reading in three clouds and in a folder, and the messages if that fails."""

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from obstore.exceptions import GenericError, InvalidPathError

from tests.clouds.scripted import Answer, scripted
from tests.clouds.servers import ACCOUNT, ACCOUNT_KEY, SECRET, Amazon, Azure, Cloud, Google, free_port
from tests.patience import PATIENCE
from traits_sandbox.bulk.checking.engine import LocalEngine
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.bulk.storage.cloud_errors import reason_of, rejected_key
from traits_sandbox.bulk.storage.cloud_reasons import CloudReason
from traits_sandbox.bulk.storage.clouds import Bucket
from traits_sandbox.bulk.storage.layout import FolderLayout
from traits_sandbox.bulk.storage.sources import Access, FileSource, ObjectGone, StorageError
from traits_sandbox.bulk.values import LoadReport, Notice
from traits_sandbox.contract.load import load
from traits_sandbox.errors import UsageError

CONTRACT = load("2020-09")
KEYS = [
    "logins/a b.ndjson",
    "logins/100%.ndjson",
    "logins/50%25.ndjson",
    "logins/ü-日本.ndjson",
    "logins/date=2020-09-15/load_id=a=b/x.ndjson",
    "logins/a+b&c?d#e.ndjson",
    "logins/~(x)'!*.ndjson",
]


def source(cloud: Cloud, bucket: str, prefix: str = "", access: Access | None = None) -> FileSource:
    return FileSource(f"{cloud.scheme}://{bucket}{prefix}", access or cloud.access)


def failure(doing: Callable[[], object]) -> str:
    """Return the message of an error; neither the message nor the repr may contain a secret."""
    with pytest.raises((StorageError, UsageError, ObjectGone)) as raised:
        doing()
    shown = f"{raised.value!s}{raised.value!r}"
    for secret in (SECRET, ACCOUNT_KEY, "sig=", "AKIAEXAMPLE"):
        assert secret not in shown
    return str(raised.value)


def listing(of: FileSource) -> Callable[[], object]:
    return lambda: list(of.files())


def test_keys_of_every_kind_are_listed_and_read(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    for key in KEYS:
        cloud.put(bucket, key, key.encode())
    found = source(cloud, bucket)
    listed = list(found.files())
    assert [stored.key for stored in listed] == sorted(KEYS)
    for stored in listed:
        assert stored.size == len(stored.key.encode())
        assert stored.etag.strip('"') == stored.etag != ""
        assert found.read(stored, 0, stored.size) == stored.key.encode()
        assert found.read(stored, 3, 5) == stored.key.encode()[3:5]
        found.check(stored)


def test_a_prefix_is_whole_folders_and_is_left_out_of_keys(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    for key in ("of game 1/logins/x.ndjson", "of game 1/logins2", "of game 12/logins/x.ndjson", "logins/x.ndjson"):
        cloud.put(bucket, key, b"{}")
    for prefix in ("/of game 1", "/of game 1/"):
        found = source(cloud, bucket, prefix)
        listed = list(found.files())
        assert [stored.key for stored in listed] == ["logins/x.ndjson", "logins2"]
        assert found.read(listed[0], 0, 2) == b"{}"
    assert list(source(cloud, bucket, "/none").files()) == []


def test_more_than_a_page_is_listed(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    keys = [f"logins/{number:04}.ndjson" for number in range(1003)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: cloud.put(bucket, key, b""), keys))
    assert [stored.key for stored in source(cloud, bucket).files()] == keys


def test_an_object_that_marks_a_folder_is_not_a_file(amazon: Amazon, bucket: str) -> None:
    amazon.make(bucket)
    for key in ("logins/", "logins/2020/", "logins/2020/x.ndjson"):
        put_raw(amazon, bucket, key)
    assert [stored.key for stored in source(amazon, bucket).files()] == ["logins/2020/x.ndjson"]


def test_a_bucket_that_only_has_marks_of_folders_has_no_files(amazon: Amazon, bucket: str) -> None:
    amazon.make(bucket)
    for key in ("purchases/", "logins/d=1/"):
        put_raw(amazon, bucket, key)
    assert list(source(amazon, bucket).files()) == []


def put_raw(amazon: Amazon, bucket: str, key: str) -> None:
    """Put an object whose key obstore does not accept."""
    amazon.client("s3").put_object(Bucket=bucket, Key=key, Body=b"" if key.endswith("/") else b"{}")


# Keys that obstore refuses, beside the ones above.
UNFIT = [
    "/logins/a.ndjson",
    "//logins/a.ndjson",
    "logins//x.ndjson",
    "logins/../x.ndjson",
    "logins/./x.ndjson",
    "logins/a\tb.ndjson",
    "logins/a\x7fb.ndjson",
]
FIT = [
    "logins/" + "l" * 900 + ".ndjson",
    "logins/A.ndjson",
    "logins/B\\C.ndjson",
    "logins/a%2Fb.ndjson",
    "logins/a+b c.ndjson",
    "logins/a.ndjson",
    "logins/cafe\u0301.ndjson",
    "logins/caf\u00e9.ndjson",
    "logins/q?x#y.ndjson",
    "logins/space /x.ndjson",
]


def put_any(cloud: Cloud, bucket: str, key: str, data: bytes) -> bool:
    """Put an object with any key; return whether the server of this cloud allows the key."""
    try:
        if isinstance(cloud, Amazon):
            cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=data)
        else:
            cloud.put(bucket, key, data)
    except httpx.HTTPStatusError:
        return False
    return True


@pytest.mark.parametrize("prefix", ["", "/game one"])
def test_keys_that_cannot_be_read_are_notices_and_hide_no_others(cloud: Cloud, bucket: str, prefix: str) -> None:
    cloud.make(bucket)
    below = f"{prefix[1:]}/" if prefix else ""
    row = b'{"user_id": "1"}\n'
    for key in FIT:
        assert put_any(cloud, bucket, below + key, row)
    # Azure takes a backslash as a slash.
    fit = [key.replace("\\", "/") if isinstance(cloud, Azure) else key for key in FIT]
    unfit = {key for key in UNFIT if put_any(cloud, bucket, below + key, row)}
    assert len(unfit) >= 4
    report = checked(source(cloud, bucket, prefix), cloud.access)
    assert {file.key: (file.rows, file.error) for file in report.files} == dict.fromkeys(fit, (1, ""))
    notices = {notice.key: notice.message for notice in report.notices if notice.kind == "unfit-key"}
    assert notices.keys() == unfit
    assert all("rename it" in message for message in notices.values())
    assert report.exit_code == 0


@pytest.mark.parametrize("unfit", UNFIT)
def test_a_key_that_cannot_be_read_ends_no_listing_where_only_the_library_has_the_credentials(
    amazon: Amazon, bucket: str, unfit: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    amazon.make(bucket)
    amazon.put(bucket, "level_ups/deep/x.ndjson", b'{"user_id": "1", "level": 1}\n')
    put_any(amazon, bucket, unfit, b"{}")
    with scripted() as machine:  # which gives credentials to a container
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{machine.url}/credentials")
        key = {"AccessKeyId": "x", "SecretAccessKey": SECRET, "Token": "t", "Expiration": "2099-01-01T00:00:00Z"}
        machine.answer = Answer(body=json.dumps(key).encode())
        monkeypatch.setenv("HOME", str(tmp_path))
        (tmp_path / "token").write_text("token", encoding="utf-8")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
        access = Access(amazon.endpoint, {"region": "us-east-1"})
        report = checked(source(amazon, bucket, access=access), access)
    good, bad = sorted(report.files, key=lambda file: file.error)
    assert (good.key, good.rows, good.error) == ("level_ups/deep/x.ndjson", 1, "")
    assert "renamed" in bad.error
    assert report.exit_code == 1


def checked(of: FileSource, access: Access) -> LoadReport:
    return check((of.uri,), CONTRACT, LocalEngine(1), access=access, keep=10, on_progress=lambda _: None)


def test_an_object_that_disappears_is_an_error(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    cloud.put(bucket, "logins/x.ndjson", b'{"user_id": "1"}\n')
    found = source(cloud, bucket)
    (stored,) = found.files()
    cloud.delete(bucket, "logins/x.ndjson")
    assert failure(lambda: found.read(stored, 0, 5)) == "it no longer exists"


@pytest.mark.parametrize("content", [b'{"user_id": "2"}\n', b"{}", b'{"user_id": "1"}\n{"user_id": "2"}\n'])
def test_an_object_that_is_overwritten_is_an_error(cloud: Cloud, bucket: str, content: bytes) -> None:
    cloud.make(bucket)
    cloud.put(bucket, "logins/x.ndjson", b'{"user_id": "1"}\n')
    found = source(cloud, bucket)
    (stored,) = found.files()
    cloud.put(bucket, "logins/x.ndjson", content)
    for start, end in ((0, 100), (5, 9)):
        assert "changed after it was listed" in failure(lambda: found.read(stored, start, end))  # noqa: B023


def test_an_empty_object_is_checked_too(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    cloud.put(bucket, "logins/x.ndjson", b"")
    found = source(cloud, bucket)
    (stored,) = found.files()
    found.check(stored)
    cloud.put(bucket, "logins/x.ndjson", b"{}")
    assert "changed after it was listed" in failure(lambda: found.check(stored))


def test_a_missing_bucket_is_reported(cloud: Cloud, bucket: str) -> None:
    message = failure(listing(source(cloud, bucket)))
    assert message.startswith(f"cannot connect to the storage: {cloud.scheme}://{bucket} cannot be listed (no such ")


def test_wrong_credentials_are_reported(amazon: Amazon, azure: Azure, bucket: str) -> None:
    amazon.make(bucket)
    azure.make(bucket)
    powerless = amazon.powerless()
    with amazon.checking():
        assert "the access key is unknown" in failure(listing(source(amazon, bucket)))
        wrong = amazon.with_keys(powerless.options["access_key_id"], SECRET)
        assert "the secret key is wrong" in failure(listing(source(amazon, bucket, access=wrong)))
    wrong = Access(azure.endpoint, {"account_name": ACCOUNT, "account_key": "YS1zZWNyZXQ="})
    assert "the credentials are wrong" in failure(listing(source(azure, bucket, access=wrong)))


def test_a_missing_permission_to_list_or_read_is_reported(amazon: Amazon, azure: Azure, bucket: str) -> None:
    amazon.make(bucket)
    powerless = amazon.powerless()
    with amazon.checking():
        assert "the credentials do not allow it" in failure(listing(source(amazon, bucket, access=powerless)))
    azure.make(bucket)
    azure.put(bucket, "logins/x.ndjson", b"{}")
    no_list = source(azure, bucket, access=azure.with_token(bucket, "r"))
    assert "cannot be listed (the token does not allow it)" in failure(listing(no_list))
    no_read = source(azure, bucket, access=azure.with_token(bucket, "l"))
    (stored,) = no_read.files()
    assert "cannot be read (the token does not allow it)" in failure(lambda: no_read.read(stored, 0, 2))


@pytest.mark.parametrize("kind", [Amazon, Google, Azure])
def test_a_refused_connection_is_reported(kind: Callable[[str], Cloud]) -> None:
    nobody = kind(f"http://127.0.0.1:{free_port()}")
    assert "(connection refused)" in failure(listing(source(nobody, "bucket")))


GOOGLE_KEY = {"client_email": "tests@example.com", "private_key_id": "1"}


@pytest.mark.parametrize(
    ("uri", "options", "reason"),
    [
        ("az://container", {"account_name": "a", "account_key": f"!{SECRET}!"}, "account key is not valid Base64"),
        ("az://container", {"account_name": "a", "sas_key": f"{SECRET}&&=1"}, "SAS token is not valid"),
        ("az://container", {}, "there is no account name"),
        ("az://container", {"colour": SECRET}, "an option has an unknown name (colour)"),
        ("gs://bucket", {"service_account_key": f'{{"private_key": "{SECRET}"'}, "is not valid JSON"),
        (
            "gs://bucket",
            {"service_account_key": json.dumps({**GOOGLE_KEY, "private_key": SECRET})},
            "the private key is not in PEM format",
        ),
        ("gs://bucket", {"service_account": SECRET}, "service account file cannot be read"),
        ("s3://bucket", {"virtual_hosted_style_request": SECRET}, "an option has an invalid value"),
        (f"s3://AKIAEXAMPLE:{SECRET}@bucket", {}, "must not contain credentials"),
        (f"az://container?sv=1&sig={SECRET}", {}, "must not contain credentials"),
        (f"s3://bucket/logins#{SECRET}", {}, "must not contain credentials"),
        ("ftp://bucket", {}, "is not a folder"),
        ("s3://", {}, "is not a folder"),
    ],
)  # fmt: skip
def test_the_error_of_an_invalid_uri_or_option_has_the_reason_and_no_secret(
    uri: str, options: dict[str, str], reason: str
) -> None:
    assert reason in failure(lambda: list(FileSource(uri, Access(options=options)).files()))


def test_an_unknown_error_of_the_library_has_a_reason_of_ours() -> None:
    assert reason_of(GenericError(f"something new about {SECRET}")) == CloudReason.UNKNOWN
    assert reason_of(GenericError("Server returned non-2xx status code: 418: tea")) == "the server answers 418"
    assert rejected_key(InvalidPathError("something new")) is None


def test_the_error_of_an_invalid_variable_has_the_reason_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_SERVICE_ACCOUNT", f'{{"private_key": "{SECRET}"}}')
    reason = "gs://bucket cannot be opened: the service account file cannot be read"
    assert failure(lambda: FileSource("gs://bucket")) == reason


def test_the_repr_of_access_shows_no_values(cloud: Cloud) -> None:
    assert repr(cloud.access) == str(cloud.access) == "Access(***)"
    assert pickle.loads(pickle.dumps(cloud.access)) == cloud.access


def test_the_usual_environment_variables_of_a_cloud_are_enough(cloud: Cloud, bucket: str) -> None:
    cloud.make(bucket)
    cloud.put(bucket, "logins/x_1600089751.ndjson", b'{"user_id": "1"}\n')
    command = [sys.executable, "-m", "traits_sandbox", "bulk", "check", f"{cloud.scheme}://{bucket}"]
    environment = {**os.environ, **cloud.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_check_of_an_unreachable_storage_ends_with_3(cloud: Cloud, bucket: str) -> None:
    command = [sys.executable, "-m", "traits_sandbox", "bulk", "check", f"{cloud.scheme}://{bucket}"]
    environment = {**os.environ, **cloud.environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, "cannot connect to the storage" in done.stderr) == (3, True)
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "logins").mkdir()
    yield tmp_path
    for path in tmp_path.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)


def test_files_of_a_folder_are_listed_whatever_their_names(folder: Path) -> None:
    names = [*(Path(key).name for key in KEYS), "a\tb.ndjson", "a\nb.ndjson"]
    for name in names:
        (folder / "logins" / name).write_bytes(name.encode())
    (folder / "logins" / os.fsdecode(b"\xff.ndjson")).write_bytes(b"{}")
    found = FileSource(str(folder))
    listed = {stored.key: stored for stored in found.files()}
    assert len(listed) == len(names) + 1
    for name in names:
        stored = listed[f"logins/{name}"]
        assert found.read(stored, 0, 100) == name.encode()
    notices = [notice for key in listed if isinstance(notice := FolderLayout(CONTRACT).read(key), Notice)]
    assert [notice.kind for notice in notices] == ["unfit-key"] * 3


def test_links_are_followed_but_not_in_circles(folder: Path) -> None:
    (folder / "logins/x.ndjson").write_bytes(b"{}")
    (folder / "logins/again").symlink_to(folder)
    (folder / "logins/link.ndjson").symlink_to("x.ndjson")
    (folder / "logins/nowhere.ndjson").symlink_to("nothing")
    os.mkfifo(folder / "logins/pipe.ndjson")
    assert [stored.key for stored in FileSource(str(folder)).files()] == ["logins/link.ndjson", "logins/x.ndjson"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read every folder")
def test_a_folder_without_permission_is_reported(folder: Path) -> None:
    (folder / "logins").chmod(0)
    (folder / "level_ups").mkdir()
    (folder / "level_ups/x.ndjson").write_bytes(b'{"user_id": "1", "level": 1}\n')
    report = checked(FileSource(str(folder)), Access())
    assert [(file.key, file.error) for file in report.files] == [
        ("level_ups/x.ndjson", ""),
        ("logins", "it cannot be listed (permission denied)"),
    ]


def test_a_file_that_disappears_or_changes_is_an_error(folder: Path) -> None:
    path = folder / "logins/x.ndjson"
    path.write_bytes(b'{"user_id": "1"}\n')
    found = FileSource(folder.as_uri())
    (stored,) = found.files()
    with path.open("ab") as file:
        file.write(b"{}")
    assert "changed after it was listed" in failure(lambda: found.read(stored, 0, 5))
    path.unlink()
    assert failure(lambda: found.read(stored, 0, 5)) == "it no longer exists"
    path.parent.rmdir()
    folder.rmdir()
    assert "it does not exist" in failure(listing(found))
    folder.mkdir()


def test_opening_a_bucket_sends_nothing() -> None:
    assert Bucket("s3://bucket", Access(options={"region": "us-east-1"})).uri == "s3://bucket"
