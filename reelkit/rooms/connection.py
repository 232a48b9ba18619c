"""One client's websocket: an ordered queue out, frames in, a heartbeat."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum

import structlog

from reelkit.clock import Clock
from reelkit.rooms.heartbeat import PING, PONG, Heartbeat
from reelkit.rooms.websocket import Socket, SocketClosed
from reelkit.settings import RoomSettings

log = structlog.get_logger(__name__)

# What may wait for a client that does not read: some seconds of a large meeting's news. Beyond it the client is cut off
# and comes back by itself.
MAX_QUEUED_BYTES = 8 << 20
# A closing handshake that takes longer is not worth waiting for, nor is a client that does not take what was queued
# before it.
CLOSE_TIMEOUT_S = 2.0


class CloseCode(IntEnum):
    """Why a websocket was closed (RFC 6455). The SDK connects again after every code but NORMAL."""

    NORMAL = 1000
    GOING_AWAY = 1001
    """Sent by a browser whose page is gone."""
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    RESTARTING = 1012
    TRY_AGAIN = 1013
    SILENT = 4000
    REPLACED = 4001
    """The same peer opened another websocket."""
    SESSION_ENDED = 4002
    TOO_SLOW = 4003


class Connection:
    """Owns a websocket for as long as ``run`` runs. ``send`` never waits, so one slow client cannot hold up others."""

    def __init__(self, socket: Socket, settings: RoomSettings, clock: Clock) -> None:
        self._socket = socket
        self._max_message_bytes = settings.max_message_bytes
        self._heartbeat = Heartbeat(settings, clock)
        self._clock = clock
        self._queue: deque[bytes | str] = deque()
        self._queued_bytes = 0
        self._wake = asyncio.Event()
        self._closing: int | None = None
        self._asked_to_close = asyncio.Event()

    def send(self, frame: bytes | str) -> None:
        """Queues a frame; does nothing once the connection closes."""
        if self._closing is not None:
            return
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        if self._queued_bytes > MAX_QUEUED_BYTES:
            log.warning("a client does not read its messages and is cut off", queued_bytes=self._queued_bytes)
            self._queue.clear()
            self.close(CloseCode.TOO_SLOW)
        self._wake.set()

    def close(self, code: int) -> None:
        """Closes the websocket after what is queued."""
        if self._closing is None:
            self._closing = code
            self._wake.set()
            self._asked_to_close.set()

    async def run(self, receive: Callable[[bytes], None]) -> int:
        """Gives every binary message to ``receive`` until the websocket closes; returns the close code."""
        works = [
            asyncio.create_task(self._read(receive), name="websocket-read"),
            asyncio.create_task(self._write(), name="websocket-write"),
            asyncio.create_task(self._watch(), name="websocket-heartbeat"),
            asyncio.create_task(self._cut_off(), name="websocket-cut-off"),
        ]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._closing = self._closing or CloseCode.GOING_AWAY
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)
        return done.pop().result()

    async def _read(self, receive: Callable[[bytes], None]) -> int:
        while True:
            try:
                frame = await self._socket.receive()
            except SocketClosed as closed:
                return closed.code
            self._heartbeat.heard()
            if len(frame) > self._max_message_bytes:
                log.info("a client sent too large a message", size_bytes=len(frame))
                return await self._shut(CloseCode.TOO_BIG)
            if isinstance(frame, bytes):
                receive(frame)
            elif frame == PING:
                self.send(PONG)

    async def _write(self) -> int:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                while self._queue:
                    frame = self._queue.popleft()
                    self._queued_bytes -= len(frame)
                    await (self._socket.send_text(frame) if isinstance(frame, str) else self._socket.send_bytes(frame))
            except SocketClosed as closed:
                return closed.code
            if self._closing is not None:
                return await self._shut(self._closing)

    async def _watch(self) -> int:
        await self._heartbeat.run(self.send)
        log.info("a client fell silent")
        return await self._shut(CloseCode.SILENT)

    async def _cut_off(self) -> int:
        """Ends a connection whose writer is stuck, because the client does not read."""
        await self._asked_to_close.wait()
        await self._clock.sleep(CLOSE_TIMEOUT_S)
        return await self._shut(self._closing or CloseCode.GOING_AWAY)

    async def _shut(self, code: int) -> int:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code)
        except (SocketClosed, TimeoutError):
            log.debug("the websocket was gone before it could be closed", code=code)
        return code
