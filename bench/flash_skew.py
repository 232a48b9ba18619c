"""How far beeps are from the flashes of the same instants, in a film of whatever length."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench import frame_number
from testbed.checker.film import Samples, Sound
from testbed.checker.hearing import beeps

PIECE_S = 60.0
"""So much of the sound is looked at at once."""
_OVERLAP_S = 1.0
"""Longer than a beep."""
_CUT_S = 0.03
"""A beep that is cut by the beginning of a piece seems to begin within this."""
MODULUS_S = 1.024
"""Of the clock in pictures."""
BRIGHT = 160
"""Luma between that of the pages' colours and of white."""
_ROWS = (0.7, 0.95)
"""Of the picture, where nothing but its colour is to be seen."""
_SPARSE = 8
_RATE_HZ = 48_000
_REACH_S = 0.4
"""A beep further from a flash is not the flash's."""

Times = NDArray[np.float64]


@dataclass(frozen=True)
class FlashSkew:
    """What was seen and heard, by film time."""

    flashes_s: Times
    beeps_s: Times
    told_ms: Times
    """For each flash the instant that its picture tells, in milliseconds of the wall clock modulo MODULUS_S; NaN if it
    tells none."""

    @property
    def offsets_ms(self) -> Times:
        """Of each flash that has a beep; positive when the sound is late."""
        return self._pairs()[1]

    @property
    def paired_s(self) -> Times:
        """When those flashes are seen."""
        return self._pairs()[0]

    @property
    def median_ms(self) -> float:
        return float(np.median(self.offsets_ms)) if len(self.offsets_ms) else float("nan")

    @property
    def p95_ms(self) -> float:
        """Of the distance, whichever way."""
        return float(np.percentile(np.abs(self.offsets_ms), 95)) if len(self.offsets_ms) else float("nan")

    def between(self, start_s: float, stop_s: float) -> "FlashSkew":
        """What lies in a part of the film."""
        beeps_s, inside = self.beeps_s, (self.flashes_s >= start_s) & (self.flashes_s < stop_s)
        return FlashSkew(
            self.flashes_s[inside],
            beeps_s[(beeps_s >= start_s - _REACH_S) & (beeps_s < stop_s + _REACH_S)],
            self.told_ms[inside],
        )

    def picture_late_ms(self, first_s: float) -> float:
        """How late flashes are seen on the median, if film time zero shows the wall-clock time ``first_s``; NaN if
        their pictures do not tell."""
        late_ms = (self.flashes_s + first_s % MODULUS_S) * 1000 - self.told_ms
        told = late_ms[np.isfinite(late_ms)]
        half_ms = MODULUS_S * 500
        return float(np.median((told + half_ms) % (2 * half_ms) - half_ms)) if len(told) else float("nan")

    def _pairs(self) -> tuple[Times, Times]:
        if not len(self.flashes_s) or not len(self.beeps_s):
            return np.zeros(0), np.zeros(0)
        nearest = np.abs(self.beeps_s[np.newaxis] - self.flashes_s[:, np.newaxis]).argmin(axis=1)
        offsets_s = self.beeps_s[nearest] - self.flashes_s
        near = np.abs(offsets_s) <= _REACH_S
        return self.flashes_s[near], offsets_s[near] * 1000


def flash_skew(film: Path, tone_hz: float) -> FlashSkew:
    """Decodes a film whose picture turns white while a tone is heard."""
    flashes = np.array(list(_flashes(film))).reshape(-1, 2)
    return FlashSkew(flashes[:, 0], np.array(list(_beeps(film, tone_hz))), flashes[:, 1])


def _flashes(film: Path) -> Iterator[tuple[float, float]]:
    """When the picture turns white, and what it tells then."""
    before = True
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            plane = frame.planes[0]
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
            first, last = (round(share * plane.height) for share in _ROWS)
            bright = bool(rows[first:last:_SPARSE, : plane.width : _SPARSE].mean() > BRIGHT)
            if bright and not before:
                assert frame.time is not None
                number = frame_number.read(rows[:, : plane.width])
                yield frame.time, math.nan if number is None else number
            before = bright


def _beeps(film: Path, tone_hz: float) -> Iterator[float]:
    """When the tone begins. Only a piece of the sound is in memory at once."""
    piece, overlap = round(PIECE_S * _RATE_HZ), round(_OVERLAP_S * _RATE_HZ)
    heard, begin = np.zeros(piece + overlap, np.float32), 0
    for at, samples in _sound(film):
        while at + len(samples) > begin + len(heard):
            yield from _onsets(heard, begin, begin + piece, tone_hz)
            heard = np.concatenate([heard[piece:], np.zeros(piece, np.float32)])
            begin += piece
        skipped = max(0, begin - at)
        heard[at + skipped - begin : at + len(samples) - begin] = samples[skipped:]
    yield from _onsets(heard, begin, begin + len(heard), tone_hz)


def _onsets(heard: Samples, begin: int, stop: int, tone_hz: float) -> Iterator[float]:
    for beep in beeps(Sound(_RATE_HZ, heard, ()), tone_hz):
        time_s = begin / _RATE_HZ + beep.time_s
        # One that sounds already when a piece begins is the piece's before.
        if time_s < stop / _RATE_HZ and (beep.time_s > _CUT_S or begin == 0):
            yield time_s


def _sound(film: Path) -> Iterator[tuple[int, Samples]]:
    """Mono, and the place of its first sample."""
    with av.open(str(film)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=_RATE_HZ)
        for frame in container.decode(container.streams.audio[0]):
            for mono in resampler.resample(frame):
                assert mono.time is not None
                yield round(mono.time * _RATE_HZ), mono.to_ndarray()[0].astype(np.float32, copy=False)
