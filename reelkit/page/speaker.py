"""The loudspeaker of a browser whose page is recorded: a PulseAudio server that nobody hears."""

import asyncio
import math
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from reelkit.clock import Clock, SystemClock
from reelkit.page.pulse_client import PulseClient
from reelkit.page.sound_block import SAMPLE_RATE_HZ, SoundBlock
from reelkit.page.sound_mixer import SoundMixer

__all__ = ["SAMPLE_RATE_HZ", "SoundBlock", "Speaker"]

log = structlog.get_logger(__name__)

_MOST_CLIENTS = 80
"""Chromium has one connection for each stream and one more."""
_OWNER_ONLY = 0o600
_TIMER_S = 0.001
"""uvloop counts in this, and would wake up too early several times."""


class _Clients:
    """Those that are connected, and nobody any more after :meth:`close`."""

    def __init__(self) -> None:
        self._connected: set[PulseClient] = set()
        self._closing = False

    def add(self, client: PulseClient) -> None:
        if self._closing or len(self._connected) >= _MOST_CLIENTS:
            log.warning("a client of the loudspeaker is one too many")
            client.abort()
        self._connected.add(client)

    def discard(self, client: PulseClient) -> None:
        self._connected.discard(client)

    def ask(self, now: int) -> None:
        for client in self._connected:
            client.ask(now)

    async def close(self) -> None:
        self._closing = True
        clients = list(self._connected)
        for client in clients:
            client.abort()
        await asyncio.gather(*(client.gone for client in clients))


class Speaker:
    """An async context manager; as long as it is entered ``on_block`` gets all that is played.

    The blocks follow each other without a gap from the moment of entering on, one in 20 ms of the monotonic clock
    whether or not anybody plays, each a constant while (LATE_S) after it was heard. After the event loop was held up
    come all that it missed at once, and on exit all that have ended by then. ``on_block`` must not raise.

    Clients find it under ``PULSE_SERVER=unix:<socket_path>``; who may open that path may play. Entering raises OSError
    if there is something at the path already, or nothing can be made there.
    """

    def __init__(
        self, socket_path: Path, on_block: Callable[[SoundBlock], None], *, clock: Clock | None = None
    ) -> None:
        self._socket_path = socket_path
        self._clock = clock or SystemClock()
        self._clients = _Clients()
        self._mixer = SoundMixer(self._clock, on_block)
        self._server: asyncio.Server | None = None
        self._pace: asyncio.Task[None] | None = None

    @property
    def underruns(self) -> int:
        """How often a stream had nothing to play although it ran."""
        return self._mixer.underruns

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        with ExitStack() as undo:
            listener = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listener.bind(str(self._socket_path))
            undo.callback(self._socket_path.unlink, missing_ok=True)
            self._mixer.begin()
            # Nobody can connect before there is somebody who listens.
            self._socket_path.chmod(_OWNER_ONLY)
            self._server = await loop.create_unix_server(self._client, sock=listener)
            undo.pop_all()
        self._pace = asyncio.create_task(self._keep_pace(), name="speaker")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None or self._pace is None:
            return
        self._server.close()
        self._socket_path.unlink(missing_ok=True)
        self._pace.cancel()
        await self._clients.close()
        await self._server.wait_closed()
        await asyncio.wait({self._pace})
        self._mixer.finish()
        if not self._pace.cancelled():
            self._pace.result()

    def _client(self) -> PulseClient:
        return PulseClient(self._mixer, self._clock, self._clients)

    async def _keep_pace(self) -> None:
        while True:
            now = self._mixer.advance()
            self._clients.ask(now)
            wait_s = self._mixer.due_s - self._clock.monotonic_s()
            await self._clock.sleep(max(1, math.ceil(wait_s / _TIMER_S)) * _TIMER_S)
