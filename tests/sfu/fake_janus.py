"""A Janus of a few lines: it answers session requests itself and leaves the plugin's to the test."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve

from reelkit.sfu.client import SUBPROTOCOL

SECRET = "the api secret"

Request = dict[str, Any]
PluginScript = Callable[["FakeJanus", Request], Awaitable[None]]


class FakeJanus:
    """``script`` gets every plugin request and answers through ``send``; ``requests`` keeps all that came."""

    def __init__(self, script: PluginScript | None = None) -> None:
        self.requests: asyncio.Queue[Request] = asyncio.Queue()
        self.seen: list[Request] = []
        self.silent = False
        self._script = script
        self._server: Server | None = None
        self._connection: ServerConnection | None = None
        self._ids = 0

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await serve(self._serve, "127.0.0.1", 0, subprotocols=[SUBPROTOCOL])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def send(self, message: dict[str, Any]) -> None:
        assert self._connection is not None
        await self._connection.send(json.dumps(message))

    async def send_text(self, text: str) -> None:
        assert self._connection is not None
        await self._connection.send(text)

    async def drop(self) -> None:
        """Closes the client's connection."""
        assert self._connection is not None
        await self._connection.close()

    async def ack(self, request: Request) -> None:
        await self.send({"janus": "ack", "transaction": request["transaction"]})

    async def event(self, request: Request, data: dict[str, Any], jsep: dict[str, str] | None = None) -> None:
        """Answers a plugin request."""
        await self.push(request["handle_id"], data, jsep, transaction=request["transaction"])

    async def push(self, handle_id: int, data: dict[str, Any], jsep: dict[str, str] | None = None, **more: str) -> None:
        """Sends an event of the plugin."""
        message: dict[str, Any] = {"janus": "event", "sender": handle_id, "plugindata": {"data": data}, **more}
        if jsep is not None:
            message["jsep"] = jsep
        await self.send(message)

    async def _serve(self, connection: ServerConnection) -> None:
        self._connection = connection
        async for text in connection:
            request: Request = json.loads(text)
            self.seen.append(request)
            self.requests.put_nowait(request)
            if not self.silent:
                await self._answer(request)

    async def _answer(self, request: Request) -> None:
        reply = {"transaction": request["transaction"]}
        if request["apisecret"] != SECRET:
            await self.send({"janus": "error", "error": {"code": 403, "reason": "Unauthorized request"}, **reply})
        elif request["janus"] in ("create", "attach"):
            self._ids += 1
            await self.send({"janus": "success", "data": {"id": self._ids}, **reply})
        elif request["janus"] == "keepalive":
            await self.ack(request)
        elif request["janus"] == "detach":
            await self.send({"janus": "success", **reply})
        elif self._script is not None:
            await self._script(self, request)
