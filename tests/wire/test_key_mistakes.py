"""401: the log, the journal and the reply name each mistake with a key, and show no part of a key."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.patience import eventually
from tests.wire.served import Served, serving
from traits_sandbox.web.refusals.key_mistakes import KeyMistake

KEY, OTHER, TOKEN = "Zq7vW2xk", "Jm4dT9yb", "Hc6nR3pf"
WEB_TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJKbTRkVDl5YiJ9.Jm4dT9yb"
SECRETS = (KEY, OTHER, TOKEN, WEB_TOKEN, "am00ZFQ5eWI6")
UNAUTHORIZED = b'{"code":401,"message":"api key is not valid"}'
PUSH, WEBHOOK = "/v1/purchases", "/v1/playfab"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request without a valid key."""

    headers: tuple[tuple[str, str], ...] = ()
    path: str = PUSH
    query: str = ""
    body: bytes = b'{"purchases": []}'


def header(value: str) -> Sent:
    return Sent((("Authorization", value),))


def webhook(query: str) -> Sent:
    return Sent(path=WEBHOOK, query=query)


MISTAKES: list[tuple[KeyMistake, Sent]] = [
    (KeyMistake.NO_KEY, Sent()),
    (KeyMistake.NO_KEY, Sent(body=b"")),
    (KeyMistake.NO_KEY, webhook("")),
    (KeyMistake.NO_KEY, webhook("colour=red")),
    *((KeyMistake.OTHER_HEADER, Sent(((name, OTHER),))) for name in ("X-API-Key", "x-api-key", "Api-Key")),
    (KeyMistake.OTHER_HEADER, Sent((("Token", OTHER),))),
    (KeyMistake.OTHER_HEADER, Sent((("Proxy-Authorization", f"Bearer {OTHER}"),))),
    *((KeyMistake.IN_QUERY, Sent(query=f"{name}={OTHER}")) for name in ("api_key", "apikey", "token", "API%5FKEY")),
    *((KeyMistake.QUERY_NAME, webhook(f"{name}={OTHER}")) for name in ("apikey", "apiKey", "API_KEY", "key")),
    (KeyMistake.IN_BODY, Sent(body=json.dumps({"api_key": OTHER, "purchases": []}).encode())),
    (KeyMistake.IN_BODY, Sent(body=f"apiKey={OTHER}&user_id=1".encode())),
    (KeyMistake.HEADER_TWICE, Sent((("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {OTHER}")))),
    *((KeyMistake.EMPTY, header(value)) for value in ("", "Bearer", "bearer", 'Bearer ""', "Basic", "Token")),
    (KeyMistake.EMPTY, webhook("api_key=")),
    *((KeyMistake.NO_SCHEME, header(value)) for value in (KEY, OTHER, f"{OTHER}/NAME", f"{OTHER} NAME")),
    *((KeyMistake.SCHEME_TWICE, header(value)) for value in (f"Bearer Bearer {KEY}", f"bearer BEARER {OTHER}")),
    (KeyMistake.SCHEME_TWICE, header(f"Authorization: Bearer {OTHER}")),
    (KeyMistake.SCHEME_TWICE, header(f"Bearer Authorization: {OTHER}")),
    (KeyMistake.SCHEME_TWICE, webhook(f"api_key=Bearer%20{OTHER}")),
    *((KeyMistake.SCHEME_SEPARATOR, header(f"Bearer{between}{OTHER}")) for between in (":", ": ", "=", "_", "", "\t")),
    (KeyMistake.BASIC, header("Basic am00ZFQ5eWI6")),
    *((KeyMistake.OTHER_SCHEME, header(f"{scheme} {OTHER}")) for scheme in ("Token", "ApiKey", "Digest", "Key", "JWT")),
    *(
        (KeyMistake.PLACEHOLDER, header(f"Bearer {text}"))
        for text in ("$API_KEY", "${API_KEY}", "{{api_key}}", "{key}", "%API_KEY%", "<API_KEY>", "YOUR_API_KEY", "null")
    ),
    *(
        (KeyMistake.PLACEHOLDER, header(f"Bearer {text}"))
        for text in (
            "undefined",
            "None",
            "<your api key>",
            "your-api-key-here",
            "[object Object]",
            "xxxx",
            "$API_KEY/one",
        )
    ),
    (KeyMistake.PLACEHOLDER, header("$API_KEY")),
    (KeyMistake.PLACEHOLDER, webhook("api_key={{api_key}}")),
    *((KeyMistake.QUOTED, header(f"Bearer {a}{OTHER}{b}")) for a, b in ('""', "''", "``", "<>", "[]", "()", ('"', ""))),
    (KeyMistake.QUOTED, header(f'Bearer "{KEY}/name"')),
    (KeyMistake.QUOTED, header(f'"Bearer {KEY}"')),
    (KeyMistake.QUOTED, webhook(f"api_key=%22{OTHER}%22")),
    *((KeyMistake.LINE_END, header(f"Bearer {OTHER}{end}")) for end in ("\\n", "\\r\\n", "%0A", "\\t")),
    (KeyMistake.LINE_END, header(f"Bearer {KEY}/name\\n")),
    (KeyMistake.ENCODED, header(f"Bearer {KEY}%2Fname")),
    (KeyMistake.NOT_ASCII, header(f"Bearer {OTHER}\xe2\x80\x8b")),
    (KeyMistake.NOT_ASCII, webhook(f"api_key=%E2%80%9C{OTHER}%E2%80%9D")),
    (KeyMistake.NOT_ASCII, webhook(f"api_key={OTHER}%0Ax")),
    (KeyMistake.REPEATED, header(f"Bearer {KEY}{KEY}")),
    *((KeyMistake.SPACE, header(f"Bearer {OTHER}{rest}")) for rest in (" x", f",{OTHER}", f", Bearer {OTHER}")),
    *(
        (KeyMistake.DASHBOARD_NAME, header(f"Bearer {KEY}/{name}"))
        for name in ("my test", "test[1]", "<NAME>", "{NAME}", "", "a/b", "a" * 65, "t\xe9st", "a:b", "test%5B1%5D")
    ),
    (KeyMistake.DASHBOARD_NAME, webhook(f"api_key={KEY}/my%20test")),
    (KeyMistake.LETTER_CASE, header(f"Bearer {KEY.lower()}")),
    (KeyMistake.LETTER_CASE, header(f"Bearer {KEY.upper()}/name")),
    (KeyMistake.CONTROL_TOKEN, header(f"Bearer {TOKEN}")),
    (KeyMistake.WEB_TOKEN, header(f"Bearer {WEB_TOKEN}")),
    *((KeyMistake.UNKNOWN, header(f"Bearer {text}")) for text in (OTHER, f"{OTHER}/name", KEY[:-1], f"{KEY}x")),
    (KeyMistake.UNKNOWN, webhook(f"api_key={OTHER}")),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = ("--api-key", KEY, "--control-token", TOKEN, "--log-format", "json")
    with serving(tmp_path_factory.mktemp("mistakes"), *options) as served:
        yield served


def send(served: Served, sent: Sent) -> httpx.Response:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in sent.headers]
    with served.stranger() as client:
        url = f"{served.url}{sent.path}" + (f"?{sent.query}" if sent.query else "")
        return client.post(url, headers=httpx.Headers(headers), content=sent.body)


def entry_of(served: Served, reply: httpx.Response) -> str:
    with served.stranger() as client:
        path = f"/_sandbox/requests/{reply.headers['sandbox-request-id']}"
        return client.get(path, headers={"Sandbox-Control-Token": TOKEN}).text


def line_of(served: Served, reply: httpx.Response) -> str:
    """Return the log line of a request; the log is written after the reply."""
    wanted = reply.headers["sandbox-request-id"]
    lines = eventually(lambda: [line for line in served.log.splitlines(True) if wanted in line and line[-1] == "\n"])
    return lines[0]


@pytest.mark.parametrize(("mistake", "sent"), MISTAKES, ids=lambda value: getattr(value, "value", ""))
def test_a_mistake_with_a_key_is_named_everywhere_and_no_key_is_shown(
    mistake: KeyMistake, sent: Sent, served: Served
) -> None:
    reply = send(served, sent)
    assert (reply.status_code, reply.content) == (401, UNAUTHORIZED)
    entry = entry_of(served, reply)
    shown = json.loads(entry)
    assert (shown["reason"], shown["status"]) == (mistake.value, 401)
    assert reply.headers["sandbox-hint"].replace("%20", " ") == shown["hint"]
    line = line_of(served, reply)
    assert (json.loads(line)["reason"], json.loads(line)["hint"]) == (mistake.value, shown["hint"])
    texts = (entry, line, str(reply.headers))
    assert not [secret for secret in SECRETS for text in texts if secret.lower() in text.lower()]


def test_every_mistake_is_tried_and_has_its_own_sentence(served: Served) -> None:
    assert {mistake for mistake, _ in MISTAKES} == set(KeyMistake)
    first = dict(reversed(MISTAKES))
    hints = {mistake: send(served, sent).headers["sandbox-hint"] for mistake, sent in first.items()}
    assert len(set(hints.values())) == len(KeyMistake)


def test_the_name_that_a_key_must_have_is_named(served: Served) -> None:
    assert "X-API-Key" in send(served, Sent((("x-api-key", OTHER),))).headers["sandbox-hint"]
    assert "api_key" in send(served, webhook(f"apikey={OTHER}")).headers["sandbox-hint"]


@pytest.mark.parametrize("value", [f"bearer {KEY}", f"BEARER  {KEY}", f"Bearer {KEY}/a.b_c-1"])
def test_a_valid_key_needs_no_certain_case_of_the_scheme(value: str, served: Served) -> None:
    assert send(served, header(value)).status_code == 400


def test_the_control_api_names_the_mistake_too(served: Served) -> None:
    with served.stranger() as client:
        headers = {"Sandbox-Control-Token": TOKEN, "Authorization": f"Bearer Bearer {KEY}"}
        reply = client.get("/_sandbox/requests", headers=headers)
    assert (reply.status_code, "twice" in reply.json()["message"]) == (401, True)
    assert KEY not in reply.text


def test_a_client_without_a_key_that_sends_its_body_late_is_answered_before(served: Served) -> None:
    def body() -> Iterator[bytes]:
        yield b"{"
        yield b" " * 100 + b"}"

    with served.stranger() as client:
        reply = client.post(PUSH, content=body())
    assert (reply.status_code, reply.content) == (401, UNAUTHORIZED)
