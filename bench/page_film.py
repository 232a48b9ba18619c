"""What a film shows of the pages of the benches."""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench import frame_number

MODULUS = 1 << frame_number.BITS
CLOCK_BELOW_PX = 64
"""The clock of bench/pages/canvas.html is so much below its number."""
TILE_WIDTH_PX, TILE_HEIGHT_PX = 640, 360
"""Of the four people of bench/pages/meeting.html."""
_CHANGED = 1.0
"""Luma by which two pictures differ on average if they are not the same one, encoded anew."""
_SPARSE = 4

Luma = NDArray[np.uint8]


@dataclass(frozen=True)
class Sight:
    """What one frame tells; NaN is what cannot be read."""

    numbers: tuple[float, ...]
    clock_ms: float | None = None


See = Callable[[Luma], Sight]


@dataclass(frozen=True)
class PageView:
    """What the frames of a part of a film show; figures are means where several pictures are looked at."""

    times_s: NDArray[np.float64]
    seconds: float
    numbers: NDArray[np.float64]
    """Of the pictures, one row for each frame."""
    loop: int
    """So many numbers there are, before they begin anew."""
    clock_ms: NDArray[np.float64] | None
    """What the frames tell of the wall clock, modulo MODULUS."""
    kilobits_per_s: float

    @property
    def frames_per_s(self) -> float:
        return len(self.times_s) / self.seconds

    @property
    def distinct_per_s(self) -> float:
        """Frames that show another picture than the one before."""
        return float((self._steps > 0).sum()) / self._pictures / self.seconds

    @property
    def repeated(self) -> float:
        """Frames that show the same picture again."""
        return float((self._steps == 0).sum()) / self._pictures

    @property
    def left_out(self) -> float:
        """Pictures that were drawn and that no frame shows."""
        return float((self._steps[self._steps > 1] - 1).sum()) / self._pictures

    @property
    def unread(self) -> float:
        return float(np.isnan(self.numbers).sum()) / self._pictures

    @property
    def uneven_ms(self) -> float:
        """By how much the time between two pictures differs from that between the frames that show them: 95 % of them
        by no more. NaN if pictures do not tell."""
        if self.clock_ms is None:
            return math.nan
        difference_ms = np.diff(self.clock_ms) % MODULUS - np.diff(self.times_s) * 1000
        return float(np.nanpercentile(np.abs(difference_ms), 95))

    def late_ms(self, first_s: float) -> float:
        """How late pictures are shown on the median, if film time zero is the wall-clock time ``first_s``. NaN if they
        do not tell."""
        if self.clock_ms is None:
            return math.nan
        return float(np.nanmedian((self.times_s * 1000 + first_s * 1000 % MODULUS - self.clock_ms) % MODULUS))

    @property
    def _steps(self) -> NDArray[np.float64]:
        return np.diff(self.numbers, axis=0) % self.loop

    @property
    def _pictures(self) -> int:
        return len(self.numbers[0])


def numbered(picture: Luma) -> Sight:
    """Of the page with a canvas: its number and its clock."""
    return Sight((_number(picture),), _number(picture[CLOCK_BELOW_PX:]))


def tiles(picture: Luma) -> Sight:
    """Of the page with four people: the number of each."""
    rows, columns = (range(0, size, step) for size, step in ((720, TILE_HEIGHT_PX), (1280, TILE_WIDTH_PX)))
    return Sight(
        tuple(
            _number(picture[top : top + TILE_HEIGHT_PX, left : left + TILE_WIDTH_PX])
            for top, left in itertools.product(rows, columns)
        )
    )


class Change:
    """Numbers the pictures of any page: one more for each that differs from the one before."""

    def __init__(self) -> None:
        self._before: NDArray[np.int16] | None = None
        self._number = 0

    def __call__(self, picture: Luma) -> Sight:
        seen = picture[::_SPARSE, ::_SPARSE].astype(np.int16)
        if self._before is not None and np.abs(seen - self._before).mean() > _CHANGED:
            self._number += 1
        self._before = seen
        return Sight((self._number % MODULUS,))


def page_view(film: Path, see: See, start_s: float, stop_s: float, loop: int = MODULUS) -> PageView:
    """Decodes what lies between two film times."""
    times_s: list[float] = []
    sights: list[Sight] = []
    for time_s, picture in _pictures(film):
        if time_s >= stop_s:
            break
        if time_s >= start_s:
            times_s.append(time_s)
            sights.append(see(picture))
    return PageView(
        times_s=np.array(times_s),
        seconds=stop_s - start_s,
        numbers=np.array([sight.numbers for sight in sights], float),
        loop=loop,
        clock_ms=np.array([sight.clock_ms for sight in sights], float) if sights[0].clock_ms is not None else None,
        kilobits_per_s=_kilobits_per_s(film, start_s, stop_s),
    )


def _number(picture: Luma) -> float:
    number = frame_number.read(picture)
    return math.nan if number is None else number


def _pictures(film: Path) -> Iterator[tuple[float, Luma]]:
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            plane = frame.planes[0]
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            assert frame.time is not None
            yield frame.time, rows[:, : plane.width]


def _kilobits_per_s(film: Path, start_s: float, stop_s: float) -> float:
    size_bytes = 0
    with av.open(str(film)) as container:
        for packet in container.demux():
            if packet.pts is not None and start_s <= packet.pts * packet.time_base < stop_s:
                size_bytes += packet.size
    return size_bytes * 8 / (stop_s - start_s) / 1000
