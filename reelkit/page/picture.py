"""The pictures of a film that shows a page."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import av
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.events import Event
from reelkit.page.frames import FrameQueue
from reelkit.page.wall_offset import WallOffset
from reelkit.render.config import VideoSpec
from reelkit.render.errors import CheckpointError
from reelkit.render.planes import Planes
from reelkit.render.progress import StuckTrack
from reelkit.render.timeline import Timeline
from reelkit.render.viewing import Viewing

log = structlog.get_logger(__name__)

_BLACK = (0, 0, 0)
_SPARSE = 4
"""Every so manieth pixel of each row and column tells whether a picture has more than one colour."""
_NOISE = 2
"""Values of luma that differ by no more are one colour."""


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    new_pictures: int = 0
    drawn: bool = False
    dropped_pictures: int = 0


class PagePicture:
    """Gives for each instant what the page's screen showed then; a screen that is gone stands still.

    Without ``queue`` there is no page any more: what an earlier renderer saw last is shown to the end.
    """

    def __init__(
        self, spec: VideoSpec, timeline: Timeline, queue: FrameQueue | None, offset: WallOffset, job_dir: Path
    ) -> None:
        self._spec = spec
        self._timeline = timeline
        self._queue = queue
        self._offset = offset
        self._job_dir = job_dir
        self._offset_s = offset.now_s()
        self._half_frame_s = 0.5 / timeline.fps
        """The screen's beat is not the film's: a frame shows the picture that is nearest to it."""
        self._frame: av.VideoFrame | None = None
        self._shown: av.VideoFrame | None = None
        """The last picture that the film has."""
        self._asked_s = -math.inf
        self._before: tuple[float, av.VideoFrame | None] | None = None
        """Where the last stretch ended, and what was seen there."""
        self._new = 0
        self._dropped_before = 0
        self._drawn = False
        """Whether more than one colour was ever seen."""
        self.viewing = Viewing()
        """Nobody's tracks are looked at."""

    @property
    def new_pictures(self) -> int:
        """Frames that show something else than the ones before them, as far as the screen told."""
        return self._new

    @property
    def dropped_pictures(self) -> int:
        return self._dropped_before + (0 if self._queue is None else self._queue.dropped)

    def extend(self, events: Iterable[Event]) -> None:
        """Nothing in the journal matters to it."""

    def poll(self, horizon_s: float) -> None:
        """Lets go of pictures that are in no recorded stretch."""
        self._offset_s = self._offset.now_s()
        if horizon_s == math.inf:
            return
        stretches = self._timeline.stretches
        end_s = stretches[-1].end_s if stretches else -math.inf
        if self._timeline.ended and end_s is not None and self._queue is not None:
            # However long it takes until the rest is encoded.
            self._queue.cover(end_s - self._offset_s + self._half_frame_s)
        # All that was recorded has been asked for. What is shown when a recording begins or goes on may have been drawn
        # long before.
        if end_s is not None and self._asked_s >= end_s - 2 / self._timeline.fps and horizon_s > end_s:
            if self._before is None or self._before[0] != end_s:
                # Half a frame of the stretch may be left, which is made when the recording goes on.
                self._before = (end_s, self._frame)
            self._take(horizon_s)

    def ready_until_s(self, wall_s: float) -> float:  # noqa: ARG002 - as Picture.ready_until_s has it
        """As far as the screen is."""
        return math.inf if self._queue is None else self._queue.complete_s + self._offset_s - self._half_frame_s

    def frame(self, wall_s: float) -> av.VideoFrame:
        """What was seen at an instant; black before the page ever showed anything."""
        self._asked_s = wall_s
        if self._before is not None and wall_s < self._before[0] and self._before[1] is not None:
            return self._before[1]
        self._take(wall_s + self._half_frame_s)
        # It may have been taken long before, while nothing was recorded.
        if self._frame is not None and self._frame is not self._shown:
            self._shown = self._frame
            self._new += 1
            self._drawn = self._drawn or _has_colours(self._frame)
        if self._frame is None:
            self._frame = self._shown = av.VideoFrame(self._spec.width_px, self._spec.height_px, "yuv420p")
            Planes.of(self._frame).fill(_BLACK)
        return self._frame

    def stuck_tracks(self) -> tuple[StuckTrack, ...]:
        """There are no tracks."""
        return ()

    @property
    def is_blank(self) -> bool:
        """Whether the page showed one colour alone whenever it was recorded."""
        return not self._drawn

    def checkpoint(self) -> dict[str, Any]:
        """What was counted."""
        state = _State(new_pictures=self._new, drawn=self._drawn, dropped_pictures=self.dropped_pictures)
        return {"sources": [], "page": state.model_dump(mode="json")}

    def restore(self, checkpoint: dict[str, Any]) -> None:
        """Goes on counting, and shows what the last committed segment ended with until there is something new."""
        try:
            state = _State.model_validate(checkpoint.get("page", {}))
        except ValidationError as error:
            raise CheckpointError("the checkpoint of the page is malformed") from error
        self._new, self._dropped_before = state.new_pictures, state.dropped_pictures
        self._drawn = state.drawn
        self._frame = self._shown = _last_frame(self._job_dir)

    def _take(self, wall_s: float) -> None:
        shot = None if self._queue is None else self._queue.newest(wall_s - self._offset_s)
        if shot is not None:
            self._frame = shot.frame


def _has_colours(frame: av.VideoFrame) -> bool:
    seen = Planes.of(frame).y[::_SPARSE, ::_SPARSE]
    return bool(int(seen.max()) - int(seen.min()) > _NOISE)


def _last_frame(job_dir: Path) -> av.VideoFrame | None:
    """The last picture of the last committed segment; None if it has none."""
    segments = sorted(path for path in (job_dir / "segments").iterdir() if path.suffix in {".mp4", ".mkv"})
    if not segments:
        return None
    frame = None
    try:
        with av.open(str(segments[-1])) as container:
            for decoded in container.decode(video=0) if container.streams.video else ():
                frame = decoded
    except av.FFmpegError as error:
        log.warning("the last picture cannot be shown on", reason=str(error))
    return None if frame is None else frame.reformat(format="yuv420p")
