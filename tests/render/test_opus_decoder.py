"""Opus packets become sound, lost ones are made up for."""

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext

from reelkit.render.audio_source import WARM_UP_UNITS
from reelkit.render.opus_decoder import OpusDecoder
from tests.render.media import level_db, speech, tone


def opus(sound: np.ndarray, bit_rate: int = 32_000, application: str = "audio") -> list[bytes]:
    """20 ms packets of mono sound."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "mono", "flt"
    encoder.bit_rate = bit_rate
    encoder.options = {"application": application, "frame_duration": "20"}
    packets: list[bytes] = []
    for at in range(0, len(sound) // 960 * 960, 960):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[np.newaxis, at : at + 960]), "flt", "mono")
        frame.sample_rate, frame.pts = 48_000, at
        packets.extend(bytes(packet) for packet in encoder.encode(frame))
    return packets


def test_a_packet_gives_its_samples_on_both_channels() -> None:
    decoder = OpusDecoder()
    sound = np.concatenate([decoder.decode(packet) for packet in opus(tone(440, 1.0))])
    assert sound.shape == (48_000, 2)
    assert sound.dtype == np.float32
    assert np.array_equal(sound[:, 0], sound[:, 1])
    assert level_db(sound[24_000:]) == pytest.approx(level_db(tone(440, 1.0)), abs=0.3)


def test_what_is_kept_does_not_change() -> None:
    decoder = OpusDecoder()
    packets = opus(tone(440, 0.2))
    first = decoder.decode(packets[0])
    kept = first.copy()
    for packet in packets[1:]:
        decoder.decode(packet)
    assert np.array_equal(first, kept)


def test_a_lost_packet_is_made_up_for() -> None:
    packets = opus(tone(440, 1.0))
    decoder = OpusDecoder()
    before = [decoder.decode(packet) for packet in packets[:25]]
    concealed = decoder.conceal(960)
    after = decoder.decode(packets[26])
    assert concealed.shape == (960, 2)
    assert abs(level_db(concealed) - level_db(before[-1])) < 3
    sound = np.concatenate([before[-1], concealed, after])[:, 0]
    assert np.abs(np.diff(sound)).max() < 1.5 * np.abs(np.diff(before[-1][:, 0])).max()


def test_a_long_loss_fades() -> None:
    packets = opus(tone(440, 1.0))
    decoder = OpusDecoder()
    for packet in packets[:25]:
        last = decoder.decode(packet)
    concealed = decoder.conceal(9_600)
    assert concealed.shape == (9_600, 2)
    assert level_db(concealed[-960:]) < level_db(last) - 12


@pytest.mark.parametrize(
    ("bit_rate", "application"), [(12_000, "voip"), (20_000, "voip"), (32_000, "audio"), (64_000, "audio")]
)
def test_the_warm_up_makes_a_decoder_like_one_that_decoded_all(bit_rate: int, application: str) -> None:
    """SILK, hybrid and CELT."""
    packets = opus(speech(6.0), bit_rate, application)
    whole = OpusDecoder()
    expected = [whole.decode(packet) for packet in packets]
    for index in range(60, len(packets), 23):
        decoder = OpusDecoder()
        for packet in packets[index - WARM_UP_UNITS : index]:
            decoder.decode(packet)
        assert np.array_equal(decoder.decode(packets[index]), expected[index])


def test_rubbish_is_an_error_and_the_next_packet_is_fine() -> None:
    decoder = OpusDecoder()
    packets = opus(tone(440, 0.2))
    decoder.decode(packets[0])
    with pytest.raises(av.FFmpegError):
        decoder.decode(b"\xff\xff\xff\xff")
    assert len(decoder.decode(packets[1])) == 960
