"""Proxies for tests, and what a browser does with them, byte by byte."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Any, cast

from reelkit.egress.guard import EgressGuard, Resolve
from reelkit.egress.proxy import EgressProxy
from reelkit.settings import EgressSettings
from tests.patience import PATIENCE_S

# One address of the loopback network stands for the public internet, another for what must not be reached.
OPEN, CLOSED = "127.0.0.1", "127.0.0.2"
NAMES = {
    "localhost": [OPEN],
    "images.example": [OPEN],
    "internal.example": [CLOSED],
    "mixed.example": [OPEN, CLOSED],
}


async def resolve(host: str, _: int) -> Sequence[str]:
    """Knows the names above and, as every resolver, addresses."""
    try:
        return NAMES.get(host.removesuffix(".")) or [str(ip_address(host))]
    except ValueError as error:
        raise OSError("Name or service not known") from error


def guard(
    resolving: Resolve = resolve, *, allow_private: bool = False, allowed: Sequence[str] = (OPEN,)
) -> EgressGuard:
    return EgressGuard(EgressSettings(allow_private=allow_private, allowed_networks=list(allowed)), resolving)


def proxy(*arguments: Any, **named: Any) -> EgressProxy:
    """Of the guard above."""
    return EgressProxy(guard(), *arguments, **named)


class Browser:
    """A connection to a proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def head(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.readuntil(b"\r\n\r\n")

    async def rest(self) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reader.read()

    async def connect(self, host: str, port: int) -> bytes:
        """Asks for a tunnel; the answer without its body."""
        await self.send(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        return await self.head()


@asynccontextmanager
async def browsing(opened: EgressProxy) -> AsyncIterator[Browser]:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    try:
        yield Browser(reader, writer)
    finally:
        writer.transport.abort()


async def ask(opened: EgressProxy, request: bytes) -> bytes:
    """All that is answered until the proxy closes the connection."""
    async with browsing(opened) as browser:
        await browser.send(request)
        return await browser.rest()


async def tunnel_status(opened: EgressProxy, host: str, port: int) -> int:
    async with browsing(opened) as browser:
        return int((await browser.connect(host, port)).split(b" ")[1])


async def get_status(opened: EgressProxy, host: str, port: int) -> int:
    request = f"GET http://{host}:{port}/ HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
    return int((await ask(opened, request.encode())).split(b" ")[1])


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def tcp_host(serve: Serve, address: str = OPEN, port: int = 0) -> AsyncIterator[int]:
    """The port of a server for any protocol; connections end with it."""
    serving: set[asyncio.Task[Any]] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        try:
            # asyncio complains of connections whose task is cancelled.
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await serve(reader, writer)
        finally:
            serving.discard(task)
            writer.close()

    server = await asyncio.start_server(one, address, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends back what comes, up to its end."""
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()


def reset(writer: asyncio.StreamWriter) -> None:
    """Cuts a connection so that the other end sees it."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def reading(writer: asyncio.StreamWriter) -> asyncio.Transport:
    """The connection, to let what comes wait."""
    return cast("asyncio.Transport", writer.transport)
