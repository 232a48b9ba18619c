"""How far beeps are from the flashes of the same instants, in a film of whatever length."""

import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench import frame_number
from bench.excerpt import excerpt
from testbed.checker.film import Sound, sound
from testbed.checker.hearing import ENVELOPE_HZ, beeps

PIECE_S = 60.0
"""So much of a film is decoded at once."""
_LEAD_S = 5.0
"""A piece begins with a keyframe, up to so much earlier."""
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


def flash_skew(film: Path, tone_hz: float, piece_s: float = PIECE_S) -> FlashSkew:
    """Decodes a film whose picture turns white while a tone is heard."""
    with av.open(str(film)) as container:
        length_s = (container.duration or 0) / av.time_base
    seen: list[tuple[float, float]] = []
    heard: list[float] = []
    with tempfile.TemporaryDirectory() as scratch:
        part = Path(scratch) / f"piece{film.suffix}"
        for at_s in np.arange(0.0, length_s, piece_s).tolist():
            begin_s = excerpt(film, at_s, piece_s + _LEAD_S, part)
            stop_s = at_s + piece_s
            seen += [each for each in _flashes(part, begin_s) if at_s <= each[0] < stop_s]
            onsets_s = (begin_s + beep.time_s for beep in beeps(_sound(part), tone_hz))
            heard += [time_s for time_s in onsets_s if at_s <= time_s < stop_s]
    flashes = np.array(seen).reshape(-1, 2)
    return FlashSkew(flashes[:, 0], np.array(heard), flashes[:, 1])


def _sound(film: Path) -> Sound:
    """In a rate that the checker can divide. Straight lines between samples are good enough for a tone's beginning."""
    heard = sound(film)
    if heard.rate_hz % ENVELOPE_HZ == 0:
        return heard
    places = np.arange(round(heard.duration_s * _RATE_HZ)) * heard.rate_hz / _RATE_HZ
    mono = np.interp(places, np.arange(len(heard.mono)), heard.mono).astype(np.float32)
    return Sound(_RATE_HZ, mono, heard.channel_rms)


def _flashes(film: Path, begin_s: float) -> Iterator[tuple[float, float]]:
    """When the picture turns white, and what it tells then, in a piece that begins at ``begin_s``."""
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
                yield begin_s + frame.time, math.nan if number is None else number
            before = bright
