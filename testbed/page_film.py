"""What a film of a page shows and plays, for checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from testbed.timeline import Colour

RATE_HZ = 48_000
Picture = NDArray[np.uint8]
"""Shape (height, width, 3): red, green, blue."""


def pictures(film: Path) -> Iterator[tuple[float, Picture]]:
    """Each picture with its time in seconds."""
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            yield float(frame.time or 0.0), frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def picture_at(film: Path, time_s: float) -> Picture:
    """The picture that is seen at ``time_s``, or the last one."""
    found = None
    for at_s, picture in pictures(film):
        if found is not None and at_s > time_s:
            break
        found = picture
    assert found is not None
    return found


def share(picture: Picture, colour: Colour, tolerance: int = 30) -> float:
    """How much of a picture is about this colour, 0 to 1."""
    distance = np.abs(picture.astype(np.int16) - np.array(colour, np.int16)).max(axis=2)
    return float((distance <= tolerance).mean())


@dataclass(frozen=True)
class Heard:
    """The sound of a film."""

    samples: NDArray[np.float32]
    """Shape (n,), both channels' mean, at 48 kHz."""

    def level_db(self, tone_hz: float, start_s: float, stop_s: float) -> float:
        """How loud a tone is there, in dB below full scale."""
        piece = self.samples[round(start_s * RATE_HZ) : round(stop_s * RATE_HZ)]
        window = np.hanning(len(piece))
        phase = np.exp(-2j * np.pi * tone_hz * np.arange(len(piece)) / RATE_HZ)
        amplitude = 2 * abs(np.sum(piece * window * phase)) / window.sum()
        return float(20 * np.log10(max(amplitude, 1e-9)))

    def loudest_db(self, tone_hz: float, window_s: float = 0.1) -> float:
        """How loud a tone is where it is loudest."""
        steps = np.arange(0.0, len(self.samples) / RATE_HZ - window_s, window_s)
        return max(self.level_db(tone_hz, each, each + window_s) for each in steps)


def heard(film: Path) -> Heard:
    """The whole sound."""
    resampler = av.AudioResampler("fltp", "stereo", RATE_HZ)
    with av.open(str(film)) as container:
        blocks = [
            block.to_ndarray().mean(axis=0)
            for frame in container.decode(audio=0)
            for block in resampler.resample(frame)
        ]  # fmt: skip
    return Heard(np.concatenate(blocks))


def changes_per_s(film: Path, start_s: float, stop_s: float) -> float:
    """How many pictures differ from the ones before them, each second."""
    before, changed = None, 0
    for at_s, picture in pictures(film):
        if start_s <= at_s < stop_s:
            changed += before is not None and not np.array_equal(before, picture)
            before = picture
    return changed / (stop_s - start_s)


def turns(film: Path, colours: Sequence[Colour]) -> list[tuple[float, int]]:
    """When which of ``colours`` fills the picture, each time that it becomes another."""
    found: list[tuple[float, int]] = []
    for at_s, picture in pictures(film):
        number = next((n for n, colour in enumerate(colours) if share(picture[::8, ::8], colour, 40) > 0.9), -1)
        if not found or found[-1][1] != number:
            found.append((at_s, number))
    return found
