"""Signals for tests of the sound, and measures of what became of them."""

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000

Mono = NDArray[np.float32]


def tone(frequency_hz: float, seconds: float, amplitude: float = 0.3) -> Mono:
    """A sine, shape (n,)."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2 * np.pi * frequency_hz * time_s)).astype(np.float32)


def speech(seconds: float, seed: int = 0) -> Mono:
    """Something like speech: voiced syllables with formants, fricatives, plosives and pauses."""
    random = np.random.default_rng(seed)
    count = round(seconds * RATE_HZ)
    spoken = np.zeros(count)
    at = 0
    while count - at >= 2_000:
        length = min(int(random.integers(4_000, 14_000)), count - at)
        kind = random.random()
        if kind < 0.6:
            syllable = _voiced(length, random)
        elif kind < 0.8:
            syllable = _fricative(length, random)
        elif kind < 0.9:
            syllable = np.zeros(length)
            syllable[1_500:1_700] = 0.2 * random.normal(size=200)[: length - 1_500] * np.exp(-np.arange(200) / 50)
        else:
            syllable = np.zeros(length)
        edge = np.minimum(1, np.minimum(np.arange(length), np.arange(length)[::-1]) / 600)
        spoken[at : at + length] = syllable * edge
        at += length
    return (spoken + random.normal(0, 5e-4, count)).astype(np.float32)


def stereo(sound: Mono) -> NDArray[np.float32]:
    """The same on both channels, shape (n, 2)."""
    return np.repeat(sound[:, np.newaxis], 2, axis=1)


def level_db(sound: NDArray[np.float32]) -> float:
    """RMS in dBFS; -200 for silence."""
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return float(10 * np.log10(max(power, 1e-20)))


def roughness(sound: Mono, frequency_hz: float, block: int = 480) -> NDArray[np.float64]:
    """How much there is besides a tone in each 10 ms, in dB relative to it: a crack is a peak.

    The tone is taken out with a recursion that every sine of that frequency fulfils, whatever its phase and level.
    """
    twice_cosine = 2 * np.cos(2 * np.pi * frequency_hz / RATE_HZ)
    wide = sound.astype(np.float64)
    rest = wide[2:] - twice_cosine * wide[1:-1] + wide[:-2]
    usable = len(rest) // block * block
    peaks = np.abs(rest[:usable]).reshape(-1, block).max(axis=1)
    scale = float(np.sqrt(np.mean(np.square(wide)))) + 1e-12
    return np.asarray(20 * np.log10(peaks / scale + 1e-10))


def onsets(sound: Mono, threshold: float = 0.1, gap_s: float = 0.3) -> list[float]:
    """When sound begins after at least ``gap_s`` of quiet, in seconds."""
    loud = np.flatnonzero(np.abs(sound) > threshold)
    if not len(loud):
        return []
    starts = [loud[0], *loud[1:][np.diff(loud) > gap_s * RATE_HZ]]
    return [float(start / RATE_HZ) for start in starts]


def _voiced(length: int, random: np.random.Generator) -> NDArray[np.float64]:
    time_s = np.arange(length) / RATE_HZ
    pitch_hz = random.uniform(95, 220) * (1 + 0.15 * np.sin(2 * np.pi * time_s * random.uniform(1, 4)))
    pulses = np.diff(np.floor(np.cumsum(pitch_hz) / RATE_HZ), prepend=0)
    spectrum = np.fft.rfft(pulses, 2 * length)
    frequencies_hz = np.fft.rfftfreq(2 * length, 1 / RATE_HZ)
    shape = 1 / (1 + (frequencies_hz / 400) ** 1.5)
    for centre_hz, width_hz in (
        (random.uniform(300, 800), 80),
        (random.uniform(900, 2_200), 120),
        (random.uniform(2_300, 3_200), 200),
    ):
        shape = shape * (1 + 12 / (1 + ((frequencies_hz - centre_hz) / width_hz) ** 2))
    voice = np.fft.irfft(spectrum * shape)[:length]
    return np.asarray(0.35 * voice / max(1e-6, float(np.abs(voice).max())))


def _fricative(length: int, random: np.random.Generator) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(random.normal(size=length), 2 * length)
    frequencies_hz = np.fft.rfftfreq(2 * length, 1 / RATE_HZ)
    noise = np.fft.irfft(spectrum * np.exp(-(((frequencies_hz - random.uniform(3_500, 7_000)) / 1_800) ** 2)))[:length]
    return np.asarray(0.08 * noise / max(1e-6, float(np.abs(noise).max())))
