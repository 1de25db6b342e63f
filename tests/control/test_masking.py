"""No secret gets into an output, whatever its form and wherever the pieces of a reply are cut."""

import asyncio
import base64
import html
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from traits_sandbox.reporting.masking import MASK, Masker, StreamMasker
from traits_sandbox.web.control.masking import Masking

SECRET = 'Sec/ret+key "ä"\\9'
FORMS = {
    "as it is": SECRET,
    "in a URL": quote(SECRET, safe=""),
    "in a URL, with slashes": quote(SECRET),
    "in a URL, lower case": re.sub("%..", lambda found: found[0].lower(), quote(SECRET, safe="")),
    "in JSON": json.dumps(SECRET)[1:-1],
    "in JSON, as text": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "in JSON, with escaped slashes": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "in HTML": html.escape(SECRET),
    "in hexadecimal digits": SECRET.encode().hex(),
    "in base64": base64.b64encode(SECRET.encode()).decode(),
    "in base64, without padding": base64.b64encode(SECRET.encode()).decode().rstrip("="),
    "as a user of basic authentication": base64.b64encode(f"{SECRET}:".encode()).decode(),
    "as a bearer in base64": base64.b64encode(f"Bearer {SECRET}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_is_masked_in_each_form(form: str) -> None:
    masker = Masker([SECRET])
    assert masker(f"before {form} after") == f"before {MASK} after"
    assert masker.data(f"before {form} after".encode()) == f"before {MASK} after".encode()
    assert masker.shows(form.encode())


@pytest.mark.parametrize("before", ["", "u", "us", "user:", "user name"])
def test_a_secret_within_a_longer_base64_text_is_masked(before: str) -> None:
    encoded = base64.b64encode(f"{before}{SECRET} and more".encode()).decode()
    masked = Masker([SECRET])(encoded)
    assert MASK in masked
    assert not any(SECRET[start : start + 6] in str(decoded(masked)) for start in range(len(SECRET) - 6))


def decoded(text: str) -> list[bytes]:
    return [base64.b64decode(part[: len(part) // 4 * 4]) for part in text.split(MASK)]


def test_a_secret_within_another_one_leaves_nothing_of_it() -> None:
    assert Masker(["key", "key-2", ""])("key-2 and key") == f"{MASK} and {MASK}"


def test_text_without_a_secret_stays_the_same_object() -> None:
    data = b"nothing to hide"
    assert Masker(["secret-key"]).data(data) is data
    assert Masker([]).data(data) is data


STREAMS = [
    (["secret"], b"a secret, secretsecret and secre"),
    (["ab", "abc", "xab"], b"xab abd abc xabc aab ababc"),
    (["aaa", "aa"], b"aaaaaaa baab aaa"),
    (["key", "key-2"], b"key-2 key- key key-2"),
]


@pytest.mark.parametrize(("secrets", "data"), STREAMS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7])
def test_pieces_of_any_size_are_masked_as_the_whole_is(secrets: list[str], data: bytes, size: int) -> None:
    stream = StreamMasker(Masker(secrets))
    sent = [stream.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert b"".join([*sent, stream.flush()]) == Masker(secrets).data(data)
    assert not any(secret.encode() in piece for secret in secrets for piece in sent)


@pytest.mark.parametrize("cut", range(len(b"a secret b")))
def test_only_the_beginning_of_a_secret_is_held_back(cut: int) -> None:
    data = b"a secret b"
    stream = StreamMasker(Masker(["secret"]))
    first = stream.feed(data[:cut])
    assert first == (data[:cut] if cut <= 2 else b"a " if cut < 8 else b"a ***" + data[8:cut])


def test_an_end_within_a_secret_is_sent_at_the_end() -> None:
    stream = StreamMasker(Masker(["secret"]))
    assert (stream.feed(b"a secr"), stream.flush()) == (b"a ", b"secr")


def replied(masker: Masker, content_type: bytes, pieces: Iterable[bytes], **headers: str) -> list[Message]:
    """Return what a client is sent, message by message, of a reply in these pieces."""
    sent: list[Message] = []
    bodies = list(pieces)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", content_type), *given]})
        for number, body in enumerate(bodies, 1):
            await send({"type": "http.response.body", "body": body, "more_body": number < len(bodies)})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Masking(app, masker)({"type": "http"}, receive, send))
    return sent


def body_of(messages: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


def test_a_whole_reply_has_the_length_of_its_masked_body() -> None:
    start, body = replied(Masker(["secret"]), b"application/json", [b'{"a":"secret"}'], **{"content-length": "14"})
    assert body["body"] == b'{"a":"***"}'
    assert dict(start["headers"])[b"content-length"] == b"11"


@pytest.mark.parametrize("secret", ["1", '"', ":", "a"])
def test_a_secret_that_is_part_of_the_notation_leaves_valid_json(secret: str) -> None:
    value = {"number": 1, "text": f"x{secret}y"}
    masked = orjson.loads(body_of(replied(Masker([secret]), b"application/json", [orjson.dumps(value)])))
    assert masked["number"] == 1 if "number" in masked else masked
    assert f"x{secret}y" not in json.dumps(masked)


EVENTS: list[Any] = [{"id": 1, "key": "secret"}, {"text": "no"}, {"deep": {"secret": ["secret"]}}]


@pytest.mark.parametrize("content_type", [b"text/event-stream; charset=utf-8", b"application/x-ndjson"])
def test_each_event_of_a_stream_is_sent_at_once_and_masked(content_type: bytes) -> None:
    prefix = b"data: " if b"event" in content_type else b""
    pieces = [prefix + orjson.dumps(event) + b"\n" for event in EVENTS]
    start, *bodies = replied(Masker(["secret"]), content_type, [*pieces, b""])
    assert b"content-length" not in dict(start["headers"])
    assert [message["body"] for message in bodies] == [*(p.replace(b"secret", b"***") for p in pieces), b""]
    assert [message["more_body"] for message in bodies] == [True, True, True, False]


@pytest.mark.parametrize("size", [1, 3, 8])
@pytest.mark.parametrize(
    "content_type", [b"text/event-stream", b"application/x-ndjson", b"text/plain", b"application/json"]
)
def test_a_stream_in_any_pieces_is_masked(content_type: bytes, size: int) -> None:
    data = b'{"a":"secret"}\n{"b":"sec"}\n'
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert body_of(replied(Masker(["secret"]), content_type, pieces)) == data.replace(b"secret", b"***")
