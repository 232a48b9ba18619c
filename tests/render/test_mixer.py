"""The limiter keeps sums below the ceiling without being heard."""

import numpy as np
import pytest

from reelkit.render.errors import CheckpointError
from reelkit.render.mixer import CEILING, LOOK_AHEAD_SAMPLES, Limiter, Mixer
from tests.render.media import RATE_HZ, level_db, speech, stereo, tone

BLOCK = 5_120


def limited(sound: np.ndarray[tuple[int, int], np.dtype[np.float32]], block: int = BLOCK) -> np.ndarray:
    limiter = Limiter()
    return np.concatenate([limiter.limit(sound[at : at + block]) for at in range(0, len(sound), block)])


def talkers(count: int, seconds: float) -> list[np.ndarray]:
    samples = round(seconds * RATE_HZ) // BLOCK * BLOCK
    return [stereo(2 * speech(seconds, seed)[:samples]) for seed in range(count)]


def test_sound_below_the_ceiling_is_only_delayed() -> None:
    sound = stereo(tone(440, 2.0, 0.85))[: 18 * BLOCK]
    out = limited(sound)
    assert np.array_equal(out[LOOK_AHEAD_SAMPLES:], sound[:-LOOK_AHEAD_SAMPLES])
    assert not out[:LOOK_AHEAD_SAMPLES].any()


def test_nine_loud_talkers_stay_below_minus_one_dbfs() -> None:
    voices = talkers(9, 4.0)
    mixer = Mixer()
    total = np.sum(voices, axis=0)
    assert np.abs(total).max() > 2
    out = np.concatenate([mixer.mix([v[at : at + BLOCK] for v in voices], BLOCK) for at in range(0, len(total), BLOCK)])
    assert np.abs(out).max() <= CEILING + 1e-6
    # Turned down, not bent: what comes out is what came in times a gain that moves slowly.
    delayed = total[:-LOOK_AHEAD_SAMPLES]
    heard = np.abs(delayed).min(axis=1) > 0.05
    gain = out[LOOK_AHEAD_SAMPLES:][heard, 0] / delayed[heard, 0]
    assert gain.min() > 0.1
    assert gain.max() <= 1.0001
    assert np.abs(np.diff(gain)[np.diff(np.flatnonzero(heard)) == 1]).max() < 0.004


def test_a_loud_tone_keeps_its_shape() -> None:
    out = limited(stereo(tone(1_000, 2.0, 1.8))[: 18 * BLOCK])[RATE_HZ : RATE_HZ + 32_768, 0]
    spectrum = np.abs(np.fft.rfft(out * np.blackman(len(out))))
    frequencies_hz = np.fft.rfftfreq(len(out), 1 / RATE_HZ)
    beside = spectrum[np.abs(frequencies_hz - 1_000) > 60].max()
    assert 20 * np.log10(beside / spectrum.max()) < -55
    assert np.abs(out).max() == pytest.approx(CEILING, abs=0.01)


def test_a_single_peak_is_met_in_time_and_forgotten() -> None:
    sound = stereo(tone(300, 3.0, 0.2))[: 28 * BLOCK].copy()
    sound[30_000:30_010] = 4.0
    out = limited(sound)
    assert np.abs(out).max() <= CEILING + 1e-6
    assert out[30_000 + LOOK_AHEAD_SAMPLES, 0] == pytest.approx(CEILING, abs=1e-4)
    assert np.array_equal(out[-BLOCK:], sound[-BLOCK - LOOK_AHEAD_SAMPLES : -LOOK_AHEAD_SAMPLES])


def test_the_blocks_do_not_matter() -> None:
    total = np.sum(talkers(9, 2.0), axis=0)
    total = total[: len(total) // 20_480 * 20_480]
    assert np.array_equal(limited(total, 1_024), limited(total, 20_480))


def test_a_checkpoint_goes_on_exactly() -> None:
    total = np.sum(talkers(9, 2.0), axis=0)
    whole, first = Limiter(), Limiter()
    expected = np.concatenate([whole.limit(total[:BLOCK]), whole.limit(total[BLOCK : 3 * BLOCK])])
    begun = first.limit(total[:BLOCK])
    second = Limiter(first.state())
    assert np.array_equal(np.concatenate([begun, second.limit(total[BLOCK : 3 * BLOCK])]), expected)


def test_a_damaged_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointError):
        Limiter({**Limiter().state(), "waiting": "AAAA"})
    with pytest.raises(CheckpointError):
        Limiter({"gain": 1.0})


def test_nobody_is_silence() -> None:
    assert level_db(Mixer().mix([], 1_024)) == -200


def test_odd_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        Limiter().limit(np.zeros((100, 2), np.float32))
