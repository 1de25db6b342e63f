"""Two routes, one answer: a content gets the same cause, or is read alike, on every route that takes its form."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.clouds.conftest import start as start
from tests.clouds.servers import CLOUDS, Cloud
from tests.patience import PATIENCE
from tests.routes.inputs import ACCEPTED, CSV, JSON, NDJSON, PARQUET, REFUSED, ROWS, RefusedInput, members
from tests.wire.served import Served, serving
from traits_sandbox.bulk.checking.engine import InlineEngine
from traits_sandbox.bulk.checking.scan import check
from traits_sandbox.contract.load import load

FILES = {NDJSON: "ndjson", CSV: "csv", PARQUET: "parquet"}
# Reading from a cloud is the same for all files, so some of them are enough.
SHARE = 5


def key(form: str, name: str, suffix: str = "") -> str:
    return f"kpis/d=1/{name}.{FILES[form]}{suffix}"


def every_file() -> dict[str, bytes]:
    """Return all contents as files of one load."""
    files = {key(each.form, f"bad-{each.name}"): each.content for each in REFUSED if each.form in FILES}
    for (form, name), content in ACCEPTED.items():
        files[key(form, name)] = content
        if form != PARQUET:
            files[key(form, name, ".gz")] = members(content)
            files[key(form, f"bad-plain-{name}", ".gz")] = content
    return files


def in_parts(each: RefusedInput) -> object:
    return pytest.param(each, id=f"{each.form}-{each.name}")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("sandbox")) as served:
        yield served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("load")
    for name, content in every_file().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def command(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "traits_sandbox", *arguments], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 1, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checked(folder: Path) -> dict[str, Any]:
    """Return the report of each file by its key, from `bulk check`."""
    report = json.loads(command("bulk", "check", str(folder), "--json", "--jobs", "1"))
    return {file["key"]: file for file in report["files"]}


@pytest.fixture(scope="module")
def watched(folder: Path, sandbox: Served) -> dict[str, Any]:
    """Return the upload of each file by its key, after `bulk watch` has sent them."""
    command("bulk", "watch", str(folder), "--to", sandbox.url, "--api-key", f"{sandbox.key}/watch", "--once")
    with sandbox.client(f"{sandbox.key}/watch") as client:
        uploads = client.get("/_sandbox/uploads", params={"limit": 1000}).json()["uploads"]
    return {upload["object"]["key"]: upload for upload in uploads if upload["object"]}


def notices(upload: dict[str, Any]) -> str:
    return "; ".join(notice["message"] for notice in upload["notices"])


@pytest.mark.parametrize("refused", [in_parts(each) for each in REFUSED if each.form in FILES])
def test_a_file_of_a_load_is_refused_in_one_sentence_checked_or_watched(
    refused: RefusedInput, checked: dict[str, Any], watched: dict[str, Any]
) -> None:
    name = key(refused.form, f"bad-{refused.name}")
    file, upload = checked[name], watched[name]
    assert refused.words in file["error"]
    assert file["bad_rows"] <= 1
    assert f"it {file['error']}" in notices(upload)
    assert (upload["records"], upload["refused_count"]) == (0, 0)


@pytest.mark.parametrize("refused", [in_parts(each) for each in REFUSED if each.form == JSON])
@pytest.mark.parametrize("path", ["/v1/level-ups", "/v1/playfab", "/v1/user-data"])
def test_a_body_is_refused_in_one_sentence(refused: RefusedInput, path: str, sandbox: Served) -> None:
    headers = {"Content-Type": "application/json"}
    with sandbox.client(f"{sandbox.key}/bodies") as client:
        reply = client.post(path, content=refused.content, headers=headers)
    assert reply.status_code == 400
    assert refused.words in reply.json()["errors"]["body"]
    assert refused.words in sandbox.log_of(reply)


def upload(client: httpx.Client, path: str, content: bytes) -> httpx.Response:
    return client.post(path, files={"file": ("values.csv", content)})


@pytest.mark.parametrize("refused", [in_parts(each) for each in REFUSED if each.form == CSV])
def test_an_upload_is_refused_in_the_same_words_as_a_file(
    refused: RefusedInput, sandbox: Served, checked: dict[str, Any]
) -> None:
    with sandbox.client(f"{sandbox.key}/uploads") as client:
        reply = upload(client, "/v1/kpis/csv", refused.content)
    assert reply.status_code == 400
    said, _, step = reply.json()["errors"]["file"].removeprefix("file ").partition(";")
    assert refused.words in f"{said};{step}"
    assert checked[key(CSV, f"bad-{refused.name}")]["error"].startswith(said)


@pytest.mark.parametrize(("form", "name"), ACCEPTED)
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_what_is_read_is_read_on_every_route(
    form: str, name: str, suffix: str, sandbox: Served, checked: dict[str, Any], watched: dict[str, Any]
) -> None:
    if form == PARQUET and suffix:
        return
    file, ingested = checked[key(form, name, suffix)], watched[key(form, name, suffix)]
    assert (file["error"], file["rows"], file["bad_rows"]) == ("", len(ROWS), 0)
    assert (ingested["records"], ingested["notices"]) == (len(ROWS), [])
    if form == CSV:
        with sandbox.client(f"{sandbox.key}/{name}{suffix}") as client:
            assert upload(client, "/v1/kpis/csv", ACCEPTED[form, name]).status_code == 201
            assert client.get("/_sandbox/uploads").json()["uploads"][0]["records"] == len(ROWS)


@pytest.mark.parametrize("name", [key(form, f"bad-plain-{name}", ".gz") for form, name in ACCEPTED if form != PARQUET])
def test_a_plain_file_with_the_suffix_of_gzip_is_named(
    name: str, checked: dict[str, Any], watched: dict[str, Any]
) -> None:
    assert checked[name]["error"] == "is not compressed; remove .gz from its name"
    assert "it is not compressed; remove .gz from its name" in notices(watched[name])


@pytest.mark.parametrize("scheme", list(CLOUDS))
def test_a_cloud_gives_the_answers_of_a_folder(scheme: str, start: Any, checked: dict[str, Any]) -> None:
    cloud: Cloud = start(scheme)
    cloud.make("routes")
    files = dict(list(every_file().items())[::SHARE])
    for name, content in files.items():
        cloud.put("routes", name, content)
    report = check(
        (f"{scheme}://routes",),
        load("2020-09"),
        InlineEngine(),
        access=cloud.access,
        keep=1,
        on_progress=lambda _: None,
    )
    found = {file.key: (file.error, file.rows, file.bad_rows) for file in report.files}
    assert found == {name: (checked[name]["error"], checked[name]["rows"], checked[name]["bad_rows"]) for name in files}


KPI_FILES = [b"user_id,kpi_id,value\nu1,ltv,1\n", b"timestamp,user_id,cpi,ltv\n,u1,1,2\n"]


@pytest.mark.parametrize("content", KPI_FILES)
def test_a_kpi_file_at_the_survey_endpoint_is_named(content: bytes, sandbox: Served) -> None:
    with sandbox.client(f"{sandbox.key}/kpis") as client:
        reply = upload(client, "/v1/survey-data/csv", content)
    assert reply.status_code == 400
    assert reply.json()["errors"]["file"] == (
        'file has the columns of "Push KPIs as CSV"; send it to POST /v1/kpis/csv'
    )


@pytest.mark.parametrize("content", [b"user_id,age\nu1,7\n", b"player_id,favourite colour,age\nu1,teal,7\n"])
def test_a_survey_file_at_the_kpi_endpoint_is_named(content: bytes, sandbox: Served) -> None:
    with sandbox.client(f"{sandbox.key}/survey") as client:
        reply = upload(client, "/v1/kpis/csv", content)
    assert reply.status_code == 400
    assert "send it to POST /v1/survey-data/csv" in reply.json()["errors"]["file"]


@pytest.mark.parametrize("content", [b"user_id,kpi_id,value,mood\nu1,ltv,1,good\n", b"user_id,value\nu1,7\n"])
def test_a_survey_may_have_columns_with_the_names_of_kpis(content: bytes, sandbox: Served) -> None:
    with sandbox.client(f"{sandbox.key}/mixed") as client:
        assert upload(client, "/v1/survey-data/csv", content).status_code == 201
