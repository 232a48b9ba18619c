"""Stretched sound has no cracks and keeps its pitch and level but for the stretch."""

import numpy as np
import pytest

from reelkit.render.stretcher import HALF_TAPS, Stretcher
from tests.render.media import RATE_HZ, level_db, stereo, tone


def test_unstretched_sound_is_only_delayed() -> None:
    sound = stereo(tone(440, 1.0))
    stretcher = Stretcher()
    out = np.concatenate([stretcher.feed(sound[at : at + 960], 960) for at in range(0, len(sound), 960)])
    assert np.array_equal(out[HALF_TAPS:], sound[:-HALF_TAPS])


@pytest.mark.parametrize("frequency_hz", [100.0, 997.0, 5_000.0, 12_000.0])
@pytest.mark.parametrize("change", [-5, -1, 2, 6])
def test_a_tone_stays_a_tone(frequency_hz: float, change: int) -> None:
    sound = stereo(tone(frequency_hz, 1.0))
    stretcher = Stretcher()
    out = np.concatenate([stretcher.feed(sound[at : at + 960], 960 + change) for at in range(0, len(sound), 960)])
    at = (np.arange(len(out)) * 960 / (960 + change) - HALF_TAPS) / RATE_HZ
    ideal = 0.3 * np.sin(2 * np.pi * frequency_hz * at)
    error = out[2_000:-2_000, 0] - ideal[2_000:-2_000]
    assert level_db(error.astype(np.float32)) - level_db(sound) < -55


def test_the_speed_may_change_at_each_block() -> None:
    sound = stereo(tone(997, 1.0))
    stretcher = Stretcher()
    lengths = [960, 965, 960, 955, 954, 960, 962] * 7
    out = np.concatenate(
        [stretcher.feed(sound[at * 960 : at * 960 + 960], length) for at, length in enumerate(lengths)]
    )
    # A step would show as a jump far above the steepest slope of the tone.
    steepest = 0.3 * 2 * np.pi * 997 / RATE_HZ
    assert np.abs(np.diff(out[1_000:, 0])).max() < 1.02 * steepest
