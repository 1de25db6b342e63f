"""LIMIT: what uvicorn can serve at most when the body is read, the key checked and the JSON parsed, no more.

Its garbage collector is as rare as that of `serve`, or it would be no limit: at 1000 records that is a third of it.
"""

import gc
from typing import Any

import orjson

KEY = b"Bearer sandbox-key"
ANSWER = b'{"code":201,"message":"ok","data":null}'
HEADERS = [(b"content-type", b"application/json; charset=utf-8"), (b"content-length", str(len(ANSWER)).encode())]

gc.set_threshold(200_000, 50, 1000)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer a constant 201 to a body that is JSON, sent with the key."""
    chunks, more = [], True
    while more:
        message = await receive()
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    assert dict(scope["headers"]).get(b"authorization") == KEY
    orjson.loads(b"".join(chunks))
    await send({"type": "http.response.start", "status": 201, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
