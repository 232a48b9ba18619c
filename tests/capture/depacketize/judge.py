"""Real video, cut into RTP payloads by aiortc."""

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from av.video.codeccontext import VideoCodecContext

from testbed.capture import packetizer

FPS = 30


@lru_cache
def encoded(
    codec: str, width_px: int, height_px: int, frames: int, options: tuple[tuple[str, str], ...] = ()
) -> list[bytes]:
    """Frames of noise and shapes, large enough to need several packets each; the first is a keyframe."""
    encoder = av.CodecContext.create({"vp8": "libvpx", "vp9": "libvpx-vp9", "h264": "libx264"}[codec], "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width_px, height_px, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.gop_size, encoder.bit_rate, encoder.thread_count = 10, 2_000_000, 1
    encoder.options = {
        "vp8": {"deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0"},
        "vp9": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "qmax": "40"},
        "h264": {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "qp": "36"},
    }[codec] | dict(options)
    noise = np.random.default_rng(1)
    found: list[bytes] = []
    for number in range(frames):
        image = np.full((height_px, width_px, 3), 8 * number % 256, np.uint8)
        image[: height_px // 2] = noise.integers(0, 255, (height_px // 2, width_px, 3), np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts = number
        found.extend(bytes(packet) for packet in encoder.encode(frame))
    return found


def payloads(codec: str, frame: bytes, number: int = 0) -> list[bytes]:
    """aiortc's payloads of one encoded frame; it has none for VP9."""
    if codec == "vp9":
        return packetizer.payloads(codec, frame, number)
    if codec == "vp8":
        return list(Vp8Encoder._packetize(frame, number))
    return list(H264Encoder._packetize(H264Encoder._split_bitstream(frame)))


def decoded(codec: str, units: list[bytes]) -> Iterator[av.VideoFrame]:
    """What a decoder makes of access units, which have one frame each. Raises av.FFmpegError on damage."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.options = {"err_detect": "explode"}
    for unit in units:
        yield from decoder.decode(av.Packet(unit))
    yield from decoder.decode(None)
