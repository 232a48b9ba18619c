"""Synthetic captures and what is read out of their pictures."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import Event, MediaKind
from reelkit.capture.journal import JournalReader
from reelkit.capture.packet import ABS_CAPTURE_TIME_URI, VIDEO_ORIENTATION_URI
from reelkit.render.config import VideoSpec
from reelkit.render.layout import Rect, layout
from reelkit.render.picture import Picture
from reelkit.render.planes import Planes
from reelkit.render.video_source import VideoSource
from testbed.capture import ZERO_S, CaptureSpec, Device
from testbed.capture.spec import Link
from testbed.picture import BLOCK, COUNTER_BITS, COUNTER_TOP
from testbed.timeline import LOOP_FRAMES, Interval, Timeline, people
from tests.render.scenes import scene

SPEC = VideoSpec(width_px=640, height_px=360)
EXACT = Device(abs_capture_time=True)
"""A device that tells capture times: its pictures are placed to the microsecond."""
LOSSY = replace(EXACT, video_link=Link(loss=0.015, late=0.02, swapped=0.02, duplicated=0.02, jitter_s=0.004))
"""The same over a network that loses and delays packets."""
EXTMAP = {VIDEO_ORIENTATION_URI: 4, ABS_CAPTURE_TIME_URI: 5}
CAMERA_MINDEX = 3


def one_camera(duration_s: float, **changes: object) -> CaptureSpec:
    """One participant whose camera is on from zero."""
    return CaptureSpec(Timeline(duration_s, people(1)), **{"device": EXACT, **changes})  # type: ignore[arg-type]


def source_of(directory: Path, horizon_s: float = math.inf) -> VideoSource:
    """The camera of the first participant of the capture in ``directory``."""
    catalog = Catalog(directory / "rtp")
    catalog.scan()
    source = VideoSource(TrackKey("feed-1", MediaKind.VIDEO, CAMERA_MINDEX), catalog, "vp8", EXTMAP)
    source.read(horizon_s)
    return source


def picture_of(directory: Path, spec: VideoSpec = SPEC) -> Picture:
    """A picture that has read the complete capture in ``directory``."""
    picture = Picture(Catalog(directory / "rtp"), spec, capture_dir=directory)
    picture.extend(events_of(directory))
    picture.poll(math.inf)
    return picture


def film(start_s: float, stop_s: float, shift_s: float = 0.0) -> list[float]:
    """The instants of a film's frames."""
    return [frame / 30 + shift_s for frame in range(round(start_s * 30), round(stop_s * 30))]


def events_of(directory: Path) -> list[Event]:
    return JournalReader(directory / "journal.jsonl").poll()


def counters(source: VideoSource, instants_s: Iterable[float], since_s: float = 0.0) -> list[int | None]:
    """The frame number that is seen at each instant of the timeline."""
    found = []
    for instant_s in instants_s:
        frame = source.frame_at(ZERO_S + instant_s, ZERO_S + since_s)
        found.append(None if frame is None else counter(frame))
    return found


def counter(frame: av.VideoFrame, rect: Rect | None = None) -> int | None:
    """The frame number that a synthetic camera's picture shows, in a whole frame or in the tile that it fills; None if
    there is none to be read."""
    whole = Planes.of(frame)
    luma = (whole if rect is None else whole.part(rect)).y.astype(np.int16)
    height, width = luma.shape
    scale = max(height / 9, width / 16)
    block = BLOCK * 9 * scale
    left, top = width / 2 - COUNTER_BITS * block / 2, height / 2 + (COUNTER_TOP - 0.5) * 9 * scale
    columns = [round(left + (column + 0.5) * block) for column in range(COUNTER_BITS)]
    bits = luma[round(top + 0.5 * block), columns] > 128
    complement = luma[round(top + 1.5 * block), columns] > 128
    if (bits == complement).any():
        return None
    number = int("".join("1" if bit else "0" for bit in bits), 2)
    return number if number < LOOP_FRAMES else None


def planes_of(frame: av.VideoFrame) -> bytes:
    """The pixels of a frame, to be compared."""
    planes = Planes.of(frame)
    return planes.y.tobytes() + planes.u.tobytes() + planes.v.tobytes()


ADA, BO, CLEO = people(3)
MEETING = Timeline(
    8.0,
    (
        replace(ADA, screen=(Interval(5.0, 6.0),)),
        replace(BO, joins_s=2.0, leaves_s=7.0),
        replace(CLEO, camera=(Interval(0.0, 3.0), Interval(4.0, 8.0))),
    ),
)
"""Ada shares her screen for a second, Bo comes later and goes, Cleo's camera is off for a second."""
SHAKY = replace(EXACT, abs_capture_time=False, video_link=Link(loss=0.01, late=0.02, swapped=0.02, jitter_s=0.004))


def instants(start_s: float, stop_s: float) -> Iterator[float]:
    return (ZERO_S + frame / 30 for frame in range(round(start_s * 30), round(stop_s * 30)))


def rects(count: int, *, share: bool = False) -> list[Rect]:
    return [tile.rect for tile in layout(scene(count, share=share), SPEC.width_px, SPEC.height_px)]
