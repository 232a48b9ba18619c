"""The pipe to a browser: messages that end with a zero byte, both ways."""

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack

import structlog

log = structlog.get_logger(__name__)

MAX_MESSAGE_BYTES = 1 << 20
"""Nothing that is asked for is so long. A longer message is a page's doing and not kept."""
BEGINNING_BYTES = 256
"""What is told of a message that is too long; its number stands there."""
_END = b"\0"

MessageHandler = Callable[[bytes], None]
EndHandler = Callable[[], None]


class MessageSplitter:
    """Cuts what arrives into messages; of one that is too long only the beginning goes to ``on_overlong``.

    Everything is handed over in :meth:`feed` itself. Nothing queues up here: while a handler works the pipe is not
    read, and a browser that tells too much has to wait.
    """

    def __init__(
        self, on_message: MessageHandler, on_overlong: MessageHandler, max_message_bytes: int = MAX_MESSAGE_BYTES
    ) -> None:
        self._on_message = on_message
        self._on_overlong = on_overlong
        self._max_message_bytes = max_message_bytes
        self._begun = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Takes the next bytes of the pipe."""
        *ended, rest = data.split(_END)
        for part in ended:
            self._add(part)
            if not self._skipping:
                message = bytes(self._begun)
                self._begun.clear()
                self._on_message(message)
            self._skipping = False
        self._add(rest)

    def _add(self, part: bytes) -> None:
        if self._skipping:
            return
        self._begun += part
        if len(self._begun) > self._max_message_bytes:
            beginning = bytes(self._begun[:BEGINNING_BYTES])
            # A new buffer: the old one keeps its size.
            self._begun = bytearray()
            self._skipping = True
            self._on_overlong(beginning)


class CdpPipe:
    """Both directions of the pipe. ``on_end`` is called once, when the browser has closed it or :meth:`close` was."""

    def __init__(self, splitter: MessageSplitter, on_end: EndHandler) -> None:
        self._splitter = splitter
        self._on_end = on_end
        self._reading: asyncio.ReadTransport | None = None
        self._writing: asyncio.WriteTransport | None = None
        self._ended = False

    async def open(self, read_fd: int, write_fd: int) -> None:
        """Takes both descriptors over. Raises OSError."""
        loop = asyncio.get_running_loop()
        with ExitStack() as undo:
            undo.callback(self.close)
            with ExitStack() as files:
                source = files.enter_context(os.fdopen(read_fd, "rb", buffering=0))
                sink = files.enter_context(os.fdopen(write_fd, "wb", buffering=0))
                self._reading, _ = await loop.connect_read_pipe(lambda: _Reading(self._splitter, self._end), source)
                self._writing, _ = await loop.connect_write_pipe(lambda: _Writing(self._end), sink)
                files.pop_all()
            undo.pop_all()

    @property
    def waiting_bytes(self) -> int:
        """What was sent and is not in the pipe yet."""
        return 0 if self._writing is None else self._writing.get_write_buffer_size()

    def send(self, message: bytes) -> None:
        """Sends one message; nothing happens if the pipe has ended."""
        if self._writing is not None and not self._ended:
            self._writing.write(message + _END)

    def close(self) -> None:
        """Closes the pipe, which makes the browser end. May be called more than once."""
        self._end()

    def _end(self) -> None:
        if self._ended:
            return
        self._ended = True
        # One direction is of no use without the other. The transports have a moment left until they are closed.
        if self._reading is not None and not self._reading.is_closing():
            self._reading.close()
        if self._writing is not None and not self._writing.is_closing():
            self._writing.abort()
        self._on_end()


class _Reading(asyncio.Protocol):
    def __init__(self, splitter: MessageSplitter, on_end: EndHandler) -> None:
        self._splitter = splitter
        self._on_end = on_end

    def data_received(self, data: bytes) -> None:
        self._splitter.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            log.debug("reading from the browser failed", error=str(exc))
        self._on_end()


class _Writing(asyncio.BaseProtocol):
    def __init__(self, on_end: EndHandler) -> None:
        self._on_end = on_end

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None:
            log.debug("writing to the browser failed", error=str(exc))
        self._on_end()
