"""A connection that is read in portions at first, and whose bytes then go straight on to another one."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import cast

READ_AHEAD_BYTES = 1 << 18
"""So much waits for whoever reads in portions; then the other end has to wait."""
_MARK_BYTES = 4
"""The longest end mark that is looked for."""
# Closing with this set sends RST, so that what is cut off does not look complete.
_LINGER_NOT = struct.pack("ii", 1, 0)


class Wire(asyncio.Protocol):
    """One of the two connections that a proxy joins.

    ``count`` is told of all bytes that come. What a lost connection is given to write is dropped: ``gone`` says so.
    """

    def __init__(self, count: Callable[[int], None], on_made: "Callable[[Wire], None] | None" = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._count = count
        self._on_made = on_made
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._paused = False
        self._finished = False
        self._sink: Wire | None = None
        self._source: Wire | None = None
        self._cut_through = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        """Done when nothing more comes."""
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when nothing goes either."""
        self.last_s = self._loop.time()
        """When the last bytes came, by the loop's clock."""
        self.written = False
        """Something was sent."""

    @property
    def waiting_bytes(self) -> int:
        """What has come and was not read."""
        return len(self._received)

    async def some(self, most_bytes: int = READ_AHEAD_BYTES) -> bytes:
        """What has come, without waiting for more than a byte; nothing at the end."""
        while not self._received and not self.ended.done():
            await self._wait_for_news()
        return self._take(most_bytes)

    async def through(self, mark: re.Pattern[bytes], most_bytes: int) -> bytes:
        """Everything up to the first ``mark`` and with it.

        Raises asyncio.LimitOverrunError if it is longer than ``most_bytes``, asyncio.IncompleteReadError at the end.
        """
        searched = 0
        while True:
            found = mark.search(self._received, max(0, searched - _MARK_BYTES))
            if found is not None and found.end() <= most_bytes:
                return self._take(found.end())
            searched = len(self._received)
            if searched >= most_bytes:
                raise asyncio.LimitOverrunError("there is too much before the mark", searched)
            if self.ended.done():
                raise asyncio.IncompleteReadError(b"", None)
            await self._wait_for_news()

    async def discard(self) -> None:
        """Waits for the end and lets everything before it fall."""
        while await self.some():
            pass

    def write(self, data: bytes) -> None:
        """Sends ``data``; :meth:`drain` tells when it makes sense to send more."""
        if self._transport is not None and not self._transport.is_closing():
            self.written = True
            self._transport.write(data)

    async def drain(self) -> None:
        """Waits until the other end keeps up, or is gone."""
        await self._writable.wait()

    def flow_to(self, sink: "Wire", *, cut_through: bool = False) -> None:
        """From now on everything that comes goes to ``sink``, as fast as that takes it, and so does the end.

        With ``cut_through`` a connection that is lost is cut for ``sink`` too, even if that costs the last of what
        came: needed where the end of the connection means that all is there.
        """
        self._sink, sink._source = sink, self
        self._cut_through = cut_through
        if self._received:
            sink.write(self._take(len(self._received)))
        if self.ended.done():
            sink.finish()
        self._govern()

    def finish(self) -> None:
        """Says that nothing more will be sent; the other end may still send."""
        if self._transport is None or self._transport.is_closing() or self._finished:
            return
        self._finished = True
        # The other end may have reset the connection a moment ago.
        with suppress(OSError):
            self._transport.write_eof()
        self._close_if_over()

    def abort(self) -> None:
        """Cuts the connection; the other end sees that."""
        if self._transport is None or self.gone.done():
            return
        connection = self._transport.get_extra_info("socket")
        if connection is not None:
            with suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._on_made is not None:
            self._on_made(self)

    def data_received(self, data: bytes) -> None:
        self._count(len(data))
        self.last_s = self._loop.time()
        if self._sink is not None:
            self._sink.write(data)
            return
        self._received += data
        self._news.set()
        self._govern()

    def eof_received(self) -> bool:
        self._end()
        if self._sink is not None:
            self._sink.finish()
        self._close_if_over()
        # The other direction stays open.
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._writable.set()
        if not self.gone.done():
            self.gone.set_result(None)
        if self._source is not None:
            # Whatever else it brings would go nowhere.
            self._source._close()
        if self._sink is not None and self._cut_through and exc is not None:
            self._sink.abort()
        elif self._sink is not None:
            self._sink.finish()

    def pause_writing(self) -> None:
        self._writable.clear()
        if self._source is not None:
            self._source._govern()

    def resume_writing(self) -> None:
        self._writable.set()
        if self._source is not None:
            self._source._govern()

    def _govern(self) -> None:
        """Reads only while there is room for what comes."""
        if self._transport is None or self.ended.done():
            return
        sink = self._sink
        full = len(self._received) >= READ_AHEAD_BYTES if sink is None else not sink._writable.is_set()
        if full == self._paused or self._transport.is_closing():
            return
        self._paused = full
        if full:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _take(self, most_bytes: int) -> bytes:
        taken = bytes(self._received[:most_bytes])
        del self._received[:most_bytes]
        self._govern()
        return taken

    async def _wait_for_news(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self._news.set()

    def _close_if_over(self) -> None:
        if self.ended.done() and self._finished:
            self._close()

    def _close(self) -> None:
        """Closes when everything is sent."""
        if self._transport is not None:
            self._transport.close()
