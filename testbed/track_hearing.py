"""What is heard in a track file, on the wall clock."""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
_SMOOTH_SAMPLES = 96
_LOUD = 0.05
_BETWEEN_S = 0.1
"""Beeps are at least so far apart; within one, the sound may vanish for a moment where a packet was lost."""

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """The decoded sound of a file, placed by time stamps and, once more, by counting samples alone."""

    start_s: float
    """Wall-clock time of the file's time zero, as its name tells."""
    stamped: Sound
    counted: Sound

    def onsets(self, *, counted: bool = False) -> list[float]:
        """When sounds begin, in wall-clock seconds."""
        sound = self.counted if counted else self.stamped
        level = np.convolve(np.abs(sound), np.ones(_SMOOTH_SAMPLES) / _SMOOTH_SAMPLES, "same")
        loud = np.flatnonzero(level > _LOUD)
        if not len(loud):
            return []
        first = np.flatnonzero(np.diff(loud, prepend=-RATE_HZ) > _BETWEEN_S * RATE_HZ)
        return [self.start_s + float(loud[index]) / RATE_HZ for index in first]

    def level(self, begin_s: float, end_s: float) -> float:
        """The loudest sample between two wall-clock times."""
        part = self.stamped[round((begin_s - self.start_s) * RATE_HZ) : round((end_s - self.start_s) * RATE_HZ)]
        return float(np.abs(part).max()) if len(part) else 0.0


def start_of(name: str) -> float:
    """When a track file begins, from its name: wall-clock seconds."""
    return int(Path(name).stem.rpartition("_")[2]) / 1_000


def hear(path: Path, name: str | None = None) -> Heard:
    """Decodes a track file; ``name`` is its name if it lies under another."""
    frames: list[tuple[float, Sound]] = []
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            assert frame.time is not None
            samples = frame.to_ndarray()
            mono = samples.mean(axis=0) if frame.format.is_planar else samples.reshape(-1, 2).mean(axis=1)
            frames.append((frame.time, mono.astype(np.float64)))
    counted = np.concatenate([samples for _, samples in frames])
    stamped = np.zeros(round(frames[-1][0] * RATE_HZ) + 2 * RATE_HZ)
    for time_s, samples in frames:
        at = round(time_s * RATE_HZ)
        whole = samples[max(0, -at) :]
        stamped[max(0, at) : max(0, at) + len(whole)] = whole
    return Heard(start_of(name or path.name), stamped, counted)
