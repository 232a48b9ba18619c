"""What a page that was built with RealtimeKit's recording SDK finds at ``ws://localhost:8080/ws``.

The SDK connects there, says ``{"type": "StartRecording"}`` once it has joined its meeting, and hands on every broadcast
message of the meeting. It hears a text frame ``2`` at least every 30 seconds and answers each with ``3``.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import structlog
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

log = structlog.get_logger(__name__)

HOST, PORT = "localhost", 8080
"""As the page sees it."""
PATH = "/ws"
START = "StartRecording"
_PING, _PONG = "2", "3"
_PING_INTERVAL_S = 10.0
_MAX_MESSAGE_BYTES = 1 << 20
_MAX_CONNECTIONS = 8
"""Of one page: a page that is loaded anew comes back."""

_MAX_LOGGED, _MAX_COMPLAINTS = 10, 1_000
"""Of what a page says that makes no sense; then nothing more is heard of it."""

OnMessage = Callable[[str, Any], None]
"""Gets type and payload of a broadcast message."""


class RecordingSocket:
    """An async context manager: the socket of one recording, on a port of its own on loopback."""

    def __init__(self, on_message: OnMessage | None = None) -> None:
        self._on_message = on_message
        self._server: Server | None = None
        self._open = 0
        self._complaints = 0
        self.connected = asyncio.Event()
        """Set while a page is connected."""
        self.started = asyncio.Event()
        """Set once the page has said that it is to be recorded."""

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        if self._server is None:
            raise RuntimeError("the socket is not open")
        port: int = next(iter(self._server.sockets)).getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        listener = socket.create_server(("127.0.0.1", 0))
        try:
            self._server = await serve(
                self._serve, sock=listener, max_size=_MAX_MESSAGE_BYTES, compression=None, ping_interval=None
            )
        except BaseException:
            listener.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, page: ServerConnection) -> None:
        if page.request is None or page.request.path.partition("?")[0] != PATH or self._open >= _MAX_CONNECTIONS:
            await page.close(1008)
            return
        self._open += 1
        self.connected.set()
        pinging = asyncio.create_task(_ping(page), name="recording-socket-ping")
        try:
            async for message in page:
                self._hear(message)
                if self._complaints > _MAX_COMPLAINTS:
                    await page.close(1008)
        except ConnectionClosed:
            self._complain("the page's recording socket broke off")
        finally:
            self._open -= 1
            if not self._open:
                self.connected.clear()
            pinging.cancel()
            await asyncio.wait({pinging})

    def _hear(self, message: str | bytes) -> None:
        if message == _PONG:
            return
        try:
            told = json.loads(message)
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict) or not isinstance(told.get("type"), str):
            self._complain("the page told its recorder something unknown")
            return
        if told["type"] == START:
            self.started.set()
        elif self._on_message is not None:
            self._on_message(told["type"], told.get("payload"))

    def _complain(self, what: str) -> None:
        self._complaints += 1
        if self._complaints <= _MAX_LOGGED:
            log.info(what, further="not logged" if self._complaints == _MAX_LOGGED else None)


async def _ping(page: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        while True:
            await page.send(_PING)
            await asyncio.sleep(_PING_INTERVAL_S)
