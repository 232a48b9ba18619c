"""TLS in front of a server that speaks none, with an authority of its own."""

import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from reelkit.api.tls import tls_files
from reelkit.clock import SystemClock
from reelkit.settings import Settings
from testbed.free_port import LOOPBACK

_READ_BYTES = 1 << 16


class TlsRelay:
    """An async context manager; ``port`` leads to ``target_port`` on loopback. Its certificate is for ``localhost`` and
    127.0.0.1; ``authority`` is the file of who signed it."""

    def __init__(self, target_port: int, directory: Path) -> None:
        settings = Settings(data=directory, host=LOOPBACK)
        files = tls_files(settings, directory, SystemClock())
        self.authority: Path | None = files.authority
        self.port = 0
        self._context: ssl.SSLContext = files.context()
        self._target_port = target_port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "0.0.0.0", 0, ssl=self._context)  # noqa: S104 - by names it has no certificate for, too
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        onward_reader, onward = await asyncio.open_connection(LOOPBACK, self._target_port)
        try:
            with suppress(OSError):
                await asyncio.gather(_relay(reader, onward), _relay(onward_reader, writer))
        finally:
            onward.close()
            writer.close()


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_READ_BYTES):
        writer.write(data)
        await writer.drain()
    writer.close()
