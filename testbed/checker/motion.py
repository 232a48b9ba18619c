"""How a picture moves in a film: frames repeated, skipped and shown late, told by its frame counter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.checker.clock import FilmClock
from testbed.checker.runs import runs
from testbed.checker.sight import UNREAD, Sight, Sighting
from testbed.timeline import FPS, LOOP_FRAMES, LOOP_S


@dataclass(frozen=True)
class Motion:
    """Of the frames in which a camera is seen and was seen in the frame before, but for a short wait at the start."""

    frames: int
    repeated: int
    """Showed the same source frame again."""
    skipped: int
    """Source frames that were never shown between two shown ones."""
    backwards: int
    """Showed an earlier source frame."""
    displaced: int
    """Showed a source frame more than one frame away from the one that steady playback would show."""
    longest_freeze_s: float
    freezes: tuple[tuple[float, float], ...]
    """(film time, length) of standstills longer than the caller's limit."""
    delay_ms: float | None
    """Median of how long after its declared time a source frame is shown."""
    delay_spread_ms: float | None
    """95th percentile of the distance from that median."""

    @property
    def repeated_share(self) -> float:
        return self.repeated / self.frames if self.frames else 0.0

    @property
    def displaced_share(self) -> float:
        return self.displaced / self.frames if self.frames else 0.0

    @property
    def skipped_share(self) -> float:
        """Of the source frames in that time."""
        source_frames = self.frames - self.repeated + self.skipped
        return self.skipped / source_frames if source_frames else 0.0


def motion(sight: Sight, sighting: Sighting, clock: FilmClock, *, freeze_s: float) -> Motion:
    """How one camera moved. Where the film was paused nothing is compared across the cut."""
    times_s, counts = sight.times_s, sighting.counts.astype(np.int64)
    if len(times_s) < 2:
        return Motion(0, 0, 0, 0, 0, 0.0, (), None, None)
    cuts = np.array([stretch.film_s for stretch in clock.stretches[1:]])
    both = (counts[1:] != UNREAD) & (counts[:-1] != UNREAD)
    for cut_s in cuts:
        both &= ~((times_s[:-1] < cut_s) & (times_s[1:] >= cut_s))
    steps = (counts[1:] - counts[:-1] + LOOP_FRAMES // 2) % LOOP_FRAMES - LOOP_FRAMES // 2
    both &= ~_lead_in(times_s, both, steps, freeze_s)
    still = both & (steps == 0)
    longest_s, freezes = _freezes(times_s, still, freeze_s)
    late_s = _lateness(clock.timeline(times_s), counts)
    read = counts != UNREAD
    median_s = float(np.median(late_s[read])) if read.any() else None
    away_s = np.abs(late_s - (median_s or 0.0))
    return Motion(
        frames=int(both.sum()),
        repeated=int(still.sum()),
        skipped=int((steps[both & (steps > 1)] - 1).sum()),
        backwards=int((both & (steps < 0)).sum()),
        displaced=int((both & (away_s[1:] > 1.5 / FPS)).sum()),
        longest_freeze_s=longest_s,
        freezes=freezes,
        delay_ms=None if median_s is None else median_s * 1000,
        delay_spread_ms=None if median_s is None else float(np.percentile(away_s[read], 95)) * 1000,
    )


def _lead_in(
    times_s: NDArray[np.float64], both: NDArray[np.bool_], steps: NDArray[np.int64], limit_s: float
) -> NDArray[np.bool_]:
    """Where a picture that has just appeared still waits for its second frame: a recorder may show the first one a
    little early, rather than nothing."""
    waiting = np.zeros_like(both)
    for first, last in runs(both):
        moving = np.flatnonzero(steps[first:last] != 0)
        end = first + int(moving[0]) if len(moving) else last
        if times_s[end] - times_s[first] <= limit_s:
            waiting[first:end] = True
    return waiting


def _freezes(
    times_s: NDArray[np.float64], still: NDArray[np.bool_], limit_s: float
) -> tuple[float, tuple[tuple[float, float], ...]]:
    lengths = [(float(times_s[first]), float(times_s[last] - times_s[first])) for first, last in runs(still)]
    longest_s = max((length_s for _, length_s in lengths), default=0.0)
    return longest_s, tuple((at_s, length_s) for at_s, length_s in lengths if length_s > limit_s)


def _lateness(shown_s: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Shown minus declared time of the source frames. The counter knows the time modulo LOOP_S, which is enough."""
    late: NDArray[np.float64] = (shown_s - counts / FPS + LOOP_S / 2) % LOOP_S - LOOP_S / 2
    return late
