"""One life of Janus: its process, the client's session in it and the health probe."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from reelkit.clock import Clock
from reelkit.settings import SfuSettings
from reelkit.sfu.client import JanusClient
from reelkit.sfu.janus import JanusProcess
from reelkit.sfu.probe import HealthProbe

# How long after its connection a dying Janus may take to be gone.
_EXIT_GRACE_S = 0.2


class Engine:
    """Starts Janus and connects to it; ``watch`` tells when it is lost. Use each instance once."""

    def __init__(self, settings: SfuSettings, directory: Path, clock: Clock) -> None:
        self.process = JanusProcess(settings, directory)
        self.client: JanusClient
        self._settings = settings
        self._clock = clock
        self._probe: HealthProbe

    async def start(self) -> None:
        """Raises JanusNotStarted or another SfuError, and then nothing is left running."""
        async with AsyncExitStack() as undo:
            await undo.enter_async_context(self.process)
            config = self.process.config
            self.client = JanusClient(
                config.api_url, config.api_secret, request_timeout_s=self._settings.request_timeout_s
            )
            await undo.enter_async_context(self.client)
            self._probe = HealthProbe(self.client)
            await self._probe.open(config.room_admin_key)
            undo.pop_all()

    async def watch(self) -> str:
        """Waits until Janus is lost in any way and fails what is pending; returns the reason."""
        exit_watcher = asyncio.create_task(self._watch_exit(), name="janus-exit")
        watchers = [
            exit_watcher,
            asyncio.create_task(self.client.wait_lost(), name="janus-connection"),
            asyncio.create_task(self._probe.watch(self._clock), name="janus-health"),
        ]
        try:
            done, _ = await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
            # A Janus that ends closes its connection first, but its exit status says more.
            await asyncio.wait([exit_watcher], timeout=_EXIT_GRACE_S)
            reason = (exit_watcher if exit_watcher.done() else done.pop()).result()
        finally:
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
        self.client.lose(reason)
        return reason

    async def stop(self) -> None:
        """Closes the session and ends Janus."""
        await self.client.close()
        await self.process.stop()

    async def kill(self) -> None:
        """Ends a Janus that is lost."""
        await self.process.kill()
        await self.client.close()

    async def _watch_exit(self) -> str:
        status = await self.process.wait()
        return f"Janus ended with status {status}"
