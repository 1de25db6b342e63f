"""Watching: new and complete files are sent once; later changes of a file are a notice at most."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clouds.scripted import Answer, scripted
from tests.clouds.servers import SECRET, Amazon, Cloud, free_port
from tests.patience import PATIENCE, eventually
from tests.wire.served import Served, serving
from traits_sandbox.bulk.loading.intake import BatchResult, Outage
from traits_sandbox.bulk.loading.retries import Retries, pause
from traits_sandbox.bulk.loading.sending import OutgoingBatch, RemoteSandbox, SandboxError
from traits_sandbox.bulk.loading.watching import Watch
from traits_sandbox.bulk.storage.sources import FileSource
from traits_sandbox.contract.load import load

CONTRACT = load("2020-09")
INTERVAL = 5.0
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@dataclass
class Bench:
    """A folder, a dashboard of a sandbox, and a watch that polls when a test says so, with the test's clock."""

    folder: Path
    served: Served
    key: str
    log: list[str] = field(default_factory=list)
    now: float = 0.0
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.client = self.stack.enter_context(self.served.client(self.key))
        self.watch = self.new_watch()

    def remote(self, url: str = "") -> RemoteSandbox:
        return self.stack.enter_context(RemoteSandbox(url or self.served.url, api_key=self.key))

    def new_watch(self, receiver: Any = None, uri: str = "") -> Watch:
        """Return a watch that has not polled yet."""
        source = FileSource(uri or str(self.folder))
        return Watch(
            source,
            CONTRACT,
            receiver or self.remote(),
            interval=INTERVAL,
            clock=lambda: self.now,
            log=self.log.append,
        )

    def poll(self) -> list[str]:
        """Poll once; return the new lines of the log."""
        before = len(self.log)
        self.watch.poll()
        return self.log[before:]

    def write(self, key: str, text: str, *, age: float = 0.0) -> None:
        """Write a file that was changed `age` seconds ago."""
        path = self.folder / key
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.now = max(self.now, path.stat().st_mtime)
        os.utime(path, (self.now - age, self.now - age))

    def append(self, key: str, text: str) -> None:
        with (self.folder / key).open("a", encoding="utf-8") as file:
            file.write(text)

    @property
    def users(self) -> list[str]:
        records = self.client.get("/_sandbox/records/login?limit=1000").json()["records"]
        return [each["record"]["user_id"] for each in records]

    @property
    def notices(self) -> list[str]:
        uploads = self.client.get("/_sandbox/uploads").json()["uploads"]
        return [notice["kind"] for upload in uploads for notice in upload["notices"]]


@pytest.fixture
def bench(tmp_path: Path, sandbox: Served) -> Iterator[Bench]:
    made = Bench(tmp_path, sandbox, f"{sandbox.key}/bench-{next(_NUMBERS)}")
    with made.stack:
        yield made


def login(*users: object) -> str:
    return "".join(f"{json.dumps({'user_id': str(user)})}\n" for user in users)


def test_a_new_file_is_sent_once_after_it_has_been_stable_for_one_interval(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1, 2))
    assert bench.poll() == []
    assert bench.poll() == ["logins/a.ndjson: 2 rows, 2 stored"]
    assert bench.poll() == bench.poll() == []
    assert bench.users == ["1", "2"]


def test_an_old_file_is_sent_at_the_first_poll(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=INTERVAL)
    bench.write("logins/young.ndjson", login(2), age=INTERVAL - 1)
    assert bench.poll() == ["logins/a.ndjson: 1 row, 1 stored"]
    assert bench.poll() == ["logins/young.ndjson: 1 row, 1 stored"]


def test_a_file_that_is_being_written_is_sent_when_it_is_complete(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1))
    for user in (2, 3, 4):
        assert bench.poll() == []
        bench.append("logins/a.ndjson", login(user))
    assert bench.poll() == []
    assert bench.poll() == ["logins/a.ndjson: 4 rows, 4 stored"]
    assert bench.users == ["1", "2", "3", "4"]


def test_a_file_that_ends_within_a_line_is_not_sent_at_the_first_poll_however_old_it_is(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1) + '{"user_id', age=1000)
    assert bench.poll() == []
    bench.write("logins/a.ndjson", login(1, 2), age=1000)
    assert bench.poll() == ["logins/a.ndjson: 2 rows, 2 stored"]


def test_a_last_line_without_a_line_end_is_sent_after_one_interval(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1, 2).rstrip(), age=1000)
    assert bench.poll() == []
    assert bench.poll() == ["logins/a.ndjson: 2 rows, 2 stored"]


def test_an_overwritten_file_is_a_notice_and_is_not_sent_again(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.poll()
    bench.write("logins/a.ndjson", login(2), age=500)
    (line,) = bench.poll()
    assert line.startswith("logins/a.ndjson: it was overwritten")
    assert bench.poll() == []
    assert (bench.users, bench.notices) == (["1"], ["overwritten"])
    bench.write("logins/a.ndjson", login(3), age=100)
    assert len(bench.poll()) == 1
    assert (bench.users, bench.notices) == (["1"], ["overwritten"])


def test_an_empty_file_that_is_filled_later_counts_as_overwritten(bench: Bench) -> None:
    bench.write("logins/a.ndjson", "", age=1000)
    assert bench.poll() == ["logins/a.ndjson: 0 rows, 0 stored"]
    bench.write("logins/a.ndjson", login(1), age=500)
    assert "overwritten" in bench.poll()[0]
    assert bench.users == []


def test_a_new_file_with_an_older_name_is_sent(bench: Bench) -> None:
    bench.write("logins/logins_1600089777.ndjson", login(2), age=1000)
    bench.poll()
    bench.write("logins/logins_1600089751.ndjson", login(1), age=2000)
    assert bench.poll() == ["logins/logins_1600089751.ndjson: 1 row, 1 stored"]
    assert bench.users == ["2", "1"]


def test_a_removed_file_changes_nothing(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.poll()
    (bench.folder / "logins/a.ndjson").unlink()
    assert bench.poll() == []
    assert bench.users == ["1"]


def test_a_watch_that_starts_again_sends_nothing_twice(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.write("logins/b.ndjson", "", age=1000)
    bench.poll()
    bench.watch = bench.new_watch()
    assert bench.poll() == []
    # Another spelling of the same folder makes no difference.
    bench.watch = bench.new_watch(uri=bench.folder.as_uri() + "/")
    assert bench.poll() == []
    assert bench.users == ["1"]


class Failing:
    """Sends a number of batches to a sandbox, and then fails once."""

    def __init__(self, remote: RemoteSandbox, batches: int) -> None:
        self._remote, self._left = remote, batches

    def known(self, source: str) -> Any:
        return self._remote.known(source)

    def ingest(self, folder: str, batch: OutgoingBatch) -> BatchResult:
        self._left -= 1
        if self._left == -1:
            raise SandboxError("the sandbox is unreachable")
        return self._remote.ingest(folder, batch)

    def report(self, outage: Outage) -> None:
        self._remote.report(outage)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_large_file_that_was_interrupted_is_continued(bench: Bench, restarted: bool) -> None:
    bench.write("logins/a.ndjson", login(*range(2500)), age=1000)
    bench.watch = bench.new_watch(Failing(bench.remote(), 1))
    assert bench.poll() == ["the sandbox is unreachable; trying again"]
    (begun,) = bench.client.get("/_sandbox/bulk").json()["objects"]
    assert (begun["complete"], begun["offset"]) == (False, 1000)
    if restarted:
        bench.watch = bench.new_watch()
    assert bench.poll()[-1] == "logins/a.ndjson: 2500 rows, 2500 stored"
    counted = bench.client.post("/_sandbox/records/count", json={"kind": "login"}).json()
    assert counted == {"count": 2500}


def test_a_sandbox_gets_everything_again_after_a_reset(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.poll()
    bench.client.post("/_sandbox/reset")
    assert bench.poll() == ["logins/a.ndjson: 1 row, 1 stored"]
    assert bench.users == ["1"]


def test_violations_of_bad_rows_and_unreadable_lines_are_kept(bench: Bench) -> None:
    bench.write("logins/a.ndjson", f'\n{{"user_id": 5}}\nnonsense\n{login(1)}', age=1000)
    rows, notice = bench.poll()
    assert rows == "logins/a.ndjson: 3 rows, 1 stored, 2 refused"
    assert "the format of the file is not valid: 2 of 3 rows are refused" in notice
    (upload,) = bench.client.get("/_sandbox/uploads").json()["uploads"]
    assert [(each["line"], each["field"]) for each in upload["refused"]] == [(2, "user_id"), (3, "row")]


def test_a_damaged_file_is_reported(bench: Bench) -> None:
    path = bench.folder / "logins/a.ndjson.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(login(*range(1000)).encode())[:-10])
    bench.now = path.stat().st_mtime + 1000
    assert "it ends in the middle of its gzip data" in bench.poll()[1]
    assert bench.poll() == []
    assert bench.notices == ["format-not-valid"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"nothing,here\n1,2\n", "must begin with a header row"),
        ("a.parquet", b"PAR1 nonsense PAR1", "is damaged, or uses a part of Parquet"),
        ("a.ndjson.zst", b"nonsense", "is not compressed; remove .zst from its name"),
    ],
)
def test_a_file_whose_content_does_not_fit_its_name_is_reported(
    bench: Bench, name: str, content: bytes, words: str
) -> None:
    bench.write(f"logins/{name}", "", age=1000)
    (bench.folder / "logins" / name).write_bytes(content)
    bench.poll()
    none, notice = bench.poll()
    assert none == f"logins/{name}: 0 rows, 0 stored"
    assert ("the format of the file is not valid" in notice, words in notice) == (True, True)
    assert (bench.poll(), bench.notices) == ([], ["format-not-valid"])


def test_rows_of_a_csv_file_are_sent_with_their_line_numbers(bench: Bench) -> None:
    text = '\nuser_id,level,country\n1,7,de\n\n"a ""b""\nc",-1,\n2,3\n3,,\n'
    bench.write("logins/a.csv", text, age=1000)
    assert bench.poll()[0] == "logins/a.csv: 4 rows, 2 stored, 2 refused"
    records = bench.client.get("/_sandbox/records/login").json()["records"]
    assert [each["record"] for each in records] == [{"user_id": "1", "level": 7, "country": "de"}, {"user_id": "3"}]
    (upload,) = bench.client.get("/_sandbox/uploads").json()["uploads"]
    assert [(each["line"], each["field"]) for each in upload["refused"]] == [(5, "level"), (7, "row")]


def test_a_file_is_sent_as_soon_as_the_sandbox_answers_again(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1))
    bench.watch = bench.new_watch(Failing(bench.remote(), 0))
    assert bench.poll() == []
    assert bench.poll() == ["the sandbox is unreachable; trying again"]
    assert bench.poll() == ["the sandbox answers again", "logins/a.ndjson: 1 row, 1 stored"]


def test_files_that_are_not_read_are_reported_once(bench: Bench) -> None:
    for key in ("logins/a.txt", "nonsense/a.ndjson", "logins/_hidden.ndjson", "logins/a\tb.ndjson"):
        bench.write(key, login(1), age=1000)
    lines = bench.poll()
    *keys, nothing = [line.partition(": ")[0] for line in lines]
    assert keys == ["logins/a\tb.ndjson", "logins/a.txt", "nonsense/a.ndjson"]
    assert nothing == "nothing can be ingested"
    assert bench.poll() == []
    assert bench.users == []


def test_an_unreachable_storage_is_a_notice_and_is_tried_again(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    away = bench.folder.with_name("away")
    bench.folder.rename(away)
    (line,) = bench.poll()
    assert line.startswith("cannot connect to the storage: ")
    assert line.endswith("; trying again")
    assert bench.poll() == []
    assert bench.notices == ["cannot-connect"]
    away.rename(bench.folder)
    assert bench.poll() == ["the storage can be listed again", "logins/a.ndjson: 1 row, 1 stored"]


def test_an_unreachable_sandbox_is_reported_and_tried_again(
    bench: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    port = free_port()
    bench.watch = bench.new_watch(bench.remote(f"http://127.0.0.1:{port}"))
    (line,) = bench.poll()
    assert line == f"cannot reach the sandbox at http://127.0.0.1:{port} (connection refused); trying again"
    assert bench.poll() == []
    with serving(tmp_path_factory.mktemp("late"), "--port", str(port)):
        assert bench.poll() == ["the sandbox answers again", "logins/a.ndjson: 1 row, 1 stored"]


def test_the_result_of_a_poll_shows_whether_everything_is_sent(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    assert bench.watch.poll().exit_code == 0
    bench.write("logins/b.ndjson", login(2))
    assert bench.watch.poll().exit_code == 1
    assert bench.watch.poll().exit_code == 0


def test_an_outage_of_storage_and_sandbox_is_reported(bench: Bench) -> None:
    bench.watch = bench.new_watch(bench.remote(f"http://127.0.0.1:{free_port()}"))
    bench.folder.rmdir()
    storage, sandbox = bench.poll()
    assert ("the storage" in storage, "the sandbox" in sandbox) == (True, True)
    assert bench.poll() == []
    bench.folder.mkdir()


@contextmanager
def watching(
    uri: str, served: Served, *options: str, env: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run `bulk watch` until the end of the body; then it must end with 0."""
    command = [sys.executable, "-m", "traits_sandbox", "bulk", "watch", uri, "--to", served.url, "--interval", "200ms"]
    environment = {**os.environ, **(env or {})}
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)
    assert process.returncode == 0


def wait_for(client: httpx.Client, users: int) -> list[str]:
    """Wait until this number of users have logged in; return them."""
    asked, end = {"kind": "login", "count": users, "timeout_ms": 20_000}, time.monotonic() + PATIENCE
    reply = client.post("/_sandbox/records/wait", json=asked)
    while reply.status_code != 200 and time.monotonic() < end:
        reply = client.post("/_sandbox/records/wait", json=asked)
    assert reply.status_code == 200, reply.text
    return sorted(each["record"]["user_id"] for each in reply.json()["records"])


def test_the_command_sends_new_files_of_a_cloud(cloud: Cloud, bucket: str, sandbox: Served) -> None:
    cloud.make(bucket)
    cloud.put(bucket, "game/logins/date=2020-09-15/a b.ndjson", login(1).encode())
    uri, key = f"{cloud.scheme}://{bucket}/game", f"{sandbox.key}/{bucket}"
    with sandbox.client(key) as client:
        with watching(uri, sandbox, "--api-key", key, env=cloud.environment):
            assert wait_for(client, 1) == ["1"]
            cloud.put(bucket, "game/logins/b.ndjson.gz", gzip.compress(login(2, 3).encode()))
            assert wait_for(client, 3) == ["1", "2", "3"]
            cloud.put(bucket, "game/logins/b.ndjson.gz", gzip.compress(login(4).encode()))
            cloud.put(bucket, "game/logins/0.ndjson", login(5).encode())
            assert wait_for(client, 4) == ["1", "2", "3", "5"]
        # A watch that starts again sends only new files.
        cloud.put(bucket, "game/logins/c.ndjson", login(6).encode())
        with watching(uri, sandbox, "--api-key", key, env=cloud.environment):
            assert wait_for(client, 5) == ["1", "2", "3", "5", "6"]
        objects = client.get("/_sandbox/bulk").json()["objects"]
        assert {each["source"] for each in objects} == {uri}
        assert [bool(each["overwritten"]) for each in objects] == [False, True, False, False]


def test_the_command_ends_on_ctrl_c_and_shows_no_secret(cloud: Cloud, bucket: str, sandbox: Served) -> None:
    with watching(f"{cloud.scheme}://{bucket}", sandbox, "--api-key", sandbox.key, env=cloud.environment) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert "cannot connect to the storage" in line
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read() + process.stderr.read()
        assert process.wait(PATIENCE) == 0
    assert SECRET not in line + rest
    assert "Traceback" not in rest


def once(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "traits_sandbox", "bulk", "watch", str(folder), "--once", "--interval", "100ms"]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=PATIENCE)


def test_once_sends_existing_files_and_its_exit_code_shows_the_result(tmp_path: Path, sandbox: Served) -> None:
    to = ["--to", sandbox.url, "--api-key", f"{sandbox.key}/once"]
    (tmp_path / "logins").mkdir()
    (tmp_path / "logins/a.ndjson").write_text(login(1), encoding="utf-8")
    done = once(tmp_path, *to)
    assert (done.returncode, "logins/a.ndjson: 1 row, 1 stored" in done.stdout) == (0, True)
    assert once(tmp_path, *to).returncode == 0
    (tmp_path / "logins/b.ndjson").write_text("nonsense\n", encoding="utf-8")
    assert once(tmp_path, *to).returncode == 1
    unreachable = ["--to", f"http://127.0.0.1:{free_port()}"]
    done = once(tmp_path, *unreachable)
    assert (done.returncode, "trying again" in done.stdout + done.stderr) == (3, False)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--api-key", "wrong"], "401"),
        (["--to", "ftp://127.0.0.1"], "--to"),
        (["--to", "nonsense"], "--to"),
        (["--interval", "1ms"], "interval"),
        (["--interval", "nan"], "interval"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(
    tmp_path: Path, sandbox: Served, options: list[str], words: str
) -> None:
    done = once(tmp_path, "--to", sandbox.url, *options)
    assert (done.returncode, words in done.stderr.lower()) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_folder_is_a_usage_error(tmp_path: Path, sandbox: Served) -> None:
    done = once(tmp_path / "nowhere", "--to", sandbox.url)
    assert (done.returncode, "there is no folder" in done.stderr) == (2, True)


def place(file: Path, text: str) -> None:
    """Write a file that is complete as soon as it exists."""
    beside = file.with_name(f"_{file.name}")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


def bucket_options(uri: str) -> list[str]:
    return ["--bucket", uri, "--bucket-interval", "200ms"]


def test_serve_ingests_new_files_of_a_folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (tmp_path / "logins").mkdir()
    with serving(tmp_path_factory.mktemp("serve"), *bucket_options(str(tmp_path))) as served, served.client() as client:
        place(tmp_path / "logins/a.ndjson", login(1))
        assert wait_for(client, 1) == ["1"]
        place(tmp_path / "logins/b.ndjson", login(2))
        place(tmp_path / "logins/c.ndjson", "nonsense\n" + login(3))
        assert wait_for(client, 3) == ["1", "2", "3"]
        uploads = client.get("/_sandbox/uploads").json()["uploads"]
        refused = {each["object"]["key"]: each["refused_count"] for each in uploads}
        assert refused == {"logins/a.ndjson": 0, "logins/b.ndjson": 0, "logins/c.ndjson": 1}
        assert "bucket: logins/a.ndjson: 1 row, 1 stored" in served.log


def test_serve_ingests_new_files_of_a_cloud(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    cloud.make(bucket)
    options, environment = bucket_options(f"{cloud.scheme}://{bucket}"), {**os.environ, **cloud.environment}
    with serving(tmp_path, *options, env=environment) as served, served.client() as client:
        cloud.put(bucket, "logins/a.ndjson", login(1).encode())
        assert wait_for(client, 1) == ["1"]
        cloud.put(bucket, "logins/b.ndjson", login(2).encode())
        assert wait_for(client, 2) == ["1", "2"]


def test_serve_answers_and_ends_while_its_bucket_is_unreachable(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    with serving(tmp_path, *bucket_options("s3://bucket"), env=environment) as served, served.client() as client:
        push: Callable[[], httpx.Response] = lambda: client.post("/v1/logins", json={"users": [{"user_id": "1"}]})  # noqa: E731
        for _ in range(20):
            assert push().status_code == 201
    assert SECRET not in served.log


def test_serve_does_not_start_with_an_invalid_bucket(tmp_path: Path) -> None:
    for uri in (str(tmp_path / "nowhere"), "ftp://bucket", f"s3://key:{SECRET}@bucket"):
        command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--bucket", uri]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode, done.stdout) == (2, "")
        assert SECRET not in done.stderr


class Faulty:
    """A sandbox whose calls raise the next of some errors; None passes a call on."""

    def __init__(self, remote: RemoteSandbox, errors: list[Exception | None]) -> None:
        self._remote, self._errors = remote, errors

    def known(self, source: str) -> Any:
        return self._remote.known(source)

    def ingest(self, folder: str, batch: OutgoingBatch) -> BatchResult:
        error = self._errors.pop(0) if self._errors else None
        if error:
            raise error
        return self._remote.ingest(folder, batch)

    def report(self, outage: Outage) -> None:
        self._remote.report(outage)


def test_an_object_that_cannot_be_sent_does_not_keep_others_from_being_sent(bench: Bench) -> None:
    for key in ("logins/a.ndjson", "logins/b.ndjson"):
        bench.write(key, login(key), age=1000)
    bench.watch = bench.new_watch(Faulty(bench.remote(), [RecursionError("too deep"), None, ValueError("again")]))
    bug, sent = bench.poll()
    assert bug.startswith("logins/a.ndjson: this is a bug in traits-sandbox, please report it (RecursionError at ")
    assert sent == "logins/b.ndjson: 1 row, 1 stored"
    (bug,) = bench.poll()
    assert "(ValueError at " in bug
    assert bench.poll() == []  # After the second failure, one poll passes.
    assert bench.poll() == ["logins/a.ndjson: 1 row, 1 stored"]


def test_a_watch_goes_on_after_every_kind_of_failure_of_its_store(bench: Bench) -> None:
    with scripted() as store:
        source = store.source("s3")
        bench.watch = Watch(source, CONTRACT, bench.remote(), interval=0.0, clock=lambda: 2e9, log=bench.log.append)
        ended = []
        for answer in FAILURES:
            store.answers["/bucket"] = answer
            ended.append(bench.watch.poll().ended)
        assert ended == [True] * len(FAILURES)
        store.store({"logins/a.ndjson": login(1).encode(), "logins/b.ndjson": login(2).encode()})
        store.answers["/bucket/logins/a.ndjson"] = Answer(403, b"<Error><Code>InvalidObjectState</Code></Error>")
        result = bench.watch.poll()
        assert (result.sent, result.unread, result.failed, result.exit_code) == (1, 1, False, 1)
        store.store({"logins/a.ndjson": login(1).encode(), "logins/b.ndjson": login(2).encode()})
        assert bench.watch.poll().sent == 1
    assert "logins/a.ndjson: it cannot be read (the object is archived: restore it first)" in bench.log
    assert bench.users == ["2", "1"]


FAILURES = [
    Answer(403, b"<Error><Code>AccessDenied</Code></Error>"),
    Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>"),
    Answer(200, b"nonsense"),
    Answer(503),
    Answer(silent=True),
    Answer(400, b"\xff\x00"),
]


def test_a_key_that_cannot_be_read_ends_no_watch(bench: Bench, amazon: Amazon, bucket: str) -> None:
    amazon.make(bucket)
    for key in ("//logins/a.ndjson", "/logins/b.ndjson", "logins//c.ndjson", "logins/d\t.ndjson", "logins/e.ndjson"):
        amazon.client("s3").put_object(Bucket=bucket, Key=key, Body=login(key).encode())
    source = FileSource(f"s3://{bucket}", amazon.access)
    bench.watch = Watch(source, CONTRACT, bench.remote(), interval=0.0, clock=lambda: 2e10, log=bench.log.append)
    lines = bench.poll()
    assert lines[-1] == "logins/e.ndjson: 1 row, 1 stored"
    assert [line.partition(": its path has an empty part")[0] for line in lines[:-1]] == [
        "//logins/a.ndjson",
        "/logins/b.ndjson",
        "logins//c.ndjson",
        "logins/d\t.ndjson",
    ]
    assert bench.poll() == []


def test_a_watch_waits_longer_after_each_failure_up_to_a_minute() -> None:
    assert [pause(5.0, failures) for failures in (0, 1, 2, 3, 4, 100_000)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    assert pause(300.0, 7) == 300.0


def test_an_object_that_fails_again_and_again_is_tried_less_often() -> None:
    retries, tried = Retries(), []
    for poll in range(20):
        if not retries.waits("key"):
            tried.append(poll)
            retries.add("key")
    assert tried == [0, 1, 3, 7, 15]
    retries.keep([])
    assert not retries.waits("key")


def test_watching_a_sandbox_with_its_own_ca(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("home")))
    (tmp_path / "logins").mkdir()
    (tmp_path / "logins/a.ndjson").write_text(login(1), encoding="utf-8")
    with serving(tmp_path_factory.mktemp("serve"), "--tls") as served:
        done = once(tmp_path, "--to", served.url)
        assert (done.returncode, "give the certificate of its CA with --ca-file" in done.stdout) == (3, True)
        done = once(tmp_path, "--to", served.url, "--ca-file", served.ca_file or "")
        assert (done.returncode, "1 stored" in done.stdout) == (0, True)
        done = once(tmp_path, "--to", served.url, "--ca-file", str(tmp_path / "nowhere"))
        assert (done.returncode, "--ca-file has no readable PEM certificates" in done.stderr) == (2, True)


@pytest.mark.parametrize("path", ["/nonexistent/keys.log", "/"])
def test_a_key_log_that_cannot_be_opened_does_not_matter_over_plain_http(
    tmp_path: Path, sandbox: Served, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", path)
    (tmp_path / "logins").mkdir()
    done = once(tmp_path, "--to", sandbox.url, "--api-key", f"{sandbox.key}/keylog")
    assert "SSLKEYLOGFILE" not in done.stdout + done.stderr
    done = once(tmp_path, "--to", f"https://127.0.0.1:{free_port()}")
    assert (done.returncode, done.stderr.count("SSLKEYLOGFILE names")) == (3, 1)


def test_the_log_of_a_bucket_obeys_its_format_and_has_the_reasons(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (tmp_path / "logins").mkdir()
    place(tmp_path / "logins/a.ndjson", '{"user_id": 5}\n' + login(1))
    logs = {}
    for log_format in ("pretty", "json", "none"):
        folder = tmp_path_factory.mktemp("serve")
        options = [*bucket_options(str(tmp_path)), "--log-format", log_format]
        with serving(folder, *options) as served, served.client() as client:
            assert wait_for(client, 1) == ["1"]
            words = "" if log_format == "none" else "line 1"
            assert eventually(lambda: words in served.log)  # noqa: B023
            logs[log_format] = served.log
    assert "    line 1: user_id: must be a string" in logs["pretty"]
    (event,) = [json.loads(line) for line in logs["json"].splitlines() if "logins/a.ndjson" in line]
    assert (event["rows"], event["records"], event["violation_count"]) == (2, 1, 1)
    assert event["violations"][0].startswith("line 1: user_id: must be a string")
    assert "logins/a.ndjson" not in logs["none"]
