"""A stand-in for the proxy: it answers every request itself and notes what was asked."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PAGE = b"<!doctype html><title>page</title><body>page</body>"


class AnsweringProxy:
    """``asked`` holds the first lines of all requests."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.body = PAGE
        self.headers: list[str] = ["content-type: text/html"]

    def hosts(self) -> set[str]:
        """Who was asked for: ``host:port``, or the host alone with the scheme's own port."""
        return {line.split()[1].removeprefix("http://").split("/")[0] for line in self.asked}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.asked.append(head.splitlines()[0])
                status = "403 Forbidden" if head.startswith("CONNECT") else "200 OK"
                lines = [f"HTTP/1.1 {status}", f"content-length: {len(self.body)}", *self.headers]
                writer.write("\r\n".join([*lines, "", ""]).encode() + self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def answering_proxy(listener: socket.socket) -> AsyncIterator[AnsweringProxy]:
    proxy = AnsweringProxy()
    async with await asyncio.start_server(proxy.serve, sock=listener.dup()):
        yield proxy
