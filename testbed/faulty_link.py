"""A TCP relay that behaves as badly as a test asks: refuses, cuts, stalls, or is slow.

async with FaultyLink(server_port) as link:
    client(link.port)
    link.cut_after(1_000_000)
"""

import asyncio
import random
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from testbed.free_port import LOOPBACK

_READ_BYTES = 1 << 16
_PAUSE_S = 0.02
# Closing with this set sends RST: the other end learns of a cut at once.
_LINGER_NOT = struct.pack("ii", 1, 0)


class FaultyLink:
    """An async context manager; ``port`` leads to ``target_port`` on loopback and stays the same after a stop."""

    def __init__(self, target_port: int, *, seed: int = 0) -> None:
        self.port = 0
        self.sent_bytes = 0
        """From clients to the server, so far."""
        self.cuts = 0
        self.connections = 0
        """Accepted so far."""
        self.rate_bytes_per_s: float | None = None
        self.stalled = False
        """Nothing goes through while this is set; connections stay open."""
        self._target_port = target_port
        self._draw = random.Random(seed)
        self._mean_bytes: float | None = None
        self._cut_at: float | None = None
        self._damage_at: int | None = None
        self._server: asyncio.Server | None = None
        self._open: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Accepts connections (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cuts all connections and refuses new ones, as a server that is down does."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Resets all connections."""
        self.cuts += bool(self._open)
        for pair in list(self._open):
            for writer in pair:
                _reset(writer)

    def cut_after(self, sent_bytes: int) -> None:
        """Resets all connections when so many bytes more have been sent to the server; the last of them arrive."""
        self._cut_at = self.sent_bytes + sent_bytes

    def damage_after(self, sent_bytes: int) -> None:
        """Changes one byte of what is sent to the server, so many bytes from now."""
        self._damage_at = self.sent_bytes + sent_bytes

    def cut_randomly(self, mean_bytes: float | None, *, seed: int | None = None) -> None:
        """Cuts again and again, after random amounts of data of this mean; None ends it."""
        if seed is not None:
            self._draw.seed(seed)
        self._mean_bytes = mean_bytes
        self._cut_at = None
        self._draw_next()

    def _draw_next(self) -> None:
        if self._mean_bytes is not None:
            self._cut_at = self.sent_bytes + self._draw.expovariate(1 / self._mean_bytes)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stalled = False
        await self.stop()
        await asyncio.gather(*self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            onward_reader, onward = await asyncio.open_connection(LOOPBACK, self._target_port)
        except OSError:
            _reset(writer)
            return
        self.connections += 1
        pair = (writer, onward)
        self._open.add(pair)
        try:
            await asyncio.gather(self._relay(reader, onward, self._count), self._relay(onward_reader, writer, _nothing))
        except (ConnectionError, OSError):
            pass
        finally:
            self._open.discard(pair)
            for end in pair:
                _reset(end)

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: Callable[[bytes], Awaitable[bytes]]
    ) -> None:
        while data := await reader.read(_READ_BYTES):
            while self.stalled:  # noqa: ASYNC110 - a switch, not an event
                await asyncio.sleep(_PAUSE_S)
            if self.rate_bytes_per_s is not None:
                await asyncio.sleep(len(data) / self.rate_bytes_per_s)
            passed = await passing(data)
            writer.write(passed)
            await writer.drain()
            if len(passed) < len(data):
                # Nothing may follow what is missing.
                return
        with suppress(OSError):
            writer.write_eof()

    async def _count(self, data: bytes) -> bytes:
        """What of ``data`` still goes through; the cut comes after it."""
        if self._cut_at is not None and self.sent_bytes + len(data) >= self._cut_at:
            data = data[: max(0, int(self._cut_at - self.sent_bytes))]
            self._cut_at = None
            self._draw_next()
            asyncio.get_running_loop().call_soon(self.cut)
        if self._damage_at is not None and self.sent_bytes + len(data) > self._damage_at:
            place = max(0, self._damage_at - self.sent_bytes)
            data = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            self._damage_at = None
        self.sent_bytes += len(data)
        return data


async def _nothing(data: bytes) -> bytes:
    return data


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None and not writer.transport.is_closing():
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()
