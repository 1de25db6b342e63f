"""Every variable and file of each cloud's own tools is used, or one sentence says what to use instead."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clouds.scripted import Answer, Scripted, scripted
from tests.clouds.servers import SECRET
from traits_sandbox.bulk.storage.sources import Access, FileSource, StorageError
from traits_sandbox.errors import UsageError

LOGINS = tomllib.loads(Path(__file__).with_name("logins.toml").read_text(encoding="utf-8"))["logins"]


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    with scripted() as script:
        script.answer = Answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        yield script


@pytest.mark.parametrize("login", LOGINS, ids=[login["name"] for login in LOGINS])
def test_a_login(login: dict[str, Any], server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def filled(text: str) -> str:
        values = {"{url}": server.url, "{host}": server.url[7:], "{home}": str(tmp_path), "{secret}": SECRET}
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name)
    for name, value in login.get("environment", {}).items():
        monkeypatch.setenv(name, filled(value))
    for name, content in login.get("files", {}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(filled(content), encoding="utf-8")
    options = {name: filled(value) for name, value in login.get("options", {}).items()}
    server.requests.clear()
    with pytest.raises((UsageError, StorageError)) as raised:
        list(FileSource(login["uri"], Access(options=options)).files())
    assert SECRET not in str(raised.value)
    if "message" in login:
        assert filled(login["message"]) in str(raised.value)
    else:
        assert "no such bucket" in str(raised.value)
        for seen in login["seen"]:
            assert filled(seen) in server.requests[0]
        assert login.get("not_seen", "nothing of this kind") not in server.requests[0]
