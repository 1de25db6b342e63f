"""The least app that uvicorn can serve, without imports; start-up and memory are compared with it."""

from typing import Any


async def app(_scope: Any, _receive: Any, send: Any) -> None:
    """Answer 200 to everything."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
