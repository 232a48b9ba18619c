"""How long Opus packets last, judged by libopus."""

import av
import numpy as np
import pytest
from av.audio.codeccontext import AudioCodecContext
from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.depacketize.opus import MAX_PACKET_SAMPLES, packet_samples
from reelkit.capture.errors import MalformedPayload


def packets(frame_ms: str, application: str, bit_rate: int) -> list[bytes]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = 48_000, "mono", "flt", bit_rate
    encoder.options = {"application": application, "frame_duration": frame_ms}
    encoder.open()
    size = round(float(frame_ms) * 48)
    noise = np.random.default_rng(1).normal(0, 0.1, (5, 1, size)).astype(np.float32)
    found: list[bytes] = []
    for index, samples in enumerate(noise):
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.sample_rate, frame.pts = 48_000, index * size
        found.extend(bytes(packet) for packet in encoder.encode(frame))
    return found


@pytest.mark.parametrize("frame_ms", ["2.5", "5", "10", "20", "40", "60", "120"])
@pytest.mark.parametrize(("application", "bit_rate"), [("voip", 8_000), ("voip", 24_000), ("audio", 96_000)])
def test_tells_what_a_decoder_gives(frame_ms: str, application: str, bit_rate: int) -> None:
    decoder = av.CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    for packet in packets(frame_ms, application, bit_rate):
        assert packet_samples(packet) == sum(frame.samples for frame in decoder.decode(av.Packet(packet)))


@given(st.binary(max_size=10))
def test_any_bytes_have_a_length_or_are_malformed(data: bytes) -> None:
    try:
        assert 0 < packet_samples(data) <= MAX_PACKET_SAMPLES
    except MalformedPayload:
        assert not data or data[0] & 3 == 3
