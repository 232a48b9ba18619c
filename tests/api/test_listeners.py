"""Listeners on real sockets, and the websocket adapter on top of them."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from cloudflare import DEFAULT_CONNECTION_LIMITS
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect as connect_within
from websockets.exceptions import ConnectionClosed

from reelkit.api import listeners
from reelkit.api.errors import CannotListen
from reelkit.api.listeners import Listener
from reelkit.api.tls import tls_files
from reelkit.api.websocket import StarletteSocket
from reelkit.clock import SystemClock
from reelkit.rooms.websocket import SocketClosed
from reelkit.settings import Settings
from tests.patience import PATIENCE_S

connect = partial(connect_within, open_timeout=PATIENCE_S)

MAX_MESSAGE_BYTES = 4_096


class Echo:
    """Sends back each frame; closes with the code that a text frame ``close <code>`` asks for."""

    def __init__(self) -> None:
        self.closed_with: asyncio.Queue[int] = asyncio.Queue()
        self.sockets: asyncio.Queue[StarletteSocket] = asyncio.Queue()

    def app(self) -> Starlette:
        return Starlette(routes=[WebSocketRoute("/ws", self._serve), Route("/", self._greet)])

    async def _greet(self, _: Request) -> Response:
        return PlainTextResponse("hello")

    async def _serve(self, websocket: WebSocket) -> None:
        await websocket.accept()
        socket = StarletteSocket(websocket)
        self.sockets.put_nowait(socket)
        try:
            while True:
                frame = await socket.receive()
                if isinstance(frame, bytes):
                    await socket.send_bytes(frame)
                elif frame.startswith("close "):
                    await socket.close(int(frame.removeprefix("close ")))
                else:
                    await socket.send_text(frame)
        except SocketClosed as closed:
            self.closed_with.put_nowait(closed.code)


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def listener(echo: Echo) -> AsyncIterator[Listener]:
    listener = Listener("127.0.0.1", 0)
    await listener.start(echo.app(), max_message_bytes=MAX_MESSAGE_BYTES)
    yield listener
    await listener.close()


def ws_url(listener: Listener) -> str:
    return listener.url.replace("http", "ws", 1) + "/ws"


async def test_frames_keep_their_kind_and_a_client_close_its_code(listener: Listener, echo: Echo) -> None:
    async with connect(ws_url(listener)) as client:
        await client.send(b"\x08\x03")
        assert await client.recv() == b"\x08\x03"
        await client.send("3")
        assert await client.recv() == "3"
        await client.close(3002)
    assert await echo.closed_with.get() == 3002


async def test_the_server_closes_with_its_code(listener: Listener, echo: Echo) -> None:
    async with connect(ws_url(listener)) as client:
        await client.send("close 4001")
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4001
    assert await echo.closed_with.get() == 4001


async def test_closing_from_another_task_ends_the_one_that_receives(listener: Listener, echo: Echo) -> None:
    async with connect(ws_url(listener)):
        served = await echo.sockets.get()
        await served.close(1000)
        assert await echo.closed_with.get() == 1000
        await served.close(1001)
        with pytest.raises(SocketClosed) as closed:
            await served.send_text("too late")
        assert closed.value.code == 1000


async def test_a_connection_that_breaks_is_closed_abnormally(listener: Listener, echo: Echo) -> None:
    async with connect(ws_url(listener)) as client:
        served = await echo.sockets.get()
        client.transport.abort()
        assert await echo.closed_with.get() in {1005, 1006}
        with pytest.raises(SocketClosed):
            await served.send_bytes(b"x")
        with pytest.raises(SocketClosed):
            await served.receive()


async def test_a_message_over_the_limit_closes_with_1009(listener: Listener, echo: Echo) -> None:
    async with connect(ws_url(listener)) as client:
        await client.send(b"x" * MAX_MESSAGE_BYTES)
        assert len(await client.recv()) == MAX_MESSAGE_BYTES
        await client.send(b"x" * (MAX_MESSAGE_BYTES + 1))
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert await echo.closed_with.get() == 1009


async def test_tls_listener(tmp_path: Path, echo: Echo) -> None:
    files = tls_files(Settings(), tmp_path, SystemClock())
    listener = Listener("127.0.0.1", 0, tls=files.context())
    await listener.start(echo.app(), max_message_bytes=MAX_MESSAGE_BYTES)
    try:
        trusting = ssl.create_default_context(cafile=str(files.authority))
        async with httpx.AsyncClient(verify=trusting, timeout=PATIENCE_S) as client:
            answer = await client.get(listener.url)
        assert answer.text == "hello"
        assert "server" not in answer.headers
    finally:
        await listener.close()


async def held_s(listener: Listener) -> float:
    """How long the server keeps a connection on which nobody asks any more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
    await reader.readuntil(b"hello")
    answered_s = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        assert await reader.read() == b""
    writer.close()
    return time.monotonic() - answered_s


async def test_idle_connections_are_kept_for_longer_than_clients_keep_them(
    echo: Echo, monkeypatch: pytest.MonkeyPatch
) -> None:
    expiry_s = DEFAULT_CONNECTION_LIMITS.keepalive_expiry
    assert expiry_s is not None
    assert 2 * expiry_s < listeners._KEEP_ALIVE_S
    monkeypatch.setattr(listeners, "_KEEP_ALIVE_S", 0.5)
    listener = Listener("127.0.0.1", 0)
    await listener.start(echo.app(), max_message_bytes=MAX_MESSAGE_BYTES)
    try:
        assert await held_s(listener) > 0.4
    finally:
        await listener.close()


async def test_no_connection_is_accepted_before_the_start_and_after_stopping(echo: Echo) -> None:
    listener = Listener("127.0.0.1", 0)
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(listener.url)
    await listener.start(echo.app(), max_message_bytes=MAX_MESSAGE_BYTES)
    async with connect(ws_url(listener)) as open_before:
        listener.stop_accepting()
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(listener.url)
        await open_before.send("still here")
        assert await open_before.recv() == "still here"
        await listener.close()
        with pytest.raises(ConnectionClosed) as closed:
            await open_before.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    await listener.close()


def test_addresses_that_cannot_be_bound_are_named() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1"):
        Listener("192.0.2.1", 0)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port}"):
            Listener("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "localhost"), ("::1", "[::1]"), ("::", "localhost")],  # noqa: S104
)
async def test_the_url_is_one_that_this_machine_can_use(host: str, shown: str) -> None:
    listener = Listener(host, 0)
    assert listener.url == f"http://{shown}:{listener.port}"
    await listener.close()
