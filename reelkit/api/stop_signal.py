"""SIGTERM and Ctrl-C: the first asks for an orderly end, the second ends at once."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# What shells report for a process that a signal ended.
_KILLED_BY = 128


class StopSignal:
    """Whether the server was asked to end."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Takes the signals while the block runs."""
        loop = asyncio.get_running_loop()
        for signum in _SIGNALS:
            loop.add_signal_handler(signum, self._on_signal, signum)
        try:
            yield
        finally:
            for signum in _SIGNALS:
                loop.remove_signal_handler(signum)

    async def wait(self) -> None:
        """Waits for the first signal."""
        await self._asked.wait()

    def _on_signal(self, signum: signal.Signals) -> None:
        if self._asked.is_set():
            log.warning("asked twice to stop: ending at once", signal=signum.name)
            # Child processes die with this one; recordings are finished from their captures at the next start.
            os._exit(_KILLED_BY + signum)
        log.info("asked to stop", signal=signum.name)
        self._asked.set()
