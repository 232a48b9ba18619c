"""What a film plays: for each tone of a timeline, when it sounds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.checker.film import Sound
from testbed.checker.runs import runs

ENVELOPE_HZ = 1_000
"""Points of an envelope per second: onsets are told to 1 ms."""
WINDOW_MS = 24
"""Hann window over which a tone's strength is taken: its first null is 83 Hz away, tones are 105 Hz apart."""
FLOOR = 0.03
"""Least amplitude of a beep; leakage of another beep of 0.3 stays below a half of it."""
MIN_LENGTH_S = 0.05
"""Anything shorter is a click."""


@dataclass(frozen=True)
class Beep:
    """A tone that sounded; film time."""

    time_s: float
    length_s: float
    amplitude: float


def envelope(sound: Sound, tone_hz: float) -> NDArray[np.float32]:
    """The amplitude of ``tone_hz`` in the film, ENVELOPE_HZ points per second: one bin of a sliding windowed DFT."""
    step = sound.rate_hz // ENVELOPE_HZ
    points = len(sound.mono) // step
    if not points:
        return np.zeros(0, np.float32)
    baseband = np.empty(points, np.complex64)
    stride = sound.rate_hz  # a second at a time keeps the temporaries small
    for start in range(0, points * step, stride):
        block = sound.mono[start : min(start + stride, points * step)]
        phase = 2 * np.pi * tone_hz * (start + np.arange(len(block))) / sound.rate_hz
        mixed = block * np.exp(-1j * phase).astype(np.complex64)
        baseband[start // step : start // step + len(block) // step] = mixed.reshape(-1, step).mean(axis=1)
    window = np.hanning(WINDOW_MS + 1)
    strength: NDArray[np.float32] = 2 * np.abs(np.convolve(baseband, window / window.sum(), mode="same"))
    return strength


def beeps(sound: Sound, tone_hz: float) -> list[Beep]:
    """The beeps of one tone, ascending. An onset is where the envelope passes half of the beep's own amplitude."""
    strength = envelope(sound, tone_hz)
    found: list[Beep] = []
    for first, last in runs(strength > FLOOR):
        amplitude = float(np.median(np.sort(strength[first:last])[-max((last - first) // 2, 1) :]))
        loud = np.flatnonzero(strength[first:last] > amplitude / 2)
        start, stop = first + int(loud[0]), first + int(loud[-1]) + 1
        length_s = (stop - start) / ENVELOPE_HZ
        if length_s >= MIN_LENGTH_S:
            found.append(Beep(start / ENVELOPE_HZ, length_s, amplitude))
    return found
