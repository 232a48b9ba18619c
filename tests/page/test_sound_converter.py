import numpy as np
import pytest

from reelkit.page.pulse_protocol import VOLUME_NORMAL
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.sound_block import SAMPLE_RATE_HZ
from reelkit.page.sound_converter import SoundConverter
from tests.page.sound import breaks, interleaved, tone

STEREO, MONO, SURROUND = (1, 2), (0,), (1, 2, 3, 7, 5, 6)
HALF_POWER = 0.5**0.5


@pytest.mark.parametrize(
    ("sample_format", "data"),
    [
        (SampleFormat.U8, np.array([128, 192, 0], "u1")),
        (SampleFormat.S16LE, np.array([0, 1 << 14, -1 << 15], "<i2")),
        (SampleFormat.S16BE, np.array([0, 1 << 14, -1 << 15], ">i2")),
        (SampleFormat.S32LE, np.array([0, 1 << 30, -1 << 31], "<i4")),
        (SampleFormat.S32BE, np.array([0, 1 << 30, -1 << 31], ">i4")),
        (SampleFormat.FLOAT32LE, np.array([0, 0.5, -1], "<f4")),
        (SampleFormat.FLOAT32BE, np.array([0, 0.5, -1], ">f4")),
    ],
)
def test_all_formats_mean_the_same(sample_format: SampleFormat, data: np.ndarray) -> None:
    converted = SoundConverter(SampleSpec(sample_format, 1, SAMPLE_RATE_HZ), MONO).convert(data.tobytes())
    assert converted.dtype == np.float32
    assert converted.tolist() == [[0, 0.5, -1]] * 2


def test_more_channels_are_mixed_down() -> None:
    converter = SoundConverter(SampleSpec(SampleFormat.FLOAT32LE, 6, SAMPLE_RATE_HZ), SURROUND)
    one_by_one = converter.convert(np.eye(6, dtype="<f4").tobytes())
    assert one_by_one == pytest.approx(
        np.array([[1, 0, HALF_POWER, 0, HALF_POWER, 0], [0, 1, HALF_POWER, 0, 0, HALF_POWER]])
    )


def test_stereo_stays_as_it_is() -> None:
    left, right = tone(440, 0.1), tone(880, 0.1)
    converted = SoundConverter(SampleSpec(SampleFormat.FLOAT32LE, 2, SAMPLE_RATE_HZ), STEREO).convert(
        interleaved(left, right)
    )
    assert np.array_equal(converted, [left, right])


def test_volumes_are_cube_roots_and_apply_to_channels() -> None:
    converter = SoundConverter(SampleSpec(SampleFormat.FLOAT32LE, 2, SAMPLE_RATE_HZ), STEREO)
    sound = interleaved(np.ones(3, np.float32), np.ones(3, np.float32))
    converter.set_gains([VOLUME_NORMAL // 2, 0])
    assert converter.convert(sound).tolist() == [[0.125] * 3, [0] * 3]
    converter.set_gains([VOLUME_NORMAL, 0xFFFF_FFFF])
    assert converter.convert(sound).tolist() == [[1] * 3, [8] * 3]


def test_what_is_no_number_or_absurd_spoils_nothing() -> None:
    sound = np.array([[np.nan, 0.25], [np.inf, 0.25], [1e30, -1e30]], "<f4").tobytes()
    for channels, positions in ((2, STEREO), (1, MONO)):
        converter = SoundConverter(SampleSpec(SampleFormat.FLOAT32LE, channels, SAMPLE_RATE_HZ), positions)
        converted = converter.convert(sound)
        assert np.isfinite(converted).all()
        assert np.abs(converted).max() <= 16
        assert 0.25 in converted[-1]


@pytest.mark.parametrize("rate_hz", [3_000, 8_000, 44_100, 96_000, 768_000])
def test_other_rates_are_converted_without_a_seam(rate_hz: int) -> None:
    converter = SoundConverter(SampleSpec(SampleFormat.FLOAT32LE, 1, rate_hz), MONO)
    data, piece_bytes = interleaved(tone(440, 1.0, rate_hz)), 4 * (rate_hz // 47)
    pieces = []
    for start in range(0, len(data), piece_bytes):
        pieces.append(converter.convert(data[start : start + piece_bytes]))
        given = sum(piece.shape[1] for piece in pieces)
        taken = min(start + piece_bytes, len(data)) // 4
        assert converter.delay_frames == pytest.approx(taken - given * rate_hz / SAMPLE_RATE_HZ, abs=1)
        assert converter.delay_frames < 0.02 * rate_hz
    pieces.append(converter.rest())
    assert converter.delay_frames == 0
    converted = np.concatenate(pieces, axis=1)
    assert converted.shape[1] == pytest.approx(SAMPLE_RATE_HZ, abs=2)
    # The filter begins and ends in silence.
    assert not breaks(converted[0][2_000:-2_000], 440, 1e-4).size
