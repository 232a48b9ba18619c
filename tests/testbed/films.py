"""Films made straight from a timeline, without meeting, capture or renderer, and with planted faults."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from testbed.clips import SAMPLE_RATE_HZ, beeps, flashes
from testbed.picture import Painter
from testbed.timeline import FPS, Colour, Interval, Participant, Timeline

BACKGROUND = (16, 18, 23)
AVATAR = (34, 37, 52)
GAP_PX = 4
RING_PX = 3


@dataclass(frozen=True)
class Faults:
    """What is done wrong on purpose; nothing by default."""

    sound_late_s: float = 0.0
    muted: dict[str, Interval] = field(default_factory=dict)
    flashes_at: dict[str, float] = field(default_factory=dict)
    """Participant -> film time of a flash that nobody declared."""
    frozen: dict[str, Interval] = field(default_factory=dict)
    dropped_frames: frozenset[int] = frozenset()
    """Film frames that are not in the file."""
    every_second_frame: bool = False
    """Each source frame is shown twice."""
    hidden: dict[str, Interval] = field(default_factory=dict)
    """The participant's tile is missing altogether."""
    avatar: dict[str, Interval] = field(default_factory=dict)
    """An avatar is shown instead of the camera."""
    camera_always: frozenset[str] = frozenset()
    """The camera is shown even when it is off."""
    swapped_tones: tuple[str, str] | None = None
    avatar_disc: Colour | None = None
    """Avatars are no fault, nor is it one that they have somebody's colour."""
    ring: Colour | None = None
    """A ring around the first tile, as around an active speaker's."""
    early_s: float = 0.0
    """The first picture of a camera is shown so long before its time, and stands still until then."""
    sound_cut_s: float = 0.0
    """How much earlier the sound ends."""


def make_film(
    path: Path,
    timeline: Timeline,
    *,
    start_s: float = 0.0,
    duration_s: float | None = None,
    width_px: int = 640,
    height_px: int = 360,
    faults: Faults | None = None,
    cut: Interval | None = None,
) -> Path:
    """Writes the film of ``timeline`` from ``start_s`` on. ``cut`` (film time before cutting) is left out of it."""
    planted = faults or Faults()
    length_s = timeline.duration_s - start_s if duration_s is None else duration_s
    scene = _Scene(timeline, planted, width_px, height_px)
    numbers = [number for number in range(round(length_s * FPS)) if cut is None or not cut.holds(number / FPS + 1e-6)]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "23"})
        video.width, video.height, video.pix_fmt = width_px, height_px, "yuv420p"
        audio = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="stereo")
        for position, number in enumerate(numbers):
            if number in planted.dropped_frames:
                continue
            shown = number // 2 * 2 if planted.every_second_frame else number
            frame = av.VideoFrame.from_ndarray(scene.paint(start_s, shown), format="rgb24")
            frame.pts, frame.time_base = position, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        sound = _sound(timeline, planted, start_s, length_s - planted.sound_cut_s)
        if cut is not None:
            sound = np.delete(sound, np.s_[round(cut.start_s * SAMPLE_RATE_HZ) : round(cut.stop_s * SAMPLE_RATE_HZ)])
        block = av.AudioFrame.from_ndarray(np.stack([sound, sound]), format="fltp", layout="stereo")
        block.sample_rate, block.pts, block.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
        fifo = av.AudioFifo()
        fifo.write(block)
        while (frame_1024 := fifo.read(1024, partial=True)) is not None:
            container.mux(audio.encode(frame_1024))
        container.mux(audio.encode(None))
    return path


class _Scene:
    def __init__(self, timeline: Timeline, faults: Faults, width_px: int, height_px: int) -> None:
        self._timeline, self._faults = timeline, faults
        self._width_px, self._height_px = width_px, height_px

    def paint(self, start_s: float, number: int) -> NDArray[np.uint8]:
        film_s = number / FPS
        time_s = start_s + film_s
        image = np.empty((self._height_px, self._width_px, 3), np.uint8)
        image[:] = BACKGROUND
        present = [
            person for person in self._timeline.present(time_s + 1e-6) if not self._has("hidden", person, film_s)
        ]
        if not present:
            return image
        columns = math.ceil(math.sqrt(len(present)))
        width = (self._width_px - (columns + 1) * GAP_PX) // columns
        height = min(width * 9 // 16, (self._height_px - (columns + 1) * GAP_PX) // columns)
        for index, person in enumerate(present):
            row, column = divmod(index, columns)
            top, left = GAP_PX + row * (height + GAP_PX), GAP_PX + column * (width + GAP_PX)
            tile = image[top : top + height, left : left + width]
            tile[:] = self._tile(person, film_s, time_s, width, height)
            if index == 0 and self._faults.ring is not None:
                tile[:RING_PX] = tile[-RING_PX:] = self._faults.ring
                tile[:, :RING_PX] = tile[:, -RING_PX:] = self._faults.ring
        return image

    def _tile(self, person: Participant, film_s: float, time_s: float, width: int, height: int) -> NDArray[np.uint8]:
        starts = [interval for interval in self._timeline.camera(person) if interval.holds(time_s + 1e-6)]
        on = person.name in self._faults.camera_always or bool(starts)
        if not on or self._has("avatar", person, film_s):
            return self._avatar(width, height)
        if starts and time_s < starts[0].start_s + self._faults.early_s:
            time_s = starts[0].start_s + self._faults.early_s
        frozen = self._faults.frozen.get(person.name)
        if frozen is not None and frozen.holds(film_s):
            time_s -= film_s - frozen.start_s
        frame = round(time_s * FPS)
        extra_s = self._faults.flashes_at.get(person.name)
        extra = extra_s is not None and extra_s <= film_s < extra_s + person.signal.length_s
        return Painter(person.colour, width, height).paint(frame, flash=extra or flashes(person.signal, frame))

    def _avatar(self, width: int, height: int) -> NDArray[np.uint8]:
        tile = np.empty((height, width, 3), np.uint8)
        tile[:] = AVATAR
        if self._faults.avatar_disc is not None:
            middle = slice(round(height * 0.3), round(height * 0.7))
            tile[middle, (width - height // 2) // 2 : (width + height // 2) // 2] = self._faults.avatar_disc
        return tile

    def _has(self, fault: str, person: Participant, film_s: float) -> bool:
        intervals: dict[str, Interval] = getattr(self._faults, fault)
        return person.name in intervals and intervals[person.name].holds(film_s + 1e-6)


def _sound(timeline: Timeline, faults: Faults, start_s: float, length_s: float) -> NDArray[np.float32]:
    late_s = faults.sound_late_s
    tones = {person.name: person.tone_hz for person in timeline.participants}
    if faults.swapped_tones is not None:
        one, other = faults.swapped_tones
        tones[one], tones[other] = tones[other], tones[one]
    mixed = np.zeros(round(length_s * SAMPLE_RATE_HZ), np.float32)
    times_s = start_s - late_s + np.arange(len(mixed)) / SAMPLE_RATE_HZ
    for person in timeline.participants:
        heard = beeps(tones[person.name], person.signal, start_s - late_s, start_s - late_s + length_s)[: len(mixed)]
        gate = np.zeros(len(mixed), bool)
        for interval in timeline.microphone(person):
            gate |= (times_s >= interval.start_s) & (times_s < interval.stop_s)
        if (muted := faults.muted.get(person.name)) is not None:
            gate &= ~((times_s >= start_s + muted.start_s) & (times_s < start_s + muted.stop_s))
        mixed[: len(heard)] += np.where(gate[: len(heard)], heard, 0)
    return mixed
