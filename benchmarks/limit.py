"""LIMIT: the least app for a push on uvicorn; it reads the body, checks the key and parses the JSON.

Its garbage collection is as rare as that of `serve`. Otherwise it would take a third of the time with 1000 records.
"""

import gc
from typing import Any

import orjson

KEY = b"Bearer sandbox-key"
ANSWER = b'{"code":201,"message":"ok","data":null}'
HEADERS = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(ANSWER)).encode())]

gc.set_threshold(200_000, 50, 1000)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a constant 201 to a request with the key and a JSON body."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    assert dict(scope["headers"]).get(b"authorization") == KEY
    orjson.loads(b"".join(chunks))
    await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
