"""Which wall-clock time a part of a recording's film shows."""

import math
from dataclasses import dataclass
from pathlib import Path

from reelkit.capture.journal import JournalReader
from reelkit.capture.layout import JOURNAL_FILE
from reelkit.control.errors import Conflict, Invalid
from reelkit.render.config import RenderConfig
from reelkit.render.timeline import Timeline


@dataclass(frozen=True, slots=True)
class FilmRange:
    """From when to when on the wall clock, None for the film's own ends; ``duration_s`` of it is recorded."""

    start_s: float | None
    stop_s: float | None
    duration_s: float


def film_range(capture_dir: Path, render: RenderConfig, start_s: float | None, stop_s: float | None) -> FilmRange:
    """Places film times, in seconds, on the wall clock of a capture that is complete. Blocks.

    Raises Conflict when the capture is not there, Invalid naming ``start_s`` when it lies behind the film's end.
    """
    if not (capture_dir / JOURNAL_FILE).is_file():
        raise Conflict("the capture that the recording was made from is gone")
    events = JournalReader(capture_dir / JOURNAL_FILE).poll()
    timeline = Timeline.of(render)
    timeline.extend(events)
    if events:
        timeline.finish(events[-1].time_s)
    fps, frames = render.video.fps, timeline.total_frames
    first = math.floor((start_s or 0.0) * fps)
    last = frames if stop_s is None else min(frames, math.ceil(stop_s * fps))
    if first >= last:
        raise Invalid(f"start_s: the recording's film ends at {timeline.duration_s:.1f} s", field="start_s")
    return FilmRange(
        timeline.wall_s(first) if first else None,
        timeline.wall_s(last) if last < frames else None,
        (last - first) / fps,
    )
