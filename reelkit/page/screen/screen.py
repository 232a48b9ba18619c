"""The screen itself: when it wants pictures, and what becomes of them."""

import asyncio
import math
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import structlog
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from reelkit.page.errors import ScreenFailed
from reelkit.page.frames import FrameQueue, Shot
from reelkit.page.screen.connection import Connection, Make
from reelkit.page.screen.memory import Buffer, Pixels, SharedMemory
from reelkit.page.screen.output import Output, Presentation
from reelkit.page.screen.shell import Shell
from reelkit.page.screen.surface import Compositor, Seen, Subcompositor, Surface, Viewporter

log = structlog.get_logger(__name__)

MIN_WIDTH_PX, MIN_HEIGHT_PX = 500, 200
"""Chromium's windows do not become smaller. Of a smaller page only its corner of the screen is looked at."""
_PRIVATE = 0o600
_SAME_TICK_S = 1e-3
_LATE_TICKS = 5
"""A loop that stood still for longer does not make up for all that it missed."""


class Screen:
    """An async context manager: a screen of ``width_px`` by ``height_px`` that takes ``fps`` pictures a second and puts
    those that are new into ``queue``, converted.

    The browser finds it at ``socket_path`` (``WAYLAND_DISPLAY``); the first who connects has it. It is told how often
    the screen shows a picture and when it did, by which it paces itself: its pictures come some milliseconds after each
    tick, and are seen from that tick on, so that a page that draws each time it may gives exactly one picture for each
    frame of a film. Of a browser that was late and makes up for it, the earlier of two pictures is the one that was
    missing. To be used in the event loop that is running when it is entered. Raises OSError.
    """

    def __init__(self, socket_path: Path, width_px: int, height_px: int, fps: int, queue: FrameQueue) -> None:
        self._socket_path = socket_path
        self._size_px = (width_px, height_px)
        self.window_px = (max(width_px, MIN_WIDTH_PX), max(height_px, MIN_HEIGHT_PX))
        """The size of the browser's window, whose upper left part is the picture."""
        self._fps = fps
        self._queue = queue
        self._converter = VideoReformatter()
        self._seen = Seen()
        self._connection: Connection | None = None
        self._listener: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tick_s = -math.inf
        """The last tick, on the loop's clock, which is the monotonic one."""
        self._ticks = 0
        self._shown = False
        self._surface: Surface | None = None
        """The browser's window; others, should a page get one opened, are not looked at."""
        self._newest: av.VideoFrame | None = None
        self._drawn_now: av.VideoFrame | None = None
        """What came since the last tick and is not handed on yet."""
        self._handed_on_s = -math.inf
        """From when on the last picture that was handed on is seen."""
        self._first: asyncio.Future[None] | None = None
        self.failure: ScreenFailed | None = None
        """Why the browser was thrown out, if it was."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        try:
            self._listener.bind(str(self._socket_path))
            self._socket_path.chmod(_PRIVATE)
            self._listener.listen()
        except OSError:
            self._listener.close()
            raise
        loop.add_reader(self._listener, self._accept)
        self._tick_s = loop.time()
        self._timer = loop.call_at(self._tick_s + 1 / self._fps, self._tick)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._connection.close()
        self._close_door()

    @property
    def newest(self) -> av.VideoFrame | None:
        """What it shows; None as long as it is dark."""
        return self._newest

    async def lit(self) -> None:
        """Waits for the first picture."""
        if self._first is not None:
            await asyncio.shield(self._first)

    def show(self) -> None:
        """From now on pictures are handed on, beginning with the one that is shown; before, they are not."""
        self._shown = True
        self._drawn_now = self._drawn_now or self._newest

    def _globals(self) -> Mapping[str, tuple[int, Make]]:
        size_px = self.window_px
        return {
            "wl_compositor": (
                4,
                lambda client, made, _: Compositor(client, made, self._seen, self._drawn),
            ),
            "wl_subcompositor": (1, lambda client, made, _: Subcompositor(client, made)),
            "wl_shm": (1, lambda client, made, _: SharedMemory(client, made)),
            "wl_output": (4, lambda client, made, version: Output(client, made, version, size_px, self._fps)),
            "xdg_wm_base": (3, lambda client, made, _: Shell(client, made, size_px)),
            "wp_presentation": (1, lambda client, made, _: Presentation(client, made)),
            "wp_viewporter": (1, lambda client, made, _: Viewporter(client, made)),
        }

    def _accept(self) -> None:
        if self._listener is None:
            return
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        self._close_door()
        self._connection = Connection(client, self._globals(), self._ended)
        self._connection.start()

    def _close_door(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
            self._socket_path.unlink(missing_ok=True)

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        step_s = 1 / self._fps
        missed = int((loop.time() - self._tick_s) * self._fps) - 1
        if missed > _LATE_TICKS:
            # They keep their places, so that pictures before and after are seen at the same beat.
            self._tick_s += missed * step_s
        # What was drawn for the last tick has come, or will be seen from this one on.
        if self._drawn_now is not None:
            self._hand_on(self._tick_s, self._drawn_now)
            self._drawn_now = None
        self._queue.complete(self._tick_s)
        self._tick_s += step_s
        self._ticks += 1
        self._seen.tick(self._tick_s, step_s, self._ticks)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._tick_s + step_s, self._tick)

    def _drawn(self, surface: Surface, buffer: Buffer) -> None:
        if buffer.size_px != self.window_px:
            return  # A pop-up, or a window on its way to its size.
        if self._surface is None or self._surface.gone:
            self._surface = surface
        if surface is not self._surface:
            return
        # The loop may have been held up: what comes after a tick is not taken for what came before it.
        while asyncio.get_running_loop().time() >= self._tick_s + 1 / self._fps:
            self._tick()
        width_px, height_px = self._size_px
        before, self._drawn_now = self._drawn_now, self._converted(buffer.pixels()[:height_px, :width_px])
        self._newest = self._drawn_now
        missing_s = self._tick_s - 1 / self._fps
        if before is not None and self._handed_on_s < missing_s - _SAME_TICK_S:
            self._hand_on(missing_s, before)
        if self._first is not None and not self._first.done():
            self._first.set_result(None)

    def _hand_on(self, seen_s: float, frame: av.VideoFrame) -> None:
        self._handed_on_s = seen_s
        if self._shown:
            self._queue.put(Shot(seen_s, frame))

    def _converted(self, pixels: Pixels) -> av.VideoFrame:
        source = av.VideoFrame.from_numpy_buffer(pixels, "bgra")
        return self._converter.reformat(
            source,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU601,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=Interpolation.BILINEAR,
        )

    def _ended(self, failure: ScreenFailed | None) -> None:
        self.failure = failure
        if failure is not None:
            log.warning("the browser lost its screen", reason=failure.message)
