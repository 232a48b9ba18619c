"""What the tests of the HTTP layer share."""

from collections.abc import MutableMapping
from typing import Any

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send


class Recorded:
    """An ASGI application that remembers what reached it and answers 204."""

    def __init__(self) -> None:
        self.scopes: list[MutableMapping[str, Any]] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        message = await receive()
        self.bodies.append(message.get("body", b""))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def asgi_client(app: ASGIApp, host: str = "127.0.0.1") -> httpx.AsyncClient:
    """A client of ``app`` without a socket, as if it had been reached under ``host``."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}")
