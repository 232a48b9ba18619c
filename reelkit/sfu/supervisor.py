"""The SFU as the rest of the server sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from reelkit.clock import Clock
from reelkit.settings import SfuSettings
from reelkit.sfu.engine import Engine
from reelkit.sfu.errors import SfuError, SfuLost
from reelkit.sfu.videoroom import SfuRoom

log = structlog.get_logger(__name__)

_BACK_OFF_FIRST_S = 0.5
_BACK_OFF_MAX_S = 10.0
# A Janus that lived so long is restarted at once; one that keeps dying sooner waits longer each time.
_STABLE_AFTER_S = 30.0
# A callback that takes longer does not hold the restart up; it goes on beside it.
_CALLBACK_GRACE_S = 5.0

LostCallback = Callable[[str], Awaitable[None]]
RestoredCallback = Callable[[], Awaitable[None]]


class Sfu:
    """Keeps one Janus running; an async context manager that leaves no process.

    When Janus ends or stops answering, the SFU is unhealthy with a reason, every pending and later request to the old
    rooms fails with SfuLost, the ``on_lost`` callbacks run, Janus is restarted with back-off, and the ``on_restored``
    callbacks run. Rooms are not carried over.
    """

    def __init__(self, settings: SfuSettings, work_dir: Path, clock: Clock) -> None:
        self._settings = settings
        self._work_dir = work_dir
        self._clock = clock
        self._engine: Engine | None = None
        self._supervision: asyncio.Task[None] | None = None
        self._generation = 0
        self._restarts = 0
        self._flushes = False
        self._reason = "the SFU was not started"
        self._lost_callbacks: list[LostCallback] = []
        self._restored_callbacks: list[RestoredCallback] = []
        self._running_callbacks: set[asyncio.Task[None]] = set()

    @property
    def healthy(self) -> bool:
        """Whether Janus runs and answered the last time it was asked."""
        return self._engine is not None and not self._engine.client.lost

    @property
    def reason(self) -> str:
        """Why it is not healthy; empty when it is."""
        return "" if self.healthy else self._reason

    @property
    def generation(self) -> int:
        """Counts the Januses that were started: 1 for the first. Rooms belong to the one they were made in."""
        return self._generation

    @property
    def restarts(self) -> int:
        """How often Janus was restarted after it was lost."""
        return self._restarts

    @property
    def flushes(self) -> bool:
        """Whether captured packets become readable at once, which allows the renderer the shorter lag."""
        return self._flushes

    @property
    def pid(self) -> int | None:
        """Janus' process id while it runs."""
        return self._engine.process.pid if self._engine is not None else None

    def on_lost(self, callback: LostCallback) -> None:
        """Calls ``callback(reason)`` each time Janus is lost, before it is restarted."""
        self._lost_callbacks.append(callback)

    def on_restored(self, callback: RestoredCallback) -> None:
        """Calls ``callback()`` each time a restarted Janus is ready."""
        self._restored_callbacks.append(callback)

    async def create_room(self, room_id: str, recording_dir: Path) -> SfuRoom:
        """A new room, not recording, which will record into ``recording_dir`` (made if missing).

        Raises SfuLost while Janus is not there, SfuTimeout, RequestRefused if the id is in use, ValueError for an id
        that is no plain name.
        """
        engine = self._engine
        if engine is None or engine.client.lost:
            raise SfuLost(self._reason or "Janus is being restarted")
        room = SfuRoom(engine.client, room_id, recording_dir)
        await room.create(
            engine.process.config.room_admin_key,
            bitrate_max_bps=self._settings.video_bitrate_max_bps,
            keyframe_interval_s=self._settings.keyframe_interval_s,
        )
        return room

    async def start(self) -> None:
        """Starts Janus and its supervision. Raises JanusNotStarted or another SfuError and leaves nothing running."""
        self._engine = await self._start_engine()
        self._supervision = asyncio.create_task(self._supervise(self._engine), name="sfu-supervision")
        self._supervision.add_done_callback(_report_end)

    async def stop(self) -> None:
        """Ends Janus and its supervision. May be called more than once."""
        self._reason = "the SFU was stopped"
        if self._supervision is not None:
            self._supervision.cancel()
            await asyncio.gather(self._supervision, return_exceptions=True)
        for callback in self._running_callbacks:
            callback.cancel()
        await asyncio.gather(*self._running_callbacks, return_exceptions=True)
        if self._engine is not None:
            engine, self._engine = self._engine, None
            await engine.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.stop())

    async def _start_engine(self) -> Engine:
        engine = Engine(self._settings, self._work_dir, self._clock)
        started_s = self._clock.monotonic_s()
        await engine.start()
        self._generation += 1
        self._flushes = engine.process.flushes
        self._reason = ""
        log.info(
            "Janus is ready",
            pid=engine.process.pid,
            generation=self._generation,
            start_s=round(self._clock.monotonic_s() - started_s, 3),
            flushes=self._flushes,
        )
        return engine

    async def _supervise(self, engine: Engine) -> None:
        early_deaths = 0
        while True:
            started_s = self._clock.monotonic_s()
            self._reason = await engine.watch()
            log.error("Janus is lost and will be restarted", reason=self._reason, generation=self._generation)
            self._engine = None
            await engine.kill()
            await self._call([callback(self._reason) for callback in self._lost_callbacks])
            lived_s = self._clock.monotonic_s() - started_s
            early_deaths = early_deaths + 1 if lived_s < _STABLE_AFTER_S else 0
            engine = self._engine = await self._restart(early_deaths)
            self._restarts += 1
            await self._call([callback() for callback in self._restored_callbacks])

    async def _restart(self, failures: int) -> Engine:
        """Tries until Janus runs. The first attempt after a first failure is made at once."""
        while True:
            if failures > 1:
                await self._clock.sleep(min(_BACK_OFF_FIRST_S * 2 ** (failures - 2), _BACK_OFF_MAX_S))
            try:
                return await self._start_engine()
            except SfuError as error:
                failures += 1
                self._reason = str(error)
                log.error("Janus could not be restarted", error=self._reason, failures=failures)  # noqa: TRY400

    async def _call(self, calls: Sequence[Awaitable[None]]) -> None:
        tasks = [asyncio.create_task(_guarded(call)) for call in calls]
        self._running_callbacks.update(tasks)
        for task in tasks:
            task.add_done_callback(self._running_callbacks.discard)
        if tasks:
            await asyncio.wait(tasks, timeout=_CALLBACK_GRACE_S)


async def _guarded(call: Awaitable[None]) -> None:
    try:
        await call
    except Exception:  # the top of a task; one callback's fault must not stop the restart or the others
        log.exception("a callback of the SFU failed")


def _report_end(supervision: asyncio.Task[None]) -> None:
    """The supervision ends by cancellation only; anything else is a fault that must not pass unseen."""
    if not supervision.cancelled():
        log.critical("the supervision of Janus failed", exc_info=supervision.exception())
