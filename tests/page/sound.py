"""What a loudspeaker was heard to play."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reelkit.page.sound_block import SAMPLE_RATE_HZ, SoundBlock

Samples = NDArray[np.float32]


def tone(frequency_hz: float, duration_s: float, rate_hz: int = SAMPLE_RATE_HZ, level: float = 0.5) -> Samples:
    """One channel."""
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    return (level * np.sin(2 * np.pi * frequency_hz * times)).astype(np.float32)


def interleaved(*channels: Samples) -> bytes:
    """As clients send it."""
    return np.stack(channels, axis=1).astype("<f4").tobytes()


def joined(blocks: Sequence[SoundBlock]) -> Samples:
    """Two rows. Each block has to begin where the last one ends."""
    for block, following in pairwise(blocks):
        assert following.first_sample == block.first_sample + block.count
    return np.concatenate(
        [np.zeros((2, block.count), np.float32) if block.samples is None else block.samples for block in blocks], axis=1
    )


def sounding(channel: Samples, level: float = 1e-3) -> tuple[int, int]:
    """The first sample that is louder, and the one after the last."""
    loud = np.flatnonzero(np.abs(channel) > level)
    assert loud.size, "nothing was heard"
    return int(loud[0]), int(loud[-1]) + 1


def onsets(channel: Samples, level: float, quiet_s: float) -> NDArray[np.intp]:
    """Where it becomes louder after it was quiet for a while."""
    loud = np.flatnonzero(np.abs(channel) > level)
    return loud[np.diff(loud, prepend=-SAMPLE_RATE_HZ) > quiet_s * SAMPLE_RATE_HZ]


def breaks(channel: Samples, frequency_hz: float, tolerance: float) -> NDArray[np.intp]:
    """Where a pure tone of any level and phase does not go on as it has to: each sample follows from two before it."""
    wave = channel.astype(np.float64)
    step = 2 * np.cos(2 * np.pi * frequency_hz / SAMPLE_RATE_HZ)
    return np.flatnonzero(np.abs(wave[2:] - step * wave[1:-1] + wave[:-2]) > tolerance)


def frequency_hz(channel: Samples) -> float:
    """Of a pure tone: from zero to zero upwards."""
    crossings = np.flatnonzero((channel[:-1] < 0) & (channel[1:] >= 0))
    return float((len(crossings) - 1) * SAMPLE_RATE_HZ / (crossings[-1] - crossings[0]))


def levels(channel: Samples, *frequencies_hz: float) -> list[float]:
    """How loud each of some tones is in it."""
    window = np.hanning(len(channel))
    phases = 2j * np.pi * np.arange(len(channel)) / SAMPLE_RATE_HZ
    return [
        float(2 * abs(np.sum(channel * window * np.exp(-phases * frequency))) / window.sum())
        for frequency in frequencies_hz
    ]
