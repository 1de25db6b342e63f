"""Watching: new files are sent once, when they are complete; what else happens to files is a notice, or nothing."""

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

from tests.clouds.servers import SECRET, Cloud, free_port
from tests.patience import PATIENCE
from tests.wire.served import Served, serving
from traits_sandbox.bulk.loading.intake import BatchResult, Outage
from traits_sandbox.bulk.loading.sending import Remote, SandboxFault, SendResult
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
    """A folder, a sandbox's dashboard, and a watch that looks when it is told to, at a time that is told."""

    folder: Path
    served: Served
    key: str
    said: list[str] = field(default_factory=list)
    now: float = 0.0
    stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.client = self.stack.enter_context(self.served.client(self.key))
        self.watch = self.begin()

    def remote(self, url: str = "") -> Remote:
        return self.stack.enter_context(Remote(url or self.served.url, api_key=self.key))

    def begin(self, remote: Any = None, uri: str = "") -> Watch:
        """Return a watch that has looked at nothing yet."""
        taker = remote or self.remote()
        source = FileSource(uri or str(self.folder))
        return Watch(source, CONTRACT, taker, interval=INTERVAL, clock=lambda: self.now, say=self.said.append)

    def look(self) -> list[str]:
        """Look once; return what was said."""
        before = len(self.said)
        self.watch.look()
        return self.said[before:]

    def write(self, key: str, text: str, *, age: float = 0.0) -> None:
        """Write a file that was changed so many seconds ago."""
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


def test_a_new_file_is_sent_once_when_it_has_not_changed_for_an_interval(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1, 2))
    assert bench.look() == []
    assert bench.look() == ["logins/a.ndjson: 2 rows, 2 stored"]
    assert bench.look() == bench.look() == []
    assert bench.users == ["1", "2"]


def test_an_old_file_is_sent_at_the_first_look(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=INTERVAL)
    bench.write("logins/young.ndjson", login(2), age=INTERVAL - 1)
    assert bench.look() == ["logins/a.ndjson: 1 row, 1 stored"]
    assert bench.look() == ["logins/young.ndjson: 1 row, 1 stored"]


def test_a_file_that_is_being_written_is_sent_when_it_is_complete(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1))
    for user in (2, 3, 4):
        assert bench.look() == []
        bench.append("logins/a.ndjson", login(user))
    assert bench.look() == []
    assert bench.look() == ["logins/a.ndjson: 4 rows, 4 stored"]
    assert bench.users == ["1", "2", "3", "4"]


def test_a_file_that_breaks_off_within_a_line_is_waited_for_however_old_it_is(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1) + '{"user_id', age=1000)
    assert bench.look() == []
    bench.write("logins/a.ndjson", login(1, 2), age=1000)
    assert bench.look() == ["logins/a.ndjson: 2 rows, 2 stored"]


def test_a_last_line_without_an_end_is_sent_after_an_interval(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1, 2).rstrip(), age=1000)
    assert bench.look() == []
    assert bench.look() == ["logins/a.ndjson: 2 rows, 2 stored"]


def test_an_overwritten_file_is_a_notice_and_not_sent_again(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.look()
    bench.write("logins/a.ndjson", login(2), age=500)
    (said,) = bench.look()
    assert said.startswith("logins/a.ndjson: it was overwritten")
    assert bench.look() == []
    assert (bench.users, bench.notices) == (["1"], ["overwritten"])
    bench.write("logins/a.ndjson", login(3), age=100)
    assert len(bench.look()) == 1
    assert (bench.users, bench.notices) == (["1"], ["overwritten"])


def test_an_empty_file_that_is_filled_later_was_overwritten(bench: Bench) -> None:
    bench.write("logins/a.ndjson", "", age=1000)
    assert bench.look() == ["logins/a.ndjson: 0 rows, 0 stored"]
    bench.write("logins/a.ndjson", login(1), age=500)
    assert "overwritten" in bench.look()[0]
    assert bench.users == []


def test_a_late_file_with_an_older_name_is_sent_all_the_same(bench: Bench) -> None:
    bench.write("logins/logins_1600089777.ndjson", login(2), age=1000)
    bench.look()
    bench.write("logins/logins_1600089751.ndjson", login(1), age=2000)
    assert bench.look() == ["logins/logins_1600089751.ndjson: 1 row, 1 stored"]
    assert bench.users == ["2", "1"]


def test_a_file_that_is_removed_is_nothing(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.look()
    (bench.folder / "logins/a.ndjson").unlink()
    assert bench.look() == []
    assert bench.users == ["1"]


def test_a_watch_that_starts_anew_sends_nothing_twice(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.write("logins/b.ndjson", "", age=1000)
    bench.look()
    bench.watch = bench.begin()
    assert bench.look() == []
    # However the folder is spelled.
    bench.watch = bench.begin(uri=bench.folder.as_uri() + "/")
    assert bench.look() == []
    assert bench.users == ["1"]


class Failing:
    """Hands over to a sandbox so many batches, and then fails once."""

    def __init__(self, remote: Remote, batches: int) -> None:
        self._remote, self._left = remote, batches

    def known(self, source: str) -> Any:
        return self._remote.known(source)

    def take(self, folder: str, sent: SendResult) -> BatchResult:
        self._left -= 1
        if self._left == -1:
            raise SandboxFault("the sandbox is out of reach")
        return self._remote.take(folder, sent)

    def report(self, outage: Outage) -> None:
        self._remote.report(outage)


@pytest.mark.parametrize("anew", [False, True])
def test_a_large_file_that_was_interrupted_goes_on_where_it_was(bench: Bench, anew: bool) -> None:
    bench.write("logins/a.ndjson", login(*range(2500)), age=1000)
    bench.watch = bench.begin(Failing(bench.remote(), 1))
    assert bench.look() == ["the sandbox is out of reach; trying again"]
    (begun,) = bench.client.get("/_sandbox/bulk").json()["objects"]
    assert (begun["complete"], begun["offset"]) == (False, 1000)
    if anew:
        bench.watch = bench.begin()
    assert bench.look()[-1] == "logins/a.ndjson: 2500 rows, 2500 stored"
    counted = bench.client.post("/_sandbox/records/count", json={"kind": "login"}).json()
    assert counted == {"count": 2500}


def test_a_sandbox_that_was_emptied_gets_everything_again(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    bench.look()
    bench.client.post("/_sandbox/reset")
    assert bench.look() == ["logins/a.ndjson: 1 row, 1 stored"]
    assert bench.users == ["1"]


def test_bad_rows_and_unread_lines_have_their_verdicts(bench: Bench) -> None:
    bench.write("logins/a.ndjson", f'\n{{"user_id": 5}}\nnonsense\n{login(1)}', age=1000)
    rows, notice = bench.look()
    assert rows == "logins/a.ndjson: 3 rows, 1 stored, 2 refused"
    assert "the format of the file is not valid: 2 of 3 rows are refused" in notice
    (upload,) = bench.client.get("/_sandbox/uploads").json()["uploads"]
    assert [(each["line"], each["field"]) for each in upload["refused"]] == [(2, "user_id"), (3, "row")]


def test_a_damaged_file_is_told(bench: Bench) -> None:
    path = bench.folder / "logins/a.ndjson.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(login(*range(1000)).encode())[:-10])
    bench.now = path.stat().st_mtime + 1000
    assert "it ends in the middle of its gzip data" in bench.look()[1]
    assert bench.look() == []
    assert bench.notices == ["format-not-valid"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"nothing,here\n1,2\n", "must begin with a header row"),
        ("a.parquet", b"PAR1 nonsense PAR1", "is not Parquet, or is damaged"),
        ("a.ndjson.zst", b"nonsense", "is not Zstandard, or is damaged"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_told(bench: Bench, name: str, content: bytes, words: str) -> None:
    bench.write(f"logins/{name}", "", age=1000)
    (bench.folder / "logins" / name).write_bytes(content)
    bench.look()
    none, notice = bench.look()
    assert none == f"logins/{name}: 0 rows, 0 stored"
    assert ("the format of the file is not valid" in notice, words in notice) == (True, True)
    assert (bench.look(), bench.notices) == ([], ["format-not-valid"])


def test_rows_of_a_csv_file_are_sent_with_their_lines(bench: Bench) -> None:
    text = '\nuser_id,level,country\n1,7,de\n\n"a ""b""\nc",-1,\n2,3\n3,,\n'
    bench.write("logins/a.csv", text, age=1000)
    assert bench.look()[0] == "logins/a.csv: 4 rows, 2 stored, 2 refused"
    records = bench.client.get("/_sandbox/records/login").json()["records"]
    assert [each["record"] for each in records] == [{"user_id": "1", "level": 7, "country": "de"}, {"user_id": "3"}]
    (upload,) = bench.client.get("/_sandbox/uploads").json()["uploads"]
    assert [(each["line"], each["field"]) for each in upload["refused"]] == [(5, "level"), (7, "row")]


def test_a_file_waits_for_the_sandbox_no_longer_than_it_must(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1))
    bench.watch = bench.begin(Failing(bench.remote(), 0))
    assert bench.look() == []
    assert bench.look() == ["the sandbox is out of reach; trying again"]
    assert bench.look() == ["the sandbox answers again", "logins/a.ndjson: 1 row, 1 stored"]


def test_files_that_are_not_read_are_told_once(bench: Bench) -> None:
    for key in ("logins/a.txt", "nonsense/a.ndjson", "logins/_hidden.ndjson", "logins/a\tb.ndjson"):
        bench.write(key, login(1), age=1000)
    said = bench.look()
    assert [line.partition(": ")[0] for line in said] == ["logins/a\tb.ndjson", "logins/a.txt", "nonsense/a.ndjson"]
    assert bench.look() == []
    assert bench.users == []


def test_a_storage_out_of_reach_is_a_notice_and_is_tried_again(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    away = bench.folder.with_name("away")
    bench.folder.rename(away)
    (said,) = bench.look()
    assert said.startswith("cannot connect to the storage: ")
    assert said.endswith("; trying again")
    assert bench.look() == []
    assert bench.notices == ["cannot-connect"]
    away.rename(bench.folder)
    assert bench.look() == ["the storage can be listed again", "logins/a.ndjson: 1 row, 1 stored"]


def test_a_sandbox_out_of_reach_is_told_and_tried_again(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    port = free_port()
    bench.watch = bench.begin(bench.remote(f"http://127.0.0.1:{port}"))
    (said,) = bench.look()
    assert said == f"cannot reach the sandbox at http://127.0.0.1:{port} (ConnectError); trying again"
    assert bench.look() == []
    with serving(tmp_path_factory.mktemp("late"), "--port", str(port)):
        assert bench.look() == ["the sandbox answers again", "logins/a.ndjson: 1 row, 1 stored"]


def test_a_look_tells_whether_all_is_sent(bench: Bench) -> None:
    bench.write("logins/a.ndjson", login(1), age=1000)
    assert bench.watch.look().exit_code == 0
    bench.write("logins/b.ndjson", login(2))
    assert bench.watch.look().exit_code == 1
    assert bench.watch.look().exit_code == 0


def test_an_outage_of_both_is_told(bench: Bench) -> None:
    bench.watch = bench.begin(bench.remote(f"http://127.0.0.1:{free_port()}"))
    bench.folder.rmdir()
    storage, sandbox = bench.look()
    assert ("the storage" in storage, "the sandbox" in sandbox) == (True, True)
    assert bench.look() == []
    bench.folder.mkdir()


@contextmanager
def watching(
    uri: str, served: Served, *options: str, env: dict[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """Run `bulk watch` until the end of the body; then it must end cleanly."""
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
    """Wait until so many users have logged in; return them."""
    asked, end = {"kind": "login", "count": users, "timeout_ms": 20_000}, time.monotonic() + PATIENCE
    reply = client.post("/_sandbox/records/wait", json=asked)
    while reply.status_code != 200 and time.monotonic() < end:
        reply = client.post("/_sandbox/records/wait", json=asked)
    assert reply.status_code == 200, reply.text
    return sorted(each["record"]["user_id"] for each in reply.json()["records"])


def test_what_appears_in_a_cloud_is_sent_by_the_command(cloud: Cloud, bucket: str, sandbox: Served) -> None:
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
        # A watch that starts anew sends only what is new.
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


def test_once_sends_what_is_there_and_tells_by_its_exit_code(tmp_path: Path, sandbox: Served) -> None:
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
def test_a_mistake_is_one_sentence_and_exit_code_2(
    tmp_path: Path, sandbox: Served, options: list[str], words: str
) -> None:
    done = once(tmp_path, "--to", sandbox.url, *options)
    assert (done.returncode, words in done.stderr.lower()) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_not_there_is_a_mistake(tmp_path: Path, sandbox: Served) -> None:
    done = once(tmp_path / "nowhere", "--to", sandbox.url)
    assert (done.returncode, "there is no folder" in done.stderr) == (2, True)


def place(file: Path, text: str) -> None:
    """Write a file that is there whole as soon as it is there."""
    beside = file.with_name(f"_{file.name}")
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)


def bucket_options(uri: str) -> list[str]:
    return ["--bucket", uri, "--bucket-interval", "200ms"]


def test_serve_takes_in_what_appears_in_a_folder(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
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


def test_serve_takes_in_what_appears_in_a_cloud(cloud: Cloud, bucket: str, tmp_path: Path) -> None:
    cloud.make(bucket)
    options, environment = bucket_options(f"{cloud.scheme}://{bucket}"), {**os.environ, **cloud.environment}
    with serving(tmp_path, *options, env=environment) as served, served.client() as client:
        cloud.put(bucket, "logins/a.ndjson", login(1).encode())
        assert wait_for(client, 1) == ["1"]
        cloud.put(bucket, "logins/b.ndjson", login(2).encode())
        assert wait_for(client, 2) == ["1", "2"]


def test_serve_answers_and_ends_while_its_bucket_is_out_of_reach(tmp_path: Path) -> None:
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


def test_serve_refuses_a_bucket_that_can_be_none(tmp_path: Path) -> None:
    for uri in (str(tmp_path / "nowhere"), "ftp://bucket", f"s3://key:{SECRET}@bucket"):
        command = [sys.executable, "-m", "traits_sandbox", "serve", "--port", "0", "--bucket", uri]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode, done.stdout) == (2, "")
        assert SECRET not in done.stderr
