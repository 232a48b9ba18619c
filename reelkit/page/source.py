"""The page of a film: a thread that has the browser, and what the renderer takes from it."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
import uvloop

from reelkit.clock import Clock
from reelkit.egress.guard import Resolve
from reelkit.page.diagnosis import Diagnosis
from reelkit.page.errors import PageError, PageRefused, PageTooSlow, PageUnreachable
from reelkit.page.following import PageEnd
from reelkit.page.frames import FrameQueue, frame_bytes
from reelkit.page.hurry import hurry
from reelkit.page.messages import PageMessages
from reelkit.page.outages import Outages
from reelkit.page.picture import PagePicture
from reelkit.page.sound import PageSound
from reelkit.page.spec import PageSpec
from reelkit.page.status import PageState, PageStatus
from reelkit.page.tape import SoundTape
from reelkit.page.visit import Visit
from reelkit.page.wall_offset import WallOffset
from reelkit.render.config import RenderConfig
from reelkit.render.report import PageReport
from reelkit.render.timeline import Timeline

log = structlog.get_logger(__name__)

OnStatus = Callable[[PageStatus], None]
_RELOAD_WAIT_S = 0.5
"""Before a page is opened anew; it doubles each time."""
_CLOSE_TIMEOUT_S = 30.0
_TEMPORARY = (PageUnreachable, PageRefused, PageTooSlow)
"""What may happen to a page that has been recorded: its host is started anew, for example. Of one that never was it is
taken for final."""
_BLANK = "the page showed nothing but one colour and played nothing, from its beginning to its end"


class PageSource:
    """A context manager and the renderer's :class:`reelkit.render.source.Source`: the page of ``spec``, open for as
    long as the block runs.

    ``on_status`` is called at each change of state, in the thread that has the browser. ``resolve`` gives the addresses
    of the hosts that the page asks for, instead of the machine's resolver. Without ``spec`` there is no
    page any more, and the film stands still where an earlier renderer left it.
    """

    def __init__(
        self,
        spec: PageSpec | None,
        config: RenderConfig,
        job_dir: Path,
        browsers_dir: Path | None,
        clock: Clock,
        on_status: OnStatus,
        resolve: Resolve | None = None,
    ) -> None:
        self._spec = spec
        self._config = config
        self._job_dir = job_dir
        self._browsers_dir = browsers_dir
        self._clock = clock
        self._on_status = on_status
        self._resolve = resolve
        video = config.video
        picture_bytes = frame_bytes(video.width_px, video.height_px)
        self._queue = FrameQueue(picture_bytes, kept=config.has_video) if spec is not None else None
        self._tape = SoundTape() if spec is not None else None
        self._picture: PagePicture | None = None
        self._sound: PageSound | None = None
        self._timeline: Timeline | None = None
        self._outages = Outages()
        self._diagnosis = Diagnosis(clock, spec.url.get_secret_value() if spec is not None else "")
        self._messages = PageMessages(job_dir, clock)
        self._reloads = 0
        self._ready = any((job_dir / "segments").glob("*.json"))
        """Whether the page was ever recorded, be it by an earlier worker."""
        self._closing = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)

    def __enter__(self) -> Self:
        if self._spec is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the browser. May be called more than once."""
        if not self._thread.is_alive():
            return
        self._closing = True
        if self._loop is not None and self._task is not None:
            # The thread may be about to end by itself.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(_CLOSE_TIMEOUT_S)
        if self._thread.is_alive():
            log.error("the browser of a page did not end in time")

    def open(self, timeline: Timeline) -> tuple[PagePicture, PageSound]:
        """As Source.open has it."""
        self._timeline = timeline
        offset = WallOffset(self._clock)
        self._picture = PagePicture(self._config.video, timeline, self._queue, offset, self._job_dir)
        self._sound = PageSound(timeline, self._tape, WallOffset(self._clock), self._outages)
        return self._picture, self._sound

    @property
    def has_media(self) -> bool:
        """Whether the page ever showed anything."""
        return self._queue is not None and self._queue.taken > 0

    @property
    def problem(self) -> str | None:
        """What is wrong with a film that is complete; None if nothing is."""
        blank = self._picture is not None and self._config.has_video and self._picture.is_blank
        silent = self._sound is not None and self._sound.is_silent
        return _BLANK if self._spec is not None and blank and silent else None

    def report(self) -> PageReport:
        """As Source.report has it."""
        picture, sound = self._picture, self._sound
        return PageReport(
            new_pictures=picture.new_pictures if picture is not None else 0,
            dropped_pictures=picture.dropped_pictures if picture is not None else 0,
            silenced_s=round(sound.silenced_s, 3) if sound is not None else 0.0,
            reloads=self._reloads,
            outages=self._outages.within(self._timeline) if self._timeline is not None else [],
        )

    def _run(self) -> None:
        """The thread."""
        hurry()
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                self._loop = runner.get_loop()
                runner.run(self._main())
        except Exception:
            log.exception("the browser's thread met an error that it did not expect")
            self._tell(PageState.FAILED, "an internal error")
        finally:
            self._messages.close()
            # The film goes on to its end without them.
            for each in (self._queue, self._tape):
                if each is not None:
                    each.end()

    async def _main(self) -> None:
        self._task = asyncio.ensure_future(self._visits())
        if self._closing:
            # It was closed before there was anything to be told that.
            self._task.cancel()
        await asyncio.wait({self._task})
        if not self._task.cancelled() and (error := self._task.exception()) is not None:
            raise error

    async def _visits(self) -> None:
        """Opens the page, and opens it anew after what may not happen again."""
        spec, queue, tape = self._spec, self._queue, self._tape
        if spec is None or queue is None or tape is None:
            return
        self._tell(PageState.OPENING)
        while True:
            visit = Visit(
                spec,
                self._config.video,
                self._browsers_dir,
                queue,
                tape,
                self._diagnosis,
                self._clock,
                self._messages.take,
                resolve=self._resolve,
            )
            try:
                end = await visit.run(self._on_ready)
            except (PageError, OSError, TimeoutError) as error:
                if self._ready:
                    self._outages.begin(visit.lost_s or self._clock.time_s(), _message(error))
                await self._write_diagnosis(visit, _message(error))
                if not await self._again(error):
                    return
            else:
                self._end(end)
                return

    async def _again(self, error: Exception) -> bool:
        """Whether the page is to be opened once more."""
        message = _message(error)
        may_retry = not isinstance(error, PageError) or error.retry or (self._ready and isinstance(error, _TEMPORARY))
        assert self._spec is not None  # noqa: S101 - there is a visit
        if not may_retry or self._reloads >= self._spec.settings.max_reloads:
            log.error("a page cannot be recorded", reason=message, reloads=self._reloads)
            self._tell(PageState.FAILED, message)
            return False
        log.warning("a page is opened anew", reason=message, reloads=self._reloads)
        await asyncio.sleep(_RELOAD_WAIT_S * 2**self._reloads)
        self._reloads += 1
        return True

    def _on_ready(self) -> None:
        self._ready = True
        self._outages.end(self._clock.time_s())
        self._tell(PageState.READY)

    def _end(self, end: PageEnd) -> None:
        log.info("a page has ended its recording", reason=end.reason)
        self._tell(PageState.ENDED, end.reason, everybody_left=end.everybody_left)

    def _tell(self, state: PageState, reason: str | None = None, *, everybody_left: bool = False) -> None:
        self._on_status(
            PageStatus(
                state=state,
                since_s=self._clock.time_s(),
                reason=reason,
                everybody_left=everybody_left,
                reloads=self._reloads,
            )
        )

    async def _write_diagnosis(self, visit: Visit, reason: str) -> None:
        self._diagnosis.fact(reason=reason, failed_s=self._clock.time_s(), reloads=self._reloads)
        try:
            await asyncio.to_thread(self._diagnosis.write, self._job_dir, visit.picture)
        except (OSError, ValueError) as error:
            log.warning("a page's diagnosis could not be written", reason=str(error))


def _message(error: Exception) -> str:
    if isinstance(error, PageError):
        return error.message
    return f"the browser failed: {str(error) or type(error).__name__}"
