"""Small HTTP servers on loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Respond = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Host:
    """Answers each request with what ``respond`` writes, and notes what was asked."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.port = 0
        self._respond: Respond | None = None

    def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        """Says the same to everybody from now on."""
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", "connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        content = ("\r\n".join(lines) + "\r\n\r\n").encode() + body

        async def respond(_: bytes, writer: asyncio.StreamWriter) -> None:
            writer.write(content)
            await writer.drain()

        self._respond = respond

    def answer_with(self, respond: Respond) -> None:
        self._respond = respond

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(request)
            assert self._respond is not None
            await self._respond(request, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def host_on(address: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[Host]:
    host = Host()
    server = await asyncio.start_server(host.serve, address, 0, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    try:
        yield host
    finally:
        server.close()
        await server.wait_closed()
