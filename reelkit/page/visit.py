"""One opening of a page, from the start of its browser to the browser's end."""

import asyncio
import math
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import av
import structlog

from reelkit.clock import Clock
from reelkit.egress.guard import Resolve
from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_counters import Refusal
from reelkit.egress.resolver import ThreadedResolver
from reelkit.page.browsers_dir import browsers_dir
from reelkit.page.chromium import PageBrowser
from reelkit.page.chromium_flags import Desktop
from reelkit.page.diagnosis import Diagnosis
from reelkit.page.errors import BrowserGone, PageCrashed, PageError, PageTooLarge, ScreenFailed
from reelkit.page.following import PageEnd, followed
from reelkit.page.frames import FrameQueue
from reelkit.page.jail import Jail
from reelkit.page.limits import Limits
from reelkit.page.opening import Opening
from reelkit.page.page_events import PageEvents
from reelkit.page.recording_socket import OnMessage, RecordingSocket
from reelkit.page.screen.screen import Screen
from reelkit.page.sound_block import SoundBlock
from reelkit.page.speaker import Speaker
from reelkit.page.spec import PageSpec
from reelkit.page.tape import SoundTape
from reelkit.page.watch import Watcher
from reelkit.page.way_out import way_out
from reelkit.render.config import VideoSpec

log = structlog.get_logger(__name__)

_RESOLVER_THREADS = 4
_LIT_TIMEOUT_S = 10.0
_LATE_NEWS_S = 0.1
"""So long before we hear that the page is gone its place may have been taken in the browser's window."""
_SCREEN_SOCKET, _SOUND_SOCKET = "screen", "sound"


class Visit:
    """Opens ``spec``'s page in a browser of its own and hands on what is seen and heard.

    ``diagnosis`` is filled on the way. To be used once.
    """

    def __init__(
        self,
        spec: PageSpec,
        video: VideoSpec,
        directory: Path | None,
        queue: FrameQueue,
        tape: SoundTape,
        diagnosis: Diagnosis,
        clock: Clock,
        on_message: OnMessage | None = None,
        *,
        resolve: Resolve | None = None,
    ) -> None:
        self._spec = spec
        self._video = video
        self._directory = directory
        self._queue = queue
        self._tape = tape
        self._diagnosis = diagnosis
        self._clock = clock
        self._on_message = on_message
        self._resolve = resolve
        self._heard = False
        self._shown_s = -math.inf
        """Since when, on the monotonic clock, it is recorded."""
        self.lost_s: float | None = None
        """Since when, in wall-clock time, what had been the page is none any more."""
        self._screen: Screen | None = None

    @property
    def picture(self) -> av.VideoFrame | None:
        """What was last seen."""
        return None if self._screen is None else self._screen.newest

    async def run(self, on_ready: Callable[[], None]) -> PageEnd:
        """Returns when the page ends its recording; ``on_ready`` is called when it begins. Until it is cancelled, if it
        does neither fail nor end.

        Raises PageFailed, BrowserError.
        """
        async with AsyncExitStack() as stack:
            recorder = await stack.enter_async_context(RecordingSocket(self._on_message))
            jail = await stack.enter_async_context(self._jail())
            stack.callback(self._last_words, jail)
            await stack.enter_async_context(self._way_out(jail, recorder, stack))
            sight, sound = jail.profile / _SCREEN_SOCKET, jail.profile / _SOUND_SOCKET
            video = self._video
            screen = Screen(sight, video.width_px, video.height_px, video.fps, self._queue)
            self._screen = await stack.enter_async_context(screen)
            await stack.enter_async_context(Speaker(sound, self._hear))
            for each in (sight, sound):
                jail.own(each)
            browser = await stack.enter_async_context(self._browser(jail, screen, sight, sound))
            await self._sized(browser, screen)
            self._diagnosis.fact(confinement=browser.confinement.described())
            too_large: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            watcher = await stack.enter_async_context(self._watcher(jail, too_large))
            try:
                visiting = self._visited(browser, recorder, screen, on_ready)
                end = await _before(too_large, visiting)
            except PageError as error:
                self._lose()
                if isinstance(error, PageCrashed | BrowserGone):
                    # What it died of may have been noticed by nobody yet.
                    await watcher.look()
                    _require_small(too_large)
                raise
            self._queue.cover(self._clock.monotonic_s())
            return end

    async def _visited(
        self,
        browser: PageBrowser,
        recorder: RecordingSocket,
        screen: Screen,
        on_ready: Callable[[], None],
    ) -> PageEnd:
        events = PageEvents(browser.page, self._diagnosis, self._lose)
        await events.listen()
        opening = Opening(
            self._spec.url.get_secret_value(),
            browser.page,
            events,
            recorder,
            self._diagnosis,
            self._spec.settings,
            browser.closed,
        )
        try:
            await opening.ready()
            try:
                async with asyncio.timeout(_LIT_TIMEOUT_S):
                    await screen.lit()
            except TimeoutError:
                raise ScreenFailed(f"the browser's screen stayed dark for {_LIT_TIMEOUT_S:g} s") from None
            self._queue.uncover()
            screen.show()
            self._shown_s = self._clock.monotonic_s()
            self._heard = True
            self.lost_s = None
            on_ready()
            return await followed(browser, events)
        finally:
            await events.close()

    def _lose(self) -> None:
        """What is shown from now on is not the page."""
        if self.lost_s is None:
            self.lost_s = self._clock.time_s()
            # What the page showed at first is its own.
            self._queue.cover(max(self._shown_s, self._clock.monotonic_s() - _LATE_NEWS_S))

    def _jail(self) -> Jail:
        settings = self._spec.settings
        return Jail(
            self._directory or browsers_dir(settings),
            binary=settings.chromium_binary,
            limits=Limits(
                memory_bytes=settings.max_memory_bytes,
                cpus=settings.max_processors,
                profile_bytes=settings.max_profile_bytes,
            ),
            numbers=range(settings.first_uid, settings.last_uid + 1),
        )

    def _way_out(self, jail: Jail, recorder: RecordingSocket, stack: AsyncExitStack) -> EgressProxy:
        resolve = self._resolve
        if resolve is None:
            resolve = resolver = ThreadedResolver(_RESOLVER_THREADS)
            stack.callback(resolver.close)
        return way_out(self._spec, jail.listener.dup(), recorder.port, resolve, self._refused, self._failed)

    def _browser(self, jail: Jail, screen: Screen, sight: Path, sound: Path) -> PageBrowser:
        width_px, height_px = screen.window_px
        return PageBrowser(
            jail,
            width_px=width_px,
            height_px=height_px,
            key_pins=self._spec.key_pins,
            desktop=Desktop(sight, sound),
            allow_no_sandbox=self._spec.settings.allow_no_sandbox,
            clock=self._clock,
        )

    async def _sized(self, browser: PageBrowser, screen: Screen) -> None:
        """Makes the page as large as the film where the window cannot be so small."""
        size_px = (self._video.width_px, self._video.height_px)
        if size_px != screen.window_px:
            metrics = {"width": size_px[0], "height": size_px[1], "deviceScaleFactor": 1, "mobile": False}
            await browser.page.call("Emulation.setDeviceMetricsOverride", metrics)

    def _watcher(self, jail: Jail, too_large: asyncio.Future[str]) -> Watcher:
        def passed(limit: str) -> None:
            if not too_large.done():
                too_large.set_result(limit)

        return Watcher(jail, passed, clock=self._clock)

    def _last_words(self, jail: Jail) -> None:
        self._diagnosis.fact(
            browser_exit=str(jail.exited.result()) if jail.exited.done() else None, browser_log=jail.stderr_tail
        )

    def _refused(self, refusal: Refusal) -> None:
        self._diagnosis.refused(refusal.host, refusal.port, refusal.reason)

    def _failed(self, failure: Refusal) -> None:
        self._diagnosis.failed(failure.host, failure.port, failure.reason)

    def _hear(self, block: SoundBlock) -> None:
        self._tape.put(block if self._heard else SoundBlock(block.first_sample, None, block.count))


async def _before(too_large: asyncio.Future[str], work: Coroutine[Any, Any, PageEnd]) -> PageEnd:
    """The outcome of ``work``. Raises PageTooLarge when the page passes a bound before."""
    task = asyncio.create_task(work)
    either: set[asyncio.Future[Any]] = {task, too_large}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        _require_small(too_large)
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


def _require_small(too_large: asyncio.Future[str]) -> None:
    if too_large.done():
        raise PageTooLarge(f"the page took more {too_large.result()} than a page may (page.max_*)")
