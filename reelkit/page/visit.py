"""One opening of a page, from the start of its browser to the browser's end."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import structlog

from reelkit.clock import Clock
from reelkit.egress.guard import EgressGuard, Resolve
from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_counters import ProxyCounters, Refusal
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.egress.resolver import ThreadedResolver
from reelkit.page.browsers_dir import browsers_dir
from reelkit.page.chromium import PageBrowser
from reelkit.page.diagnosis import Diagnosis
from reelkit.page.errors import BrowserGone, CdpError, PageCrashed, PageTooLarge, PageUnreachable, ScreenFailed
from reelkit.page.frames import FrameQueue
from reelkit.page.jail import Jail
from reelkit.page.limits import Limits
from reelkit.page.opening import FLAGS, Opening
from reelkit.page.page_events import PageEvents
from reelkit.page.recording_socket import HOST, PORT, OnMessage, RecordingSocket
from reelkit.page.screen.screen import Screen
from reelkit.page.sound_block import SoundBlock
from reelkit.page.speaker import Speaker
from reelkit.page.spec import PageSpec
from reelkit.page.tape import SoundTape
from reelkit.page.watch import Watcher
from reelkit.render.config import VideoSpec

log = structlog.get_logger(__name__)

_FLAGS_INTERVAL_S = 1.0
"""The recording SDK itself looks as often whether anybody is there."""
_FLAGS_TIMEOUT_S = 5.0
_RESOLVER_THREADS = 4
_MAX_REFUSED_HOSTS_LOGGED = 20
"""A page may ask for any number; the diagnosis of its recording names them too."""
_LIT_TIMEOUT_S = 10.0
_LATE_NEWS_S = 0.1
"""So long before we hear that the page is gone its place may have been taken in the browser's window."""
_SCREEN_SOCKET, _SOUND_SOCKET = "screen", "sound"


@dataclass(frozen=True, slots=True)
class PageEnd:
    """The page has ended its recording."""

    reason: str
    everybody_left: bool


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
            proxy = await stack.enter_async_context(self._proxy(jail, recorder, stack))
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
            stack.push_async_callback(self._last_words, browser)
            watcher = await stack.enter_async_context(self._watcher(jail, too_large))
            try:
                visiting = self._visited(browser, recorder, proxy.counters, screen, on_ready)
                return await _before(too_large, visiting)
            except (PageCrashed, BrowserGone):
                # What it died of may have been noticed by nobody yet.
                await watcher.look()
                _require_small(too_large)
                raise
            finally:
                self._lose()

    async def _visited(
        self,
        browser: PageBrowser,
        recorder: RecordingSocket,
        counters: ProxyCounters,
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
            counters,
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
            self._heard = True
            self.lost_s = None
            on_ready()
            return await self._followed(browser, events)
        finally:
            await events.close()

    def _lose(self) -> None:
        """What is shown and played from now on is not the page."""
        if self.lost_s is None:
            self.lost_s = self._clock.time_s()
            self._heard = False
            self._queue.cover(self._clock.monotonic_s() - _LATE_NEWS_S)

    async def _followed(self, browser: PageBrowser, events: PageEvents) -> PageEnd:
        """Until the page ends its recording. Raises PageCrashed, PageUnreachable, BrowserGone."""
        ended = asyncio.create_task(_ended(browser), name="page-flags")
        crash = asyncio.create_task(events.crashed.wait(), name="page-crash")
        astray = asyncio.create_task(events.astray.wait(), name="page-astray")
        tasks: set[asyncio.Task[Any]] = {ended, crash, astray}
        try:
            await asyncio.wait({*tasks, browser.closed}, return_when=asyncio.FIRST_COMPLETED)
            if browser.closed.done():
                raise BrowserGone(f"the browser ended: {browser.closed.result()}")
            if crash.done():
                raise PageCrashed("the page crashed")
            if astray.done():
                # Perhaps its host is back when the page is opened anew.
                raise PageUnreachable("the page went on to a host that cannot be reached", retry=True)
            return ended.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

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

    def _proxy(self, jail: Jail, recorder: RecordingSocket, stack: AsyncExitStack) -> EgressProxy:
        resolve = self._resolve
        if resolve is None:
            resolve = resolver = ThreadedResolver(_RESOLVER_THREADS)
            stack.callback(resolver.close)
        routes = [ProxyRoute(HOST, range(PORT, PORT + 1), ("127.0.0.1", recorder.port))]
        for route in self._spec.routes:
            ports = range(route.first_port, route.last_port + 1)
            to = None if route.to_host is None else (route.to_host, route.to_port)
            routes.append(ProxyRoute(route.host, ports, to, media=route.media))
        return EgressProxy(
            EgressGuard(self._spec.egress, resolve, max_logged=_MAX_REFUSED_HOSTS_LOGGED),
            routes,
            closed_ports=self._spec.closed_ports,
            listener=jail.listener.dup(),
            on_refused=self._refused,
        )

    def _browser(self, jail: Jail, screen: Screen, sight: Path, sound: Path) -> PageBrowser:
        width_px, height_px = screen.window_px
        return PageBrowser(
            jail,
            width_px=width_px,
            height_px=height_px,
            key_pins=self._spec.key_pins,
            headless=False,
            more_flags=("--ozone-platform=wayland",),
            more_env={
                "WAYLAND_DISPLAY": str(sight),
                "XDG_RUNTIME_DIR": str(jail.profile),
                "PULSE_SERVER": f"unix:{sound}",
            },
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

    async def _last_words(self, browser: PageBrowser) -> None:
        self._diagnosis.fact(
            browser_exit=str(browser.closed.result()) if browser.closed.done() else None,
            browser_log=browser.stderr_tail,
        )

    def _refused(self, refusal: Refusal) -> None:
        self._diagnosis.refused(refusal.host, refusal.port, refusal.reason)

    def _hear(self, block: SoundBlock) -> None:
        self._tape.put(block if self._heard else SoundBlock(block.first_sample, None, block.count))


async def _ended(browser: PageBrowser) -> PageEnd:
    """Waits for a page with the recording SDK to end its recording. Raises BrowserGone."""
    script = await asyncio.to_thread(FLAGS.read_text)
    while True:
        await asyncio.sleep(_FLAGS_INTERVAL_S)
        flags = await _flags(browser, script)
        if flags is not None and flags["stopped"]:
            left = bool(flags["left"])
            return PageEnd("everybody has left" if left else "the page ended its recording", left)


async def _flags(browser: PageBrowser, script: str) -> dict[str, Any] | None:
    """What the page's recording SDK tells; None while it cannot be asked."""
    try:
        flags = await browser.page.evaluate(script, timeout_s=_FLAGS_TIMEOUT_S)
    except CdpError as error:
        log.info("a page cannot be asked whether its recording goes on", reason=error.message)
        return None
    return flags if isinstance(flags, dict) else None


async def _before(too_large: asyncio.Future[str], work: Coroutine[Any, Any, PageEnd]) -> PageEnd:
    """The outcome of ``work``. Raises PageTooLarge when the page passes a bound before."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task, too_large}, return_when=asyncio.FIRST_COMPLETED)
        _require_small(too_large)
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait({task})


def _require_small(too_large: asyncio.Future[str]) -> None:
    if too_large.done():
        raise PageTooLarge(f"the page took more {too_large.result()} than a page may (page.max_*)")
