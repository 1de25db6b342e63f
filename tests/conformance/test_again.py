"""A line for curl sends what the kit has sent; the key is in no line, and comes from the environment."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote_plus

import pytest

from tests.components import require
from tests.conformance.kit import PATIENT
from tests.conformance.recorder import Recorder, Seen, recording
from tests.patience import PATIENCE
from traits_sandbox.conformance.catalogue.request_factory import MULTIPART, multipart
from traits_sandbox.conformance.http.client import Target, Wire
from traits_sandbox.conformance.http.exchange import BEARER, JSON, KEY, Request
from traits_sandbox.conformance.http.keys import NEAR, VARIABLE, marker
from traits_sandbox.conformance.http.safety import Gate, Permit
from traits_sandbox.conformance.reports.reproduction import PASTED, Reproduction
from traits_sandbox.contract.load import editions, load

AWKWARD = "k+/=%&!$'\"`\\ {y}z"
OF_THE_CLIENT = {"host", "user-agent", "accept", "accept-encoding", "connection"}


def sent(body: bytes | None = b"{}", method: str = "POST", path: str = "/v1/actions", **more: object) -> Request:
    return Request(method, path, **{"headers": (BEARER, JSON), "body": body} | more)  # type: ignore[arg-type]


REQUESTS = {
    "plain": sent(),
    "read": sent(None, "GET", headers=(BEARER,), query=(("id", "a b+c&d/é"), ("id", ""))),
    "head": sent(None, "HEAD", headers=(BEARER,)),
    "read with a body": sent(b"{}", "GET"),
    "other methods": sent(b"{}", "PATCH"),
    "no body": sent(None, headers=()),
    "an empty body": sent(b""),
    "no media type": sent(headers=(BEARER,)),
    "an empty header": sent(headers=(("Authorization", ""), JSON)),
    "a header twice": sent(headers=(BEARER, BEARER, JSON)),
    "chunks": sent(chunked=True),
    "quotes": sent(b"""{"a": "it's \\"$HOME\\" `id` !! $(id) \\\\ %s"}"""),
    "letters of the world": sent('{"a": "é ü 日本 🎮"}'.encode()),
    "a file's sign": sent(b"@/etc/hostname"),
    "an option's sign": sent(b"-d --config x"),
    "control characters": sent(b"a\x00b\x1b[31m\r\n\t\\0101\\n%d1\x7f"),
    "not UTF-8": sent(b'{"a": "\xff\xfe\x80"}'),
    "a file in parts": sent(multipart(b"id,b\r\n1,2\r\n", "file", "a.csv"), headers=(BEARER, MULTIPART)),
    "the key in the query": sent(query=(("api_key", KEY), ("x", "1 2")), headers=(JSON,)),
    "the key in the query of an odd path": sent(path="/v1/$HOME/a!b'c", query=(("api_key", KEY),), headers=(JSON,)),
    "a slash at the end": sent(path="/v1/actions/"),
    "letters in a path": sent(path="/v1/a%20b;c,d(e)'f$&!*"),
    **{f"the key, {name}": sent(headers=(("Authorization", f"Bearer {marker(name)}"), JSON)) for name in NEAR},
    **{f"the query, {name}": sent(query=(("api_key", marker(name)),), headers=(JSON,)) for name in NEAR},
    "basic": sent(headers=(("Authorization", f"Basic {marker('basic')}"), JSON)),
}


def by_the_kit(server: Recorder, request: Request) -> Seen:
    gate = Gate(load(editions()[-1]), Permit("unsafe", "tsc-"))

    async def send() -> None:
        wire = Wire(Target(server.url, AWKWARD), gate, PATIENT)
        try:
            await wire.send(request)
        finally:
            await wire.close()

    asyncio.run(send())
    return server.seen.pop()


def by_a_shell(server: Recorder, line: str, shell: str = "sh") -> Seen:
    environment = os.environ | {VARIABLE: AWKWARD}
    subprocess.run([shell, "-c", line], env=environment, capture_output=True, timeout=PATIENCE, check=True)
    return server.seen.pop()


def essence(seen: Seen) -> tuple[object, ...]:
    path, _, query = seen.target.partition("?")
    headers = sorted(header for header in seen.headers if header[0] not in OF_THE_CLIENT)
    return seen.method, path, [unquote_plus(each) for each in query.split("&")], headers, seen.body


@pytest.fixture(scope="module", autouse=True)
def curl() -> None:
    require("curl", present=shutil.which("curl"))


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS.keys())
def test_curl_sends_what_the_kit_sent(request_: Request) -> None:
    with recording() as server:
        line = Reproduction(server.url).curl(request_)
        assert AWKWARD not in line
        assert line.isprintable()
        assert essence(by_a_shell(server, line)) == essence(by_the_kit(server, request_))


def test_a_long_body_is_in_no_line_but_in_a_file(tmp_path: Path) -> None:
    body = b'{"actions": "' + b"x" * PASTED + b'"}'
    (tmp_path / "a body").write_bytes(body)
    with recording() as server:
        way = Reproduction(server.url)
        assert way.curl(sent(body)) == ""
        assert by_a_shell(server, way.curl(sent(body), str(tmp_path / "a body"))).body == body


def test_plain_http_is_asked_for_as_the_kit_does() -> None:
    line = Reproduction("https://api.example.com", "ca.pem").curl(sent(None, "GET", headers=(), plain=True))
    assert line == "curl -i http://api.example.com/v1/actions"


def test_certificates_and_options_are_kept() -> None:
    way = Reproduction("https://api.example.com/base/", "my ca.pem", ("--seed", "3"))
    assert way.curl(sent(None, "GET", headers=())) == (
        "curl -i --cacert 'my ca.pem' https://api.example.com/base/v1/actions"
    )
    assert way.replay("OP-001.x") == (
        "traits-sandbox conformance replay OP-001.x --base-url https://api.example.com/base/ "
        "--ca-file 'my ca.pem' --seed 3"
    )


def test_an_address_in_brackets_is_taken_literally() -> None:
    assert (
        Reproduction("http://[::1]:8012").curl(sent(None, "GET", headers=()))
        == "curl -i -g 'http://[::1]:8012/v1/actions'"
    )
